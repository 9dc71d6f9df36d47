/* SPDX-License-Identifier: MIT */
/*
 * mul: y = a b, element by element with broadcasting; da = dy b, db = dy a, summed over what was
 * broadcast.
 */
#ifndef FV_LOOPS
#define FV_LOOPS "op/mul.c"
#include "op/binary.h"

static const char *const samples[] = {"; 2x3x4, 2x3x4",
                                      "; 3x4, constant 4",
                                      "; 2x3x2, 2x1x2",
                                      "; 2x1x3, 2x4x1",
                                      "; 1x5, constant 1x5",
                                      "; constant 4x1, constant 3",
                                      "; 2x3x1x2, constant 1x1x3x1",
                                      "; below 9 3x4, below 7 3x1",
                                      NULL};

const fv_op fv__op_mul = {
    .name = "mul",
    .help = "a * b, element by element",
    .about = "y = a*b, element by element; a dimension that is missing or 1 in one of them\n"
             "is repeated. Gradient: da = dy*b, db = dy*a, summed over what was repeated.\n"
             "Broadcasting: Harris et al. 2020, \"Array programming with NumPy\".",
    .onnx = "Mul",
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
    return a * b;
}

static inline real LOOP(slope)(const void *options, bool of_a, real a, real b) {
    (void)options;
    return of_a ? b : a;
}

#endif
