/* SPDX-License-Identifier: MIT */
/*
 * transpose: y's dimension d is x's dimension perm[d].
 */
#include "op/axes.h"
#include "op/moves.h"

typedef struct fv_transpose_options {
    fv_ints perm;
} fv_transpose_options;

static const fv_field fields[] = {
    {"perm", "for each dimension which one of the input it is: 0,2,3,1; otherwise reversed",
     FV_INTS, offsetof(fv_transpose_options, perm), NULL, -FV_RANK_MAX, FV_RANK_MAX - 1,
     FV_POSITIONAL, NULL, "perm"},
    {0}};

/* Dimension d of y is which of x; the list was checked. */
static int source(const fv_ints *perm, int rank, int d) {
    if (perm->count == 0) return rank - 1 - d;
    return (int)(perm->v[d] < 0 ? perm->v[d] + rank : perm->v[d]);
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_ints *perm = &((const fv_transpose_options *)site->options)->perm;
    int axes[FV_RANK_MAX], count;
    FV_TRY(fv__move_shape(ctx, site));
    const fv_shape *in = &site->in[0];
    FV_TRY(fv__op_axes(ctx, perm, in->rank, axes, &count));
    if (count != 0 && count != in->rank)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "perm must name all %d dimensions of the input, not %d of them", in->rank,
                        count);
    if (source(perm, in->rank, 0) != 0) FV_TRY(fv__not_batch(ctx, site, 0, "move"));
    for (int d = 0; d < in->rank; d++) site->out[0].dim[d] = in->dim[source(perm, in->rank, d)];
    return FV_OK;
}

fv_walk fv__transpose_pairs(const void *options, const fv_tensor *x, const fv_tensor *y) {
    int64_t stride[FV_RANK_MAX];
    fv_walk w = fv__walk_over(&y->shape);
    fv__walk_aligned(&w, 0, y);
    fv__strides(x, stride);
    for (int d = 0; d < w.rank; d++)
        w.stride[1][d] = stride[source(&((const fv_transpose_options *)options)->perm, w.rank, d)];
    return w;
}

static void forward(const fv_pass *p) {
    fv__move(p, fv__transpose_pairs);
}

static void backward(const fv_pass *p) {
    fv__move_back(p, fv__transpose_pairs);
}

static const char *const samples[] = {
    "0,2,3,1 ; 2x3x4x5",          "0,2,1 ; 1x3x5",  "0,-1,2,1 ; 3x2x1x4",    "; constant 2x3x4",
    "1,0 ; constant below 9 3x4", "0,1 ; bool 3x4", "0,4,1,3,2 ; 2x2x3x2x3", NULL};

const fv_op fv__op_transpose = {
    .name = "transpose",
    .help = "the dimensions in another order",
    .about =
        "y's dimension d is x's dimension perm[d]: with perm 0,2,3,1 y[n,h,w,c] = x[n,c,h,w].\n"
        "Without perm the order is reversed. The batch stays the first. Gradient: dy in the\n"
        "old order. As Transpose of ONNX (2017).",
    .onnx = "Transpose",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_transpose_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
