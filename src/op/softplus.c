/* SPDX-License-Identifier: MIT */
/*
 * softplus: y = 1/beta log(1 + exp(beta x)), a smooth relu; dx = dy (1 - exp(-beta y)).
 * Dugas, Bengio, Belisle, Nadeau & Garcia 2001. Where beta x is large, exp would overflow; there
 * log(1 + exp(beta x)) = beta x + log(1 + exp(-beta x)).
 */
#ifndef FV_LOOPS
#include "op/activation_options.h"
#include "op/shapes.h"

#include <tgmath.h>

static const fv_field fields[] = {{"beta", "how sharp the bend is", FV_REAL,
                                   offsetof(fv_softplus_options, beta), "1", 1e-3, 1e3,
                                   FV_POSITIONAL, NULL, NULL},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_softplus_options *o = site->options;
    if (!(o->beta > 0) || isinf(o->beta))
        return fv__fail(ctx, FV_BAD_INPUT, "beta must be larger than 0, not %g", o->beta);
    return fv__shape_same(ctx, site);
}

#define FV_LOOPS "op/softplus.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "2.5 ; 3x7", "0.5 ; 1x2x3x1x3", NULL};

const fv_op fv__op_softplus = {
    .name = "softplus",
    .help = "y = 1/beta*log(1 + exp(beta*x)), a smooth relu",
    .about = "y = 1/beta*log(1 + exp(beta*x)); ONNX knows beta = 1 alone.\n"
             "Gradient: dx = dy*(1 - exp(-beta*y)).\n"
             "Dugas, Bengio, Belisle, Nadeau & Garcia 2001, \"Incorporating second-order\n"
             "functional knowledge for better option pricing\".",
    .onnx = "Softplus",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .options_size = sizeof(fv_softplus_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    const real beta = (real)((const fv_softplus_options *)options)->beta, t = beta * x;
    return ((t < 0 ? 0 : t) + log1p(exp(-fabs(t)))) / beta;
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)x;
    return -expm1(-(real)((const fv_softplus_options *)options)->beta * y);
}

#endif
