/* SPDX-License-Identifier: MIT */
/*
 * hardsigmoid: y = alpha x + beta, held between 0 and 1; dx = alpha dy where 0 < y < 1.
 * Courbariaux, Bengio & David 2015. A sigmoid of straight lines.
 */
#ifndef FV_LOOPS
#include "op/activation_options.h"
#include "op/shapes.h"

#include <math.h>

static const fv_field fields[] = {
    {"alpha", "slope in the middle", FV_REAL, offsetof(fv_hardsigmoid_options, alpha), "0.2", -1e6,
     1e6, FV_POSITIONAL, NULL, "alpha"},
    {"beta", "y at x = 0", FV_REAL, offsetof(fv_hardsigmoid_options, beta), "0.5", -1e6, 1e6,
     FV_POSITIONAL, NULL, "beta"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_hardsigmoid_options *o = site->options;
    if (!isfinite(o->alpha) || !isfinite(o->beta))
        return fv__fail(ctx, FV_BAD_INPUT, "alpha and beta must be numbers, not %g and %g",
                        o->alpha, o->beta);
    return fv__shape_same(ctx, site);
}

#define FV_LOOPS "op/hardsigmoid.c"
#include "op/pointwise.h"

static uint64_t branches(const fv_pass *p) {
    const fv_hardsigmoid_options *o = p->options;
    return fv__branches_at(p, -o->beta / o->alpha, (1 - o->beta) / o->alpha);
}

static const char *const samples[] = {"; 2x3x4x5", "1.5 0.3 ; 3x7", "1/6 ; 1x2x3x1x3",
                                      "-1.25 beta 0.75 ; 2x9", NULL};

const fv_op fv__op_hardsigmoid = {
    .name = "hardsigmoid",
    .help = "y = alpha*x + beta, held between 0 and 1",
    .about = "y = max(0, min(1, alpha*x + beta)). Gradient: dx = alpha*dy where 0 < y < 1,\n"
             "otherwise 0. alpha = 0.2 and beta = 0.5 are ONNX's; PyTorch's hardsigmoid and\n"
             "MobileNetV3's (Howard et al. 2019) is `hardsigmoid 1/6`.\n"
             "Courbariaux, Bengio & David 2015, \"BinaryConnect\", section 2.3.",
    .onnx = "HardSigmoid",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .options_size = sizeof(fv_hardsigmoid_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    const fv_hardsigmoid_options *o = options;
    const real v = (real)o->alpha * x + (real)o->beta;
    return v <= 0 ? 0 : v >= 1 ? 1 : v;
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)x;
    return y > 0 && y < 1 ? (real)((const fv_hardsigmoid_options *)options)->alpha : 0;
}

#endif
