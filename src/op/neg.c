/* SPDX-License-Identifier: MIT */
/*
 * neg: y = -x; dx = -dy.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/neg.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4", "; 1x5", "; constant 7", "; 3x2x1x3", NULL};

const fv_op fv__op_neg = {
    .name = "neg",
    .help = "the value with the other sign",
    .about = "y = -x. Gradient: dx = -dy. IEEE 754-2019, section 5.5.1.",
    .onnx = "Neg",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    (void)options;
    return -x;
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)options;
    (void)x;
    (void)y;
    return -1;
}

#endif
