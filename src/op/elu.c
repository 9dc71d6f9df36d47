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
#include "op/loops.h"

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

static void LOOP(forward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->y[0].shape);
    const real alpha = (real)((const fv_elu_options *)p->options)->alpha;
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < size; i++) y[i] = x[i] > 0 ? x[i] : alpha * expm1(x[i]);
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->dy[0].shape);
    const real alpha = (real)((const fv_elu_options *)p->options)->alpha;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *y = fv__sample(&p->y[0], n), *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t i = 0; i < size; i++) dx[i] += y[i] > 0 ? dy[i] : dy[i] * (y[i] + alpha);
    }
}

#endif
