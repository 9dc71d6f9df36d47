/* SPDX-License-Identifier: MIT */
/*
 * sigmoid: y = 1/(1 + exp(-x)); dx = dy y (1 - y).
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/sigmoid.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", NULL};

const fv_op fv__op_sigmoid = {
    .name = "sigmoid",
    .help = "y = 1/(1 + exp(-x))",
    .about = "y = 1/(1 + exp(-x)), between 0 and 1. Gradient: dx = dy*y*(1 - y).\n"
             "Rumelhart, Hinton & Williams 1986.",
    .onnx = "Sigmoid",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    (void)options;
    return 1 / (1 + exp(-x));
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)options, (void)x;
    return y * (1 - y);
}

#endif
