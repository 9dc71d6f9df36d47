/* SPDX-License-Identifier: MIT */
/*
 * squeeze: leaves out dimensions of 1. Plans do nothing.
 */
#include "op/axes.h"
#include "op/moves.h"

#include <inttypes.h>

typedef struct fv_squeeze_options {
    fv_ints axes;
} fv_squeeze_options;

static const fv_field fields[] = {
    {"axes", "dimensions of 1 to leave out, the batch being 0; otherwise all of them", FV_INTS,
     offsetof(fv_squeeze_options, axes), NULL, -FV_RANK_MAX, FV_RANK_MAX - 1, FV_POSITIONAL, NULL,
     "axes"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_squeeze_options *o = site->options;
    int axes[FV_RANK_MAX], count;
    bool leave[FV_RANK_MAX] = {false};
    FV_TRY(fv__move_shape(ctx, site));
    const fv_shape *in = &site->in[0];
    FV_TRY(fv__op_axes(ctx, &o->axes, in->rank, axes, &count));
    for (int d = 0; count == 0 && d < in->rank; d++)
        leave[d] = in->dim[d] == 1 && !(d == 0 && site->in_type[0].batched);
    for (int i = 0; i < count; i++) {
        FV_TRY(fv__not_batch(ctx, site, axes[i], "leave out"));
        if (in->dim[axes[i]] != 1)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "squeeze leaves out dimensions of 1, but dimension %d is %" PRId64,
                            axes[i], in->dim[axes[i]]);
        leave[axes[i]] = true;
    }
    site->out[0].rank = 0;
    for (int d = 0; d < in->rank; d++)
        if (!leave[d]) site->out[0].dim[site->out[0].rank++] = in->dim[d];
    return FV_OK;
}

static const char *const samples[] = {
    "; 2x3x1x1",          "2 ; 3x4x1x2",           "-1,1 ; 1x1x5x1",
    "; constant 1x4x1x3", "0 ; constant bool 1x6", NULL};

const fv_op fv__op_squeeze = {
    .name = "squeeze",
    .help = "leaves out dimensions of 1",
    .about =
        "y = x without the dimensions given, which must be 1, or without all that are 1; never\n"
        "the batch. Gradient: dx = dy. Nothing is copied. As Squeeze of ONNX (2017).",
    .onnx = "Squeeze",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_VIEW,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_squeeze_options),
    .fields = fields,
    .shape = shape,
    .forward = {fv__view_forward, fv__view_forward},
    .backward = {fv__view_backward, fv__view_backward},
    .samples = samples,
};
