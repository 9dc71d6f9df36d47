/* SPDX-License-Identifier: MIT */
/*
 * expand: dimensions of 1 become as large as asked, every place the same number.
 */
#include "op/axes.h"
#include "op/moves.h"

#include <inttypes.h>

typedef struct fv_expand_options {
    fv_ints shape;
} fv_expand_options;

static const fv_field fields[] = {
    {"shape", "what to broadcast to, counted from the last dimension; 1: as it is", FV_INTS,
     offsetof(fv_expand_options, shape), NULL, 1, 1e15, FV_POSITIONAL | FV_REQUIRED, NULL, "shape"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_ints *list = &((const fv_expand_options *)site->options)->shape;
    char from[FV_SHAPE_TEXT], to[FV_SHAPE_TEXT];
    const fv_shape *in = &site->in[0];
    const bool batched = site->in_type[0].batched;
    FV_TRY(fv__move_shape(ctx, site));
    fv_shape wish = {.rank = list->count};
    if (list->count < 1 || list->count > FV_RANK_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "expand gives 1 to %d dimensions, not %d", FV_RANK_MAX,
                        list->count);
    for (int d = 0; d < wish.rank; d++) {
        if (list->v[d] < 1)
            return fv__fail(ctx, FV_BAD_INPUT, "a dimension must be at least 1, not %" PRId64,
                            list->v[d]);
        wish.dim[d] = list->v[d];
    }
    if (batched && (wish.rank > in->rank || (wish.rank == in->rank && wish.dim[0] != 1)))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "expand keeps the first dimension, which is the batch: write 1 for it, "
                        "with all %d dimensions, or leave it out",
                        in->rank);
    if (!fv__broadcast(in, &wish, &site->out[0]))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "expand makes larger what is 1, and leaves the rest: %s cannot become %s",
                        fv__dims_text(from, in), fv__dims_text(to, &wish));
    return fv__shape_fits(ctx, site);
}

fv_walk fv__expand_pairs(const void *options, const fv_tensor *x, const fv_tensor *y) {
    (void)options;
    fv_walk w = fv__walk_over(&y->shape);
    fv__walk_aligned(&w, 0, y);
    fv__walk_aligned(&w, 1, x);
    return w;
}

static void forward(const fv_pass *p) {
    fv__move(p, fv__expand_pairs);
}

static void backward(const fv_pass *p) {
    fv__move_back(p, fv__expand_pairs);
}

static const char *const samples[] = {
    "3,4 ; 2x5x1x1",        "1,2,4 ; 3x1x4",       "3 ; 1x2x1", "2,3,4 ; constant 4",
    "2,1,2 ; constant 3x1", "2,3 ; below 6 2x2x1", NULL};

const fv_op fv__op_expand = {
    .name = "expand",
    .help = "dimensions of 1 made as large as asked",
    .about =
        "y = x broadcast: dimensions, counted from the last one, that are 1 in x become those of\n"
        "`shape`; where `shape` has 1, x stays as it is. Gradient: the sum of dy over what was\n"
        "broadcast. As Expand of ONNX (2018).",
    .onnx = "Expand",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_expand_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
