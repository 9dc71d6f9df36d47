/* SPDX-License-Identifier: MIT */
/*
 * thresholdedrelu: y = x where x > alpha, otherwise 0. Konda, Memisevic & Krueger 2015.
 */
#ifndef FV_LOOPS
#include "op/activation_options.h"
#include "op/shapes.h"

#include <math.h>

static const fv_field fields[] = {{"alpha", "what does not exceed it becomes 0", FV_REAL,
                                   offsetof(fv_thresholdedrelu_options, alpha), "1", -1e6, 1e6,
                                   FV_POSITIONAL, NULL, "alpha"},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_thresholdedrelu_options *o = site->options;
    if (!isfinite(o->alpha))
        return fv__fail(ctx, FV_BAD_INPUT, "alpha must be a number, not %g", o->alpha);
    return fv__shape_same(ctx, site);
}

#define FV_LOOPS "op/thresholdedrelu.c"
#include "op/pointwise.h"

static uint64_t branches(const fv_pass *p) {
    const fv_thresholdedrelu_options *o = p->options;
    return fv__branches_at(p, o->alpha, o->alpha);
}

static const char *const samples[] = {"; positive 2x3x4x5", "0.25 ; 3x7", "-0.5 ; 1x2x3x1x3", NULL};

const fv_op fv__op_thresholdedrelu = {
    .name = "thresholdedrelu",
    .help = "y = x where x > alpha, otherwise 0",
    .about = "y = x where x > alpha, otherwise 0. Gradient: dx = dy where x > alpha, otherwise 0.\n"
             "Konda, Memisevic & Krueger 2015, \"Zero-bias autoencoders and the benefits of\n"
             "co-adapting features\".",
    .onnx = "ThresholdedRelu",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_X, /* x: alpha may be below 0, and then y = 0 tells nothing */
    .options_size = sizeof(fv_thresholdedrelu_options),
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
    return x <= (real)((const fv_thresholdedrelu_options *)options)->alpha ? 0 : x;
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)y;
    return x > (real)((const fv_thresholdedrelu_options *)options)->alpha ? 1 : 0;
}

#endif
