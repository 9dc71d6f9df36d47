/* SPDX-License-Identifier: MIT */
/*
 * shortcut: the shortcut without weights of CIFAR's residual networks, where the map becomes
 * smaller and gets more channels: every s-th pixel, and the missing channels zero, half of them
 * before and half behind. y[c + before, i, j] = x[c, s i, s j]. He, Zhang, Ren & Sun 2016,
 * section 3.3, option A, and section 4.2.
 */
#ifndef FV_LOOPS
#include "op/shortcut.h"
#include "op/shapes.h"

#include <inttypes.h>

static const fv_field fields[] = {
    {"channels", "channels of the output, at least those of the input", FV_INT,
     offsetof(fv_shortcut_options, channels), NULL, 1, 1e9, FV_POSITIONAL | FV_REQUIRED, NULL,
     NULL},
    {"stride", "every so many pixels one is taken", FV_INT, offsetof(fv_shortcut_options, stride),
     "1", 1, 1e6, FV_POSITIONAL, NULL, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_shortcut_options *o = site->options;
    FV_TRY(fv__shape_maps(ctx, site, "shortcut"));
    const fv_shape *in = &site->in[0];
    if (o->stride < 1 || o->stride > 1000000)
        return fv__fail(ctx, FV_BAD_INPUT, "stride must be between 1 and 1000000, not %" PRId64,
                        o->stride);
    if (o->channels < in->dim[1])
        return fv__fail(ctx, FV_BAD_INPUT,
                        "shortcut adds channels and takes none away: %" PRId64
                        " come in, so it cannot give %" PRId64,
                        in->dim[1], o->channels);
    site->out[0] = fv__shape4(in->dim[0], o->channels, (in->dim[2] - 1) / o->stride + 1,
                              (in->dim[3] - 1) / o->stride + 1);
    return fv__shape_fits(ctx, site);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_shortcut_options *o = site->options;
    fv__cost_nothing(cost);
    cost->stride_h = cost->stride_w = o->stride;
}

#define FV_LOOPS "op/shortcut.c"
#include "op/loops.h"

static const char *const samples[] = {"6 2 ; 2x3x4x5", "4 stride 3 ; 1x4x7x6", "4 ; 2x2x3x3", NULL};

const fv_op fv__op_shortcut = {
    .name = "shortcut",
    .help = "shortcut without weights: every s-th pixel, missing channels zero",
    .about = "y[c + before, i, j] = x[c, stride*i, stride*j], before = half of the channels that\n"
             "are missing (rounded down); those are zero. Gradient: dy goes back to the pixels it\n"
             "came from. Option A of He, Zhang, Ren & Sun 2016, section 3.3.",
    .inputs_min = 1,
    .inputs_max = 1,
    .options_size = sizeof(fv_shortcut_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

/* Visits every pair (pixel of x or dx, pixel of y or dy): forward y = x, backward dx += dy. */
static void LOOP(each)(const fv_pass *p, const fv_shape *in, const fv_shape *out, const real *x,
                       real *y, const real *dy, real *dx) {
    const int64_t stride = ((const fv_shortcut_options *)p->options)->stride;
    const int64_t before = (out->dim[1] - in->dim[1]) / 2;
    for (int64_t c = 0; c < in->dim[1]; c++)
        for (int64_t h = 0; h < out->dim[2]; h++)
            for (int64_t w = 0; w < out->dim[3]; w++) {
                int64_t from = (c * in->dim[2] + h * stride) * in->dim[3] + w * stride;
                int64_t to = ((c + before) * out->dim[2] + h) * out->dim[3] + w;
                if (y != NULL)
                    y[to] = x[from];
                else
                    dx[from] += dy[to];
            }
}

static void LOOP(forward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->y[0].shape);
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < size; i++) y[i] = 0;
        LOOP(each)(p, &p->x[0].shape, &p->y[0].shape, x, y, NULL, NULL);
    }
}

static void LOOP(backward)(const fv_pass *p) {
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        LOOP(each)(p, &p->x[0].shape, &p->dy[0].shape, NULL, NULL, dy, dx);
    }
}

#endif
