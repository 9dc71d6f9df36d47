/* SPDX-License-Identifier: MIT */
/*
 * gelu: y = x P(x), P the probability that a normal number is below x. Hendrycks & Gimpel 2016.
 *
 *     none   P = 1/2 (1 + erf(x/sqrt 2)) = 1/2 erfc(-x/sqrt 2), which keeps its digits far below 0
 *     tanh   P = 1/2 (1 + tanh(u)), u = sqrt(2/pi) (x + 0.044715 x^3)
 */
#ifndef FV_LOOPS
#include "op/activation_options.h"
#include "op/shapes.h"

#include <tgmath.h>

#define SQRT_HALF 0.70710678118654752440 /* 1/sqrt(2) */
#define DENSITY   0.39894228040143267794 /* 1/sqrt(2 pi), the normal density at 0 */
#define CUBIC     0.044715

static const char *const approximations[] = {"none", "tanh", NULL};

static const fv_field fields[] = {{"approximate", "how the normal distribution is computed",
                                   FV_CHOICE, offsetof(fv_gelu_options, approximate), "none", 0, 0,
                                   0, approximations, "approximate"},
                                  {0}};

#define FV_LOOPS "op/gelu.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "approximate tanh ; 2x3x4x5", "; 1x7",
                                      "approximate tanh ; 1x2x3x1x3", NULL};

const fv_op fv__op_gelu = {
    .name = "gelu",
    .help = "y = x times the probability that a normal number is below x",
    .about = "y = x*P(x), P = (1 + erf(x/sqrt(2)))/2. Gradient: dx = dy*(P + x*p), p the normal\n"
             "density, exp(-x^2/2)/sqrt(2*pi).\n"
             "`approximate tanh`: P = (1 + tanh(u))/2 with u = sqrt(2/pi)*(x + 0.044715*x^3), off "
             "by at most\n"
             "0.0005; p = (1 - tanh(u)^2)/2*du/dx.\n"
             "Hendrycks & Gimpel 2016, \"Gaussian error linear units (GELUs)\".",
    .onnx = "Gelu",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_X,
    .options_size = sizeof(fv_gelu_options),
    .fields = fields,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static real LOOP(probability)(const void *options, real x) {
    if (((const fv_gelu_options *)options)->approximate == FV_GELU_TANH)
        return (1 + tanh((real)(2 * DENSITY) * (x + (real)CUBIC * x * x * x))) / 2;
    return erfc(-x * (real)SQRT_HALF) / 2;
}

static real LOOP(value)(const void *options, real x) {
    return x * LOOP(probability)(options, x);
}

static real LOOP(slope)(const void *options, real x, real y) {
    const real p = LOOP(probability)(options, x);
    (void)y;
    if (((const fv_gelu_options *)options)->approximate != FV_GELU_TANH)
        return p + x * (real)DENSITY * exp(-x * x / 2);
    /* (1 - tanh(u)^2)/2 = 2 p (1 - p); far from 0 it is 0, and x^2 may be infinite */
    const real bell = 2 * p * (1 - p);
    return bell > 0 ? p + x * bell * (real)(2 * DENSITY) * (1 + 3 * (real)CUBIC * x * x) : p;
}

#endif
