/* SPDX-License-Identifier: MIT */
/*
 * softsign: y = x/(1 + |x|); dx = dy/(1 + |x|)^2 = dy (1 - |y|)^2.
 * Turian, Bergstra & Bengio 2009. Like tanh, but it nears its limits slowly.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/softsign.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", "; 1x2x3x1x3", NULL};

const fv_op fv__op_softsign = {
    .name = "softsign",
    .help = "y = x/(1 + |x|)",
    .about = "y = x/(1 + |x|), between -1 and 1. Gradient: dx = dy*(1 - |y|)^2.\n"
             "Turian, Bergstra & Bengio 2009, \"Quadratic features and deep architectures for\n"
             "chunking\".",
    .onnx = "Softsign",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = fv__branches_sign, /* where the slope bends */
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    (void)options;
    return x / (1 + fabs(x));
}

static real LOOP(slope)(const void *options, real x, real y) {
    const real rest = 1 - fabs(y);
    (void)options, (void)x;
    return rest * rest;
}

#endif
