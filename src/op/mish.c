/* SPDX-License-Identifier: MIT */
/*
 * mish: y = x t with t = tanh(softplus(x)), softplus(x) = log(1 + exp(x)); dx = dy (t + x (1 - t^2)
 * s), where s = 1/(1 + exp(-x)) is the slope of softplus. Misra 2020.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/mish.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", "; 1x2x3x1x3", NULL};

const fv_op fv__op_mish = {
    .name = "mish",
    .help = "y = x*tanh(softplus(x))",
    .about = "y = x*t with t = tanh(log(1 + exp(x))).\n"
             "Gradient: dx = dy*(t + x*(1 - t^2)/(1 + exp(-x))).\n"
             "Misra 2020, \"Mish: a self regularized non-monotonic activation function\".",
    .onnx = "Mish",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_X,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

/* tanh(log(1 + exp(x))); written with exp(-|x|), which cannot overflow. */
static real LOOP(gate)(real x) {
    return tanh((x < 0 ? 0 : x) + log1p(exp(-fabs(x))));
}

static real LOOP(value)(const void *options, real x) {
    (void)options;
    return x * LOOP(gate)(x);
}

static real LOOP(slope)(const void *options, real x, real y) {
    const real t = LOOP(gate)(x);
    (void)options, (void)y;
    return t + x * (1 - t * t) / (1 + exp(-x));
}

#endif
