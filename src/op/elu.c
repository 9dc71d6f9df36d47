/* SPDX-License-Identifier: MIT */
/*
 * elu: y = x where x > 0, otherwise alpha (exp(x) - 1). Clevert, Unterthiner & Hochreiter 2016.
 * Below 0 the slope is alpha exp(x) = y + alpha, so backward needs y alone (alpha at least 0).
 */
#ifndef FV_LOOPS
#include "op/elu.h"
#include "op/shapes.h"

#include <tgmath.h>

static const fv_field fields[] = {{"alpha", "what y tends to far below 0, with a minus", FV_REAL,
                                   offsetof(fv_elu_options, alpha), "1", 0, 1e6, FV_POSITIONAL,
                                   NULL, "alpha"},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_elu_options *o = site->options;
    if (!(o->alpha >= 0) || isinf(o->alpha))
        return fv__fail(ctx, FV_BAD_INPUT, "alpha must be at least 0, not %g", o->alpha);
    return fv__shape_same(ctx, site);
}

#define FV_LOOPS "op/elu.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "0.5 ; 3x7", NULL};

const fv_op fv__op_elu = {
    .name = "elu",
    .help = "y = x where x > 0, otherwise alpha*(exp(x) - 1)",
    .about =
        "y = x where x > 0, otherwise alpha*(exp(x) - 1).\n"
        "Gradient: dx = dy where x > 0, otherwise dy*(y + alpha).\n"
        "Clevert, Unterthiner & Hochreiter 2016, \"Fast and accurate deep network learning by\n"
        "exponential linear units\".",
    .onnx = "Elu",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .options_size = sizeof(fv_elu_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = fv__branches_sign,
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    return x > 0 ? x : (real)((const fv_elu_options *)options)->alpha * expm1(x);
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)x;
    return y > 0 ? 1 : y + (real)((const fv_elu_options *)options)->alpha;
}

#endif
