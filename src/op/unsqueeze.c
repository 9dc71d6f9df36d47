/* SPDX-License-Identifier: MIT */
/*
 * unsqueeze: puts in dimensions of 1. Plans do nothing.
 */
#include "op/axes.h"
#include "op/moves.h"

typedef struct fv_unsqueeze_options {
    fv_ints axes;
} fv_unsqueeze_options;

static const fv_field fields[] = {
    {"axes", "where the output has dimensions of 1, the batch being 0", FV_INTS,
     offsetof(fv_unsqueeze_options, axes), NULL, -FV_RANK_MAX, FV_RANK_MAX - 1,
     FV_POSITIONAL | FV_REQUIRED, NULL, "axes"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_unsqueeze_options *o = site->options;
    int axes[FV_RANK_MAX], count, at = 0;
    bool new[FV_RANK_MAX] = {false};
    FV_TRY(fv__move_shape(ctx, site));
    FV_TRY(fv__list(ctx, "axes", &o->axes, 1));
    const fv_shape *in = &site->in[0];
    const int rank = in->rank + o->axes.count;
    if (rank > FV_RANK_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "a value has at most %d dimensions, not %d", FV_RANK_MAX,
                        rank);
    FV_TRY(fv__op_axes(ctx, &o->axes, rank, axes, &count));
    for (int i = 0; i < count; i++) {
        FV_TRY(fv__not_batch(ctx, site, axes[i], "stand before"));
        new[axes[i]] = true;
    }
    site->out[0].rank = rank;
    for (int d = 0; d < rank; d++) site->out[0].dim[d] = new[d] ? 1 : in->dim[at++];
    return FV_OK;
}

static const char *const samples[] = {
    "1 ; 3x4", "2,-1 ; 2x3x2", "-1 ; 5", "0,2 ; constant 2x3", "1 ; below 6 2x3", NULL};

const fv_op fv__op_unsqueeze = {
    .name = "unsqueeze",
    .help = "puts in dimensions of 1",
    .about = "y = x with dimensions of 1 where y is to have them; never before the batch.\n"
             "Gradient: dx = dy. Nothing is copied. As Unsqueeze of ONNX (2017).",
    .onnx = "Unsqueeze",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_VIEW,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_unsqueeze_options),
    .fields = fields,
    .shape = shape,
    .forward = {fv__view_forward, fv__view_forward},
    .backward = {fv__view_backward, fv__view_backward},
    .samples = samples,
};
