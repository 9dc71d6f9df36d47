/* SPDX-License-Identifier: MIT */
/*
 * sum: y = x_1 + x_2 + ... with broadcasting; dx_k = dy, summed over what was broadcast.
 * Where all shapes are equal, add does the same, and plans join it to the operator before it.
 */
#include "op/broadcast.h"

static double share(const fv_pass *p) {
    (void)p;
    return 1;
}

#include "op/total.h"

static const char *const samples[] = {"; 2x3x4, 2x3x4",
                                      "; 3x4, constant 4, 3x1",
                                      "; 2x3x2",
                                      "; 2x1x3, 2x4x1, constant 1x4x3",
                                      "; constant 4x1, constant 3",
                                      "; 1x13, 1x13, 1x13",
                                      "; below 9 3x4, below 7 3x1, constant below 5 4",
                                      NULL};

const fv_op fv__op_sum = {
    .name = "sum",
    .help = "the sum of all inputs, shapes broadcast",
    .about = "y = x_1 + x_2 + ..., element by element; a dimension that is missing or 1 in\n"
             "one of them is repeated. Where all shapes are equal, `add` is the faster one.\n"
             "Gradient: dx_k = dy, summed over what was repeated.\n"
             "Broadcasting: Harris et al. 2020, \"Array programming with NumPy\".",
    .onnx = "Add",
    .inputs_min = 1,
    .inputs_max = FV_OP_MANY,
    .traits = FV_VARIADIC | FV_COMMUTES | FV_MIXES,
    .takes_first = FV_NUMBERS,
    .takes_others = FV_NUMBERS,
    .shape = fv__shape_alike,
    .forward = {forward_f32, forward_f64},
    .backward = {backward, backward},
    .samples = samples,
};
