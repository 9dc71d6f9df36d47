/* SPDX-License-Identifier: MIT */
/*
 * shrink: y = x - bias above lambda, x + bias below -lambda, 0 between. With a bias of 0 the hard
 * threshold of wavelets, with one of lambda the soft one. Donoho & Johnstone 1994.
 */
#ifndef FV_LOOPS
#include "op/activation_options.h"
#include "op/shapes.h"

#include <math.h>

static const fv_field fields[] = {
    {"lambda", "what is no farther from 0 becomes 0", FV_REAL, offsetof(fv_shrink_options, lambda),
     "0.5", 0, 1e6, FV_POSITIONAL, NULL, "lambd"},
    {"bias", "by how much the others come nearer to 0; lambda: the soft threshold", FV_REAL,
     offsetof(fv_shrink_options, bias), "0", -1e6, 1e6, FV_POSITIONAL, NULL, "bias"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_shrink_options *o = site->options;
    if (!(o->lambda >= 0) || isinf(o->lambda))
        return fv__fail(ctx, FV_BAD_INPUT, "lambda must be 0 or larger, not %g", o->lambda);
    if (!isfinite(o->bias))
        return fv__fail(ctx, FV_BAD_INPUT, "bias must be a number, not %g", o->bias);
    return fv__shape_same(ctx, site);
}

#define FV_LOOPS "op/shrink.c"
#include "op/pointwise.h"

static uint64_t branches(const fv_pass *p) {
    const fv_shrink_options *o = p->options;
    return fv__branches_at(p, -o->lambda, o->lambda);
}

static const char *const samples[] = {"; 2x3x4x5", "0.25 ; 3x7", "0.25 0.25 ; 1x2x3x1x3",
                                      "lambda 0 bias -0.5 ; 2x9", NULL};

const fv_op fv__op_shrink = {
    .name = "shrink",
    .help = "y = 0 near 0, elsewhere x, brought nearer to 0 by a bias",
    .about = "y = x - bias where x > lambda, x + bias where x < -lambda, otherwise 0.\n"
             "Gradient: dx = dy where |x| > lambda, otherwise 0. bias 0 is the hard threshold,\n"
             "bias = lambda the soft one.\n"
             "Donoho & Johnstone 1994, \"Ideal spatial adaptation by wavelet shrinkage\".",
    .onnx = "Shrink",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_X, /* x: with a negative bias y tells nothing */
    .options_size = sizeof(fv_shrink_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

/* So written a NaN passes. */
static real LOOP(value)(const void *options, real x) {
    const fv_shrink_options *o = options;
    if (fabs((double)x) <= o->lambda) return 0;
    return x > 0 ? x - (real)o->bias : x + (real)o->bias;
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)y;
    return fabs((double)x) > ((const fv_shrink_options *)options)->lambda ? 1 : 0;
}

#endif
