/* SPDX-License-Identifier: MIT */
/*
 * exp: y = e^x; dx = dy y.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/exp.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4", "; 1x5", "; constant 7", "; 3x2x1x3", NULL};

const fv_op fv__op_exp = {
    .name = "exp",
    .help = "e to the power of x",
    .about = "y = e^x. Gradient: dx = dy*y.\n"
             "Abramowitz & Stegun 1964, \"Handbook of Mathematical Functions\", 4.2.",
    .onnx = "Exp",
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
    return exp(x);
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)options;
    (void)x;
    return y;
}

#endif
