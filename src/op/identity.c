/* SPDX-License-Identifier: MIT */
/*
 * identity: y = x, the branch that passes its input on (He et al. 2016, the shortcut of a residual
 * block). Plans do nothing.
 */
#include "op/moves.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", "; bool 2x3", NULL};

const fv_op fv__op_identity = {
    .name = "identity",
    .help = "passes its input on",
    .about = "y = x. Gradient: dx = dy. The empty branch of add { ... | identity }.\n"
             "He, Zhang, Ren & Sun 2016, \"Identity mappings in deep residual networks\".",
    .onnx = "Identity",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_IDENTITY,
    .takes_first = FV_TAKES_ALL,
    .shape = fv__move_shape,
    .forward = {fv__view_forward, fv__view_forward},
    .backward = {fv__view_backward, fv__view_backward},
    .samples = samples,
};
