/* SPDX-License-Identifier: MIT */
/*
 * flatten: a map as a vector, in the order channel, row, column. The numbers stay where they are,
 * so plans do nothing.
 */
#include "op/axes.h"
#include "op/moves.h"

#include <inttypes.h>

typedef struct fv_flatten_options {
    int64_t axis;
} fv_flatten_options;

static const fv_field fields[] = {
    {"axis", "dimensions before it become the first one, the others the second", FV_INT,
     offsetof(fv_flatten_options, axis), "1", -FV_RANK_MAX, FV_RANK_MAX, FV_POSITIONAL, NULL,
     "axis"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const int64_t axis = ((const fv_flatten_options *)site->options)->axis;
    const fv_shape *in = &site->in[0];
    FV_TRY(fv__move_shape(ctx, site));
    if (axis < -in->rank || axis > in->rank)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "flatten's axis must be between -%d and %d here, not %" PRId64, in->rank,
                        in->rank, axis);
    const int64_t from = axis < 0 ? axis + in->rank : axis;
    if (site->in_type[0].batched && from != 1)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "flatten keeps the first dimension, which is the batch, apart from the "
                        "others: its axis must be 1, not %" PRId64,
                        axis);
    site->out[0] = fv__shape2(1, 1);
    for (int d = 0; d < in->rank; d++) site->out[0].dim[d >= from] *= in->dim[d];
    return FV_OK;
}

static const char *const samples[] = {
    "; 2x3x4x5", "; 3x7", "1 ; 1x2x3", "2 ; constant 2x3x2x2", "; below 7 2x3x2", NULL};

const fv_op fv__op_flatten = {
    .name = "flatten",
    .help = "a map as a vector: channel, row, column",
    .about =
        "y = the numbers of x in the order channel, row, column; nothing is computed.\n"
        "Gradient: dx = dy. fc flattens by itself. Of a constant the dimensions before `axis`\n"
        "become the first, the others the second.\n"
        "LeCun, Bottou, Bengio & Haffner 1998: the step from maps to the layers behind.",
    .onnx = "Flatten",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_VIEW,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_flatten_options),
    .fields = fields,
    .shape = shape,
    .forward = {fv__view_forward, fv__view_forward},
    .backward = {fv__view_backward, fv__view_backward},
    .samples = samples,
};
