/* SPDX-License-Identifier: MIT */
/*
 * sin: y = the sine of x, in radians; dx = dy cos(x).
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/sin.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4", "; 1x5", "; constant 7", "; 3x2x1x3", NULL};

const fv_op fv__op_sin = {
    .name = "sin",
    .help = "the sine of an angle in radians",
    .about = "y = sin(x), of radians. Gradient: dx = dy*cos(x).\n"
             "Abramowitz & Stegun 1964, \"Handbook of Mathematical Functions\", 4.3.",
    .onnx = "Sin",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_X,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    (void)options;
    return sin(x);
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)options;
    (void)y;
    return cos(x);
}

#endif
