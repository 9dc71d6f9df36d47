/* SPDX-License-Identifier: MIT */
/*
 * log: y = the natural logarithm of x; NaN below 0. dx = dy / x.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/log.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; positive 2x3x4", "; positive 1x5", "; constant positive 7",
                                      "; positive 3x2x1x3", NULL};

const fv_op fv__op_log = {
    .name = "log",
    .help = "the natural logarithm",
    .about = "y = log(x), to the base e; NaN below 0. Gradient: dx = dy/x.\n"
             "Abramowitz & Stegun 1964, \"Handbook of Mathematical Functions\", 4.1.",
    .onnx = "Log",
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
    return log(x);
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)options;
    (void)y;
    return 1 / x;
}

#endif
