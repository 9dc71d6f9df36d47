/* SPDX-License-Identifier: MIT */
/*
 * tile: x several times, one behind the other, along each dimension.
 */
#include "op/axes.h"
#include "op/moves.h"

#include <inttypes.h>

typedef struct fv_tile_options {
    fv_ints repeats;
} fv_tile_options;

static const fv_field fields[] = {{"repeats",
                                   "how often along each dimension, batch first (1): 1,1,2,2",
                                   FV_INTS, offsetof(fv_tile_options, repeats), NULL, 1, 1e9,
                                   FV_POSITIONAL | FV_REQUIRED, NULL, "repeats"},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_ints *repeats = &((const fv_tile_options *)site->options)->repeats;
    FV_TRY(fv__move_shape(ctx, site));
    fv_shape *out = &site->out[0];
    if (repeats->count != out->rank)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "tile needs a number for each of the %d dimensions, batch first, not %d",
                        out->rank, repeats->count);
    for (int d = 0; d < out->rank; d++) {
        const int64_t n = repeats->v[d];
        if (n != 1) FV_TRY(fv__not_batch(ctx, site, d, "repeat"));
        if (n < 1 || !fv__mul_i64(out->dim[d], n, &out->dim[d]))
            return fv__fail(ctx, FV_BAD_INPUT, "tile cannot repeat dimension %d %" PRId64 " times",
                            d, n);
    }
    return fv__shape_fits(ctx, site);
}

/* Two dimensions for each one: which copy, and where in it. */
fv_walk fv__tile_pairs(const void *options, const fv_tensor *x, const fv_tensor *y) {
    int64_t from[FV_RANK_MAX], to[FV_RANK_MAX];
    fv_walk w = {.rank = 2 * x->shape.rank};
    fv__strides(x, from);
    fv__strides(y, to);
    for (int d = 0; d < x->shape.rank; d++) {
        w.dim[2 * d] = ((const fv_tile_options *)options)->repeats.v[d];
        w.stride[0][2 * d] = to[d] * x->shape.dim[d];
        w.dim[2 * d + 1] = x->shape.dim[d];
        w.stride[0][2 * d + 1] = to[d];
        w.stride[1][2 * d + 1] = from[d];
    }
    return w;
}

static void forward(const fv_pass *p) {
    fv__move(p, fv__tile_pairs);
}

static void backward(const fv_pass *p) {
    fv__move_back(p, fv__tile_pairs);
}

static const char *const samples[] = {"1,2,1,3 ; 2x3x2x2",  "1,3 ; 1x4",      "1,1,2 ; 3x2x3",
                                      "3,2 ; constant 2x3", "1,2 ; bool 3x2", NULL};

const fv_op fv__op_tile = {
    .name = "tile",
    .help = "a value several times along its dimensions",
    .about =
        "y[i] = x[i mod the size of x], along each dimension. Gradient: the sum over all copies\n"
        "of dy. As Tile of ONNX (2017).",
    .onnx = "Tile",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_tile_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
