/* SPDX-License-Identifier: MIT */
/*
 * leakyrelu: y = x where x > 0, otherwise slope x. Maas, Hannun & Ng 2013.
 * A slope of at least 0 keeps the sign, so that backward can tell the branch from y alone.
 */
#ifndef FV_LOOPS
#include "op/leakyrelu.h"
#include "op/shapes.h"

#include <math.h>

static const fv_field fields[] = {{"slope", "factor of values below 0", FV_REAL,
                                   offsetof(fv_leakyrelu_options, slope), "0.01", 0, 1e6,
                                   FV_POSITIONAL, NULL, "alpha"},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_leakyrelu_options *o = site->options;
    if (!(o->slope >= 0) || isinf(o->slope))
        return fv__fail(ctx, FV_BAD_INPUT, "slope must be at least 0, not %g", o->slope);
    return fv__shape_same(ctx, site);
}

#define FV_LOOPS "op/leakyrelu.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "0.2 ; 3x7", "0 ; 2x9", NULL};

const fv_op fv__op_leakyrelu = {
    .name = "leakyrelu",
    .help = "y = x where x > 0, otherwise slope*x",
    .about =
        "y = x where x > 0, otherwise slope*x. Gradient: dx = dy where x > 0, otherwise slope*dy.\n"
        "Maas, Hannun & Ng 2013, \"Rectifier nonlinearities improve neural network acoustic\n"
        "models\".",
    .onnx = "LeakyRelu",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .options_size = sizeof(fv_leakyrelu_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = fv__branches_sign,
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    return x > 0 ? x : (real)((const fv_leakyrelu_options *)options)->slope * x;
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)x;
    return y > 0 ? 1 : (real)((const fv_leakyrelu_options *)options)->slope;
}

#endif
