/* SPDX-License-Identifier: MIT */
/*
 * l2norm: y = x / max(|x|, epsilon), the norm along one axis: |x| = sqrt(sum of x^2), or with p 1
 * the sum of |x|. Liu, Rabinovich & Berg 2016, "ParseNet", section 3.3.
 *
 * Gradient, where |x| is larger than epsilon: dx = (dy - n sum dy y)/|x| with n = y, or with p 1
 * the sign of x. Elsewhere dx = dy/epsilon.
 */
#ifndef FV_LOOPS
#include "op/norm.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <math.h>

static const fv_field fields[] = {
    {"axis", "dimension along which numbers are brought to length 1; negative: from the end",
     FV_INT, offsetof(fv_l2norm_options, axis), "1", -FV_RANK_MAX, FV_RANK_MAX - 1, 0, NULL,
     "axis"},
    {"p", "which norm: 2, or 1 for the sum of absolute values", FV_INT,
     offsetof(fv_l2norm_options, p), "2", 1, 2, 0, NULL, "p"},
    {"epsilon", "what is divided by at least", FV_REAL, offsetof(fv_l2norm_options, epsilon),
     "1e-12", 1e-30, 1, 0, NULL, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_l2norm_options *o = site->options;
    int axis;
    FV_TRY(fv__shape_same(ctx, site));
    FV_TRY(fv__norm_axis(ctx, site, o->axis, &axis));
    if (o->p != 1 && o->p != 2)
        return fv__fail(ctx, FV_BAD_INPUT, "l2norm knows p 1 and p 2, not %" PRId64, o->p);
    if (!(o->epsilon > 0) || isinf(o->epsilon))
        return fv__fail(ctx, FV_BAD_INPUT, "epsilon must be larger than 0, not %g", o->epsilon);
    return FV_OK;
}

fv_norm fv__l2norm_runs(const fv_shape *in, const void *options) {
    const fv_l2norm_options *o = options;
    return fv__norm_along(in, 1u << (o->axis < 0 ? o->axis + in->rank : o->axis));
}

#define FV_LOOPS "op/l2norm.c"
#include "op/loops.h"

/* Which numbers are negative, and which runs are longer than epsilon. */
static uint64_t branches(const fv_pass *p) {
    const fv_l2norm_options *o = p->options;
    const fv_norm g = fv__l2norm_runs(&p->x[0].shape, o);
    uint64_t hash = fv__branches_sign(p);
    for (int64_t n = 0; n < g.samples; n++)
        for (int64_t r = 0; r < g.runs; r++) {
            const double *x = fv__sample(&p->x[0], n);
            x += fv__norm_at(&g.between, r);
            hash = fv__branches_add(hash, norm_f64(&g, o, x) > o->epsilon);
        }
    return hash;
}

static const char *const samples[] = {"; 2x4x2x3",
                                      "axis -1 ; 3x2x5",
                                      "p 1 ; 2x7",
                                      "axis 0 ; constant 3x4",
                                      "axis 2 p 1 ; 1x2x3x2",
                                      "epsilon 0.9 ; 4x3x2",
                                      NULL};

const fv_op fv__op_l2norm = {
    .name = "l2norm",
    .help = "numbers along an axis divided by their norm",
    .about =
        "y = x/max(|x|, epsilon), |x| = sqrt(sum of x^2) along the axis, or with `p 1` the sum\n"
        "of absolute values. Gradient: dx = (dy - y * sum of dy*y)/|x|; with `p 1` the sign\n"
        "of x stands for the factor y; where |x| is below epsilon, dx = dy/epsilon.\n"
        "Liu, Rabinovich & Berg 2016, \"ParseNet: looking wider to see better\".",
    .onnx = "LpNormalization",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_l2norm_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

/* The norm of the run that begins at x. */
static double LOOP(norm)(const fv_norm *g, const fv_l2norm_options *o, const real *x) {
    double sum = 0;
    for (int64_t i = 0; i < g->length; i++) {
        const double v = x[fv__norm_at(&g->within, i)];
        sum += o->p == 1 ? fabs(v) : v * v;
    }
    return o->p == 1 ? sum : sqrt(sum);
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_l2norm_options *o = p->options;
    const fv_norm g = fv__l2norm_runs(&p->x[0].shape, o);
    for (int64_t n = 0; n < g.samples; n++)
        for (int64_t r = 0; r < g.runs; r++) {
            const int64_t start = fv__norm_at(&g.between, r);
            const real *x = (const real *)fv__sample(&p->x[0], n) + start;
            real *y = (real *)fv__sample(&p->y[0], n) + start;
            const double norm = LOOP(norm)(&g, o, x);
            for (int64_t i = 0; i < g.length; i++) {
                const int64_t e = fv__norm_at(&g.within, i);
                y[e] = (real)(x[e] / (norm < o->epsilon ? o->epsilon : norm));
            }
        }
}

/* Backward of one run: x, dy and dx point at its beginning. */
static void LOOP(back_run)(const fv_norm *g, const fv_l2norm_options *o, const real *x,
                           const real *dy, real *dx) {
    const double norm = LOOP(norm)(g, o, x);
    double product = 0; /* sum dy y */
    for (int64_t i = 0; !(norm <= o->epsilon) && i < g->length; i++) {
        const int64_t e = fv__norm_at(&g->within, i);
        product += dy[e] * (x[e] / norm);
    }
    for (int64_t i = 0; i < g->length; i++) {
        const int64_t e = fv__norm_at(&g->within, i);
        const double sign = x[e] > 0 ? 1 : x[e] < 0 ? -1 : 0, n = o->p == 1 ? sign : x[e] / norm;
        dx[e] += (real)(norm <= o->epsilon ? dy[e] / o->epsilon : (dy[e] - n * product) / norm);
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_l2norm_options *o = p->options;
    const fv_norm g = fv__l2norm_runs(&p->x[0].shape, o);
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < g.samples; n++)
        for (int64_t r = 0; r < g.runs; r++) {
            const int64_t start = fv__norm_at(&g.between, r);
            const real *x = fv__sample(&p->x[0], n), *dy = fv__sample(&p->dy[0], n);
            LOOP(back_run)(&g, o, x + start, dy + start, (real *)fv__sample(&p->dx[0], n) + start);
        }
}

#endif
