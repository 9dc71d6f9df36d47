/* SPDX-License-Identifier: MIT */
/*
 * globalmaxpool: y[c] = max over the whole plane of channel c. The output stays a map of 1x1.
 * The gradient goes to the winner. Oquab, Bottou, Laptev & Sivic 2015.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <math.h>

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_maps(ctx, site, "globalmaxpool"));
    const fv_shape *in = &site->in[0];
    int64_t pixels;
    if (!fv__mul_i64(in->dim[2], in->dim[3], &pixels) || pixels > INT32_MAX)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "globalmaxpool reads maps of at most 2,147,483,647 pixels per channel");
    site->out[0] = fv__shape4(in->dim[0], in->dim[1], 1, 1);
    fv__site_saved(site, FV_I32, site->out[0]);
    return FV_OK;
}

static void cost(const fv_site *site, fv_cost *cost) {
    (void)site;
    fv__cost_nothing(cost);
    cost->global = true;
}

#define FV_LOOPS "op/globalmaxpool.c"
#include "op/loops.h"

static uint64_t branches(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape;
    const int64_t pixels = in->dim[2] * in->dim[3];
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < in->dim[0]; n++) {
        const double *x = fv__sample(&p->x[0], n);
        for (int64_t c = 0; c < in->dim[1]; c++)
            hash = fv__branches_add(hash, winner_f64(x + c * pixels, pixels));
    }
    return hash;
}

static const char *const samples[] = {"; 2x3x4x5", "; 3x2x1x1", "; 2x16x3x2", NULL};

const fv_op fv__op_globalmaxpool = {
    .name = "globalmaxpool",
    .help = "the largest value of each channel",
    .about = "y[c] = max over the whole plane of x[c]; the output is [1x1xchannels].\n"
             "Gradient: dy goes to the winner, the first among equals.\n"
             "Oquab, Bottou, Laptev & Sivic 2015, \"Is object localization for free?\".",
    .onnx = "GlobalMaxPool",
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

/* The place of the largest of n values. A NaN wins, so that it is not lost. */
static int64_t LOOP(winner)(const real *x, int64_t n) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i] > x[best] || isnan(x[i])) best = i;
    return best;
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape;
    const int64_t pixels = in->dim[2] * in->dim[3];
    for (int64_t n = 0; n < in->dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        int32_t *won = p->training ? fv__sample(&p->saved[0], n) : NULL;
        for (int64_t c = 0; c < in->dim[1]; c++) {
            int64_t i = LOOP(winner)(x + c * pixels, pixels);
            y[c] = x[c * pixels + i];
            if (won != NULL) won[c] = (int32_t)i;
        }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape;
    const int64_t pixels = in->dim[2] * in->dim[3];
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < in->dim[0]; n++) {
        const int32_t *won = fv__sample(&p->saved[0], n);
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < in->dim[1]; c++) dx[c * pixels + won[c]] += dy[c];
    }
}

#endif
