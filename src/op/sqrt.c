/* SPDX-License-Identifier: MIT */
/*
 * sqrt: y = the square root of x; NaN below 0. dx = dy / (2 y).
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/sqrt.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; positive 2x3x4", "; positive 1x5", "; constant positive 7",
                                      "; positive 3x2x1x3", NULL};

const fv_op fv__op_sqrt = {
    .name = "sqrt",
    .help = "the square root",
    .about = "y = sqrt(x), NaN below 0. Gradient: dx = dy/(2*y). IEEE 754-2019, section 5.4.1.",
    .onnx = "Sqrt",
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
    return sqrt(x);
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)options;
    (void)x;
    return 1 / (2 * y);
}

#endif
