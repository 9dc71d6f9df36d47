/* SPDX-License-Identifier: MIT */
/*
 * abs: y = |x|; dx = dy where x > 0, -dy where x < 0, and 0 at 0.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/abs.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4", "; 1x5", "; constant 7", "; 3x2x1x3", NULL};

const fv_op fv__op_abs = {
    .name = "abs",
    .help = "the value without its sign",
    .about = "y = |x|. Gradient: dx = dy*sign(x), 0 at 0. IEEE 754-2019, section 5.5.1.",
    .onnx = "Abs",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_X,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = fv__branches_sign,
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    (void)options;
    return fabs(x);
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)options;
    (void)y;
    return (real)((x > 0) - (x < 0));
}

#endif
