/* SPDX-License-Identifier: MIT */
/*
 * selu: y = gamma x where x > 0, otherwise gamma alpha (exp(x) - 1). Klambauer, Unterthiner, Mayr &
 * Hochreiter 2017: alpha and gamma are so chosen that a mean of 0 and a variance of 1 stay so from
 * layer to layer. Below 0 the slope is gamma alpha exp(x) = y + gamma alpha.
 */
#ifndef FV_LOOPS
#include "op/activation_options.h"
#include "op/shapes.h"

#include <tgmath.h>

static const fv_field fields[] = {
    {"alpha", "what y/gamma tends to far below 0, with a minus", FV_REAL,
     offsetof(fv_selu_options, alpha), "1.6732632423543772", 0, 1e6, 0, NULL, "alpha"},
    {"gamma", "factor of everything", FV_REAL, offsetof(fv_selu_options, gamma),
     "1.0507009873554805", 1e-6, 1e6, 0, NULL, "gamma"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_selu_options *o = site->options;
    if (!(o->alpha >= 0) || isinf(o->alpha))
        return fv__fail(ctx, FV_BAD_INPUT, "alpha must be at least 0, not %g", o->alpha);
    if (!(o->gamma > 0) || isinf(o->gamma))
        return fv__fail(ctx, FV_BAD_INPUT, "gamma must be larger than 0, not %g", o->gamma);
    return fv__shape_same(ctx, site);
}

#define FV_LOOPS "op/selu.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "alpha 0.5 gamma 2 ; 3x7", "; 1x2x1x3x3", NULL};

const fv_op fv__op_selu = {
    .name = "selu",
    .help = "elu, scaled so that mean 0 and variance 1 stay so through the layers",
    .about =
        "y = gamma*x where x > 0, otherwise gamma*alpha*(exp(x) - 1); alpha = 1.67326324 and\n"
        "gamma = 1.05070099 unless given.\n"
        "Gradient: dx = gamma*dy where x > 0, otherwise dy*(y + gamma*alpha).\n"
        "Klambauer, Unterthiner, Mayr & Hochreiter 2017, \"Self-normalizing neural networks\".\n"
        "It wants weights of variance 1/fan_in (init lecun).",
    .onnx = "Selu",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .options_size = sizeof(fv_selu_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = fv__branches_sign,
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    const fv_selu_options *o = options;
    return (real)o->gamma * (x > 0 ? x : (real)o->alpha * expm1(x));
}

static real LOOP(slope)(const void *options, real x, real y) {
    const fv_selu_options *o = options;
    (void)x;
    return y > 0 ? (real)o->gamma : y + (real)(o->gamma * o->alpha);
}

#endif
