/* SPDX-License-Identifier: MIT */
/*
 * div: y = a / b, element by element with broadcasting; da = dy / b, db = -dy a / b^2, summed over
 * what was broadcast. Whole numbers are cut towards 0, and divided by 0 give 0.
 */
#ifndef FV_LOOPS
#define FV_LOOPS "op/div.c"
#include "op/binary.h"

static const char *const samples[] = {"; 2x3x4, positive 2x3x4",
                                      "; 3x4, constant positive 4",
                                      "; 2x3x2, positive 2x1x2",
                                      "; 2x1x3, positive 2x4x1",
                                      "; 1x5, constant positive 1x5",
                                      "; constant 4x1, constant positive 3",
                                      "; 2x3x1x2, constant positive 1x1x3x1",
                                      "; below 9 3x4, below 7 3x1",
                                      NULL};

const fv_op fv__op_div = {
    .name = "div",
    .help = "a / b, element by element",
    .about = "y = a/b, element by element; a dimension that is missing or 1 in one of them\n"
             "is repeated. Whole numbers are cut towards 0; divided by 0 they give 0.\n"
             "Gradient: da = dy/b, db = -dy*a/b^2, summed over what was repeated.\n"
             "Broadcasting: Harris et al. 2020, \"Array programming with NumPy\".",
    .onnx = "Div",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_MIXES | FV_KEEP_X,
    .takes_first = FV_NUMBERS,
    .takes_others = FV_NUMBERS,
    .shape = fv__shape_alike,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static inline real LOOP(value)(const void *options, real a, real b) {
    (void)options;
    return FV_WHOLE && b == 0 ? 0 : a / b;
}

static inline real LOOP(slope)(const void *options, bool of_a, real a, real b) {
    (void)options;
    return of_a ? 1 / b : -a / (b * b);
}

#endif
