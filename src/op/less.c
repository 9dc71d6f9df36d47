/* SPDX-License-Identifier: MIT */
/*
 * less: y = whether a < b, element by element with broadcasting. NaN compares to nothing.
 */
#include "op/broadcast.h"

static inline bool holds(double a, double b) {
    return a < b;
}

#include "op/compare.h"

static const char *const samples[] = {"; 2x3x4, 2x3x4",
                                      "; below 4 3x5, below 3 3x1",
                                      "; 3x5, constant 5",
                                      "; 2x3x2, 2x1x2",
                                      "; constant 4x1, constant 3",
                                      "; below 3 1x4, below 3 1x4",
                                      NULL};

const fv_op fv__op_less = {
    .name = "less",
    .help = "whether a is below b, element by element",
    .about = "y = whether a < b, element by element; a dimension that is missing or 1 in\n"
             "one of them is repeated. A NaN compares to nothing. Has no gradient.\n"
             "Broadcasting: Harris et al. 2020, \"Array programming with NumPy\".",
    .onnx = "Less",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_MIXES,
    .takes_first = FV_NUMBERS,
    .takes_others = FV_NUMBERS,
    .shape = fv__shape_compare,
    .forward = {forward, forward},
    .samples = samples,
};
