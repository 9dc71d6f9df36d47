/* SPDX-License-Identifier: MIT */
/*
 * reshape: the same numbers in the same order under another shape. Plans do nothing.
 */
#include "op/axes.h"
#include "op/moves.h"

#include <inttypes.h>

typedef struct fv_reshape_options {
    fv_ints shape;
} fv_reshape_options;

static const fv_field fields[] = {{"shape",
                                   "dimensions, batch first: 0 as it was, -1 what is left; 0,16,-1",
                                   FV_INTS, offsetof(fv_reshape_options, shape), NULL, -1, 1e15,
                                   FV_POSITIONAL | FV_REQUIRED, NULL, "shape"},
                                  {0}};

/* Dimension d as the option says: what it is, or 0 for what is left. */
static fv_status one(fv_context *ctx, const fv_site *site, int d, int64_t wish, int64_t *out) {
    const fv_shape *in = &site->in[0];
    if (d == 0 && site->in_type[0].batched) {
        if (wish != 0 && wish != -1)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "reshape keeps the first dimension, which is the batch: write 0 for "
                            "it, not %" PRId64,
                            wish);
        wish = 0; /* what is left of a batch is the batch, where its samples keep their size */
    }
    if (wish < -1 || (wish == 0 && d >= in->rank))
        return fv__fail(ctx, FV_BAD_INPUT,
                        wish < -1 ? "a dimension must be at least 1, or 0 or -1, not %" PRId64
                                  : "%" PRId64 " takes over a dimension that is not there: the "
                                    "input has fewer",
                        wish);
    *out = wish == -1 ? 0 : wish == 0 ? in->dim[d] : wish;
    return FV_OK;
}

static fv_status misfit(fv_context *ctx, const fv_site *site, const fv_ints *list) {
    char from[FV_SHAPE_TEXT], to[FV_SHAPE_TEXT];
    fv_shape wish = {.rank = list->count};
    for (int d = 0; d < list->count; d++) wish.dim[d] = list->v[d];
    return fv__fail(ctx, FV_BAD_INPUT,
                    "reshape cannot make %s of %s: the number of elements must stay",
                    fv__dims_text(to, &wish), fv__dims_text(from, &site->in[0]));
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_ints *list = &((const fv_reshape_options *)site->options)->shape;
    FV_TRY(fv__move_shape(ctx, site));
    fv_shape out = {.rank = list->count};
    int64_t known = 1, count = fv__shape_count(&site->in[0]);
    int left = -1;
    if (list->count < 1 || list->count > FV_RANK_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "reshape gives 1 to %d dimensions, not %d", FV_RANK_MAX,
                        list->count);
    for (int d = 0; d < out.rank; d++) {
        FV_TRY(one(ctx, site, d, list->v[d], &out.dim[d]));
        if (out.dim[d] == 0 && left >= 0)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "reshape works out one dimension, not two: only "
                            "one may be -1");
        if (out.dim[d] == 0)
            left = d;
        else if (!fv__mul_i64(known, out.dim[d], &known))
            return misfit(ctx, site, list);
    }
    if (count % known != 0 || (left < 0 && count != known)) return misfit(ctx, site, list);
    if (left >= 0) out.dim[left] = count / known;
    site->out[0] = out;
    return FV_OK;
}

static const char *const samples[] = {
    "0,-1 ; 2x3x4x5",        "0,6,2,-1 ; 3x4x3x2",    "-1,12 ; 2x3x4",
    "0,0,2,2 ; 1x3x4",       "4,-1 ; constant 2x2x3", "0,3,1,4 ; 2x12",
    "-1,0 ; constant 5x3x1", "0,2,2 ; below 9 3x4",   NULL};

const fv_op fv__op_reshape = {
    .name = "reshape",
    .help = "the same numbers in the same order under another shape",
    .about = "y = x, number by number, under the dimensions given, the batch first: 0 takes a\n"
             "dimension over, -1 (once) is what is left. The batch stays: write 0 for it.\n"
             "Gradient: dx = dy. Nothing is copied. As Reshape of ONNX (2017).",
    .onnx = "Reshape",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_VIEW,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_reshape_options),
    .fields = fields,
    .shape = shape,
    .forward = {fv__view_forward, fv__view_forward},
    .backward = {fv__view_backward, fv__view_backward},
    .samples = samples,
};
