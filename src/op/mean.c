/* SPDX-License-Identifier: MIT */
/*
 * mean: y = (x_1 + ... + x_n) / n with broadcasting; dx_k = dy / n, summed over what was broadcast.
 */
#include "op/broadcast.h"

static double share(const fv_pass *p) {
    return 1.0 / p->inputs;
}

#include "op/total.h"

static const char *const samples[] = {"; 2x3x4, 2x3x4",
                                      "; 3x4, constant 4, 3x1",
                                      "; 2x3x2",
                                      "; 2x1x3, 2x4x1, constant 1x4x3",
                                      "; constant 4x1, constant 3",
                                      "; 1x13, 1x13, 1x13",
                                      NULL};

const fv_op fv__op_mean = {
    .name = "mean",
    .help = "the mean of all inputs, shapes broadcast",
    .about = "y = (x_1 + x_2 + ... + x_n)/n, element by element; a dimension that is missing\n"
             "or 1 in one of them is repeated. Gradient: dx_k = dy/n, summed over what was\n"
             "repeated. Broadcasting: Harris et al. 2020, \"Array programming with NumPy\".",
    .onnx = "Mean",
    .inputs_min = 1,
    .inputs_max = FV_OP_MANY,
    .traits = FV_VARIADIC | FV_COMMUTES | FV_MIXES,
    .takes_first = FV_REALS_ONLY,
    .takes_others = FV_REALS_ONLY,
    .shape = fv__shape_alike,
    .forward = {forward_f32, forward_f64},
    .backward = {backward, backward},
    .samples = samples,
};
