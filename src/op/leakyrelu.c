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
#include "op/loops.h"

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

static void LOOP(forward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->y[0].shape);
    const real slope = (real)((const fv_leakyrelu_options *)p->options)->slope;
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < size; i++) y[i] = x[i] > 0 ? x[i] : slope * x[i];
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->dy[0].shape);
    const real slope = (real)((const fv_leakyrelu_options *)p->options)->slope;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *y = fv__sample(&p->y[0], n), *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t i = 0; i < size; i++) dx[i] += y[i] > 0 ? dy[i] : slope * dy[i];
    }
}

#endif
