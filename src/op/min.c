/* SPDX-License-Identifier: MIT */
/*
 * min: y = the smallest of x_1, x_2, ... with broadcasting; dy goes to the first of those that are.
 */
#include "op/broadcast.h"

static inline bool beats(double x, double best) {
    return x < best;
}

#include "op/extreme.h"

static const char *const samples[] = {"; 2x3x4, 2x3x4",
                                      "; 3x4, constant 4, 3x1",
                                      "; 2x3x2",
                                      "; 2x1x3, 2x4x1, constant 1x4x3",
                                      "; constant 4x1, constant 3",
                                      "; 1x13, 1x13, 1x13",
                                      "; below 9 3x4, below 7 3x1, constant below 5 4",
                                      NULL};

const fv_op fv__op_min = {
    .name = "min",
    .help = "the smallest of all inputs, shapes broadcast",
    .about =
        "y = the smallest of x_1, x_2, ..., element by element; a dimension that is missing\n"
        "or 1 in one of them is repeated. A NaN wins. Gradient: dy goes to the winner, the\n"
        "first among equals. Broadcasting: Harris et al. 2020, \"Array programming with NumPy\".",
    .onnx = "Min",
    .inputs_min = 1,
    .inputs_max = FV_OP_MANY,
    .traits = FV_VARIADIC | FV_COMMUTES | FV_MIXES,
    .takes_first = FV_NUMBERS,
    .takes_others = FV_NUMBERS,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};
