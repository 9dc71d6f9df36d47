/* SPDX-License-Identifier: MIT */
/*
 * celu: y = x where x > 0, otherwise alpha (exp(x/alpha) - 1). Barron 2017: elu with a slope of 1
 * at 0 whatever alpha is. Below 0 the slope is exp(x/alpha) = 1 + y/alpha.
 */
#ifndef FV_LOOPS
#include "op/activation_options.h"
#include "op/shapes.h"

#include <tgmath.h>

static const fv_field fields[] = {{"alpha", "what y tends to far below 0, with a minus", FV_REAL,
                                   offsetof(fv_celu_options, alpha), "1", 1e-6, 1e6, FV_POSITIONAL,
                                   NULL, "alpha"},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_celu_options *o = site->options;
    if (!(o->alpha > 0) || isinf(o->alpha))
        return fv__fail(ctx, FV_BAD_INPUT, "alpha must be larger than 0, not %g", o->alpha);
    return fv__shape_same(ctx, site);
}

#define FV_LOOPS "op/celu.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "0.5 ; 3x7", "2 ; 1x2x3x1x3", NULL};

const fv_op fv__op_celu = {
    .name = "celu",
    .help = "y = x where x > 0, otherwise alpha*(exp(x/alpha) - 1)",
    .about = "y = x where x > 0, otherwise alpha*(exp(x/alpha) - 1).\n"
             "Gradient: dx = dy where x > 0, otherwise dy*(1 + y/alpha).\n"
             "Barron 2017, \"Continuously differentiable exponential linear units\".",
    .onnx = "Celu",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .options_size = sizeof(fv_celu_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = fv__branches_sign,
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    const real alpha = (real)((const fv_celu_options *)options)->alpha;
    return x > 0 ? x : alpha * expm1(x / alpha);
}

static real LOOP(slope)(const void *options, real x, real y) {
    const real alpha = (real)((const fv_celu_options *)options)->alpha;
    (void)x;
    return y > 0 ? 1 : 1 + y / alpha;
}

#endif
