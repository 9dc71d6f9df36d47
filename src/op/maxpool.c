/* SPDX-License-Identifier: MIT */
/*
 * maxpool: y[c,p] = max over q of x[c, stride p + dilation q - pad]; padding never wins.
 * The gradient goes to the winner, the first in reading order among equals.
 * Riesenhuber & Poggio 1999; Krizhevsky, Sutskever & Hinton 2012, section 3.4 (3x3, stride 2).
 */
#ifndef FV_LOOPS
#include "op/maxpool.h"
#include "op/shapes.h"

#include <math.h>

static const fv_field fields[] = {
    {"kernel", "height x width of the window, pixels", FV_SIZE,
     offsetof(fv_maxpool_options, kernel), NULL, 1, 1e6, FV_POSITIONAL | FV_REQUIRED, NULL,
     "kernel_shape"},
    {"stride", "pixels from one window to the next; 0: as the window is large", FV_SIZE,
     offsetof(fv_maxpool_options, stride), "0", 0, 1e6, 0, NULL, "strides"},
    {"pad", "rows and columns around the input that never win", FV_PAD,
     offsetof(fv_maxpool_options, pad), "0", 0, 1e6, 0, NULL, "pads"},
    {"dilation", "pixels from one place in the window to the next", FV_SIZE,
     offsetof(fv_maxpool_options, dilation), "1", 1, 1e6, 0, NULL, "dilations"},
    {"ceil", "round the output size up: a last window may hang over the edge", FV_BOOL,
     offsetof(fv_maxpool_options, ceil), "no", 0, 0, 0, NULL, "ceil_mode"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_maxpool_options *o = site->options;
    FV_TRY(fv__shape_maps(ctx, site, "maxpool"));
    const fv_shape *in = &site->in[0];
    fv_window win[2];
    FV_TRY(fv__windows(ctx, in, o->kernel, fv__pool_stride(o->kernel, o->stride), o->dilation,
                       &o->pad, o->ceil, win, site->misfit));
    FV_TRY(fv__pool_check(ctx, in, win));
    int64_t pixels;
    if (!fv__mul_i64(in->dim[2], in->dim[3], &pixels) || pixels > INT32_MAX)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "maxpool reads maps of at most 2,147,483,647 pixels per channel");
    site->out[0] = fv__shape4(in->dim[0], in->dim[1], win[0].out, win[1].out);
    fv__site_saved(site, FV_I32, site->out[0]);
    return fv__shape_fits(ctx, site);
}

static void cost(const fv_site *site, fv_cost *cost) {
    fv_window win[2];
    fv__maxpool_windows(&site->in[0], site->options, win);
    fv__cost_windows(cost, win);
}

#define FV_LOOPS "op/maxpool.c"
#include "op/loops.h"

static uint64_t branches(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape;
    fv_window win[2];
    fv__maxpool_windows(in, p->options, win);
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < in->dim[0]; n++)
        for (int64_t c = 0; c < in->dim[1]; c++) {
            const double *x = fv__sample(&p->x[0], n);
            x += c * in->dim[2] * in->dim[3];
            for (int64_t h = 0; h < win[0].out; h++)
                for (int64_t w = 0; w < win[1].out; w++)
                    hash = fv__branches_add(hash, winner_f64(x, in->dim[2], in->dim[3], win, h, w));
        }
    return hash;
}

static const char *const samples[] = {"2 ; 2x3x4x6",
                                      "3x3 stride 2 ; 2x2x7x5",
                                      "3x3 stride 2 pad 1 ; 2x2x6x7",
                                      "3x3 stride 2 ceil ; 2x2x6x8",
                                      "2x3 stride 1x2 pad 1,0,1,2 ; 2x2x4x5",
                                      "3x2 pad same stride 2 ; 1x2x5x5",
                                      "3 stride 2 dilation 2 pad 2 ; 1x2x7x6",
                                      "3x3 stride 2 pad 1 ; 2x16x5x4",
                                      NULL};

const fv_op fv__op_maxpool = {
    .name = "maxpool",
    .help = "the largest value in each window",
    .about = "y[c,p] = max over places q of the window of x[c, stride*p + dilation*q - pad].\n"
             "The stride is the window's size unless given; padding never wins. Output size:\n"
             "(in + pads - kernel)/stride + 1, rounded down, or up with `ceil` (no window starts\n"
             "beyond the map). Gradient: dy goes to the winner, the first among equals.\n"
             "Riesenhuber & Poggio 1999; Krizhevsky, Sutskever & Hinton 2012, section 3.4.",
    .onnx = "MaxPool",
    .inputs_min = 1,
    .inputs_max = 1,
    .options_size = sizeof(fv_maxpool_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

/* The place in the plane x of the largest pixel under window (oh, ow). A NaN wins, so that it is
   seen where it arises and not lost. */
static int64_t LOOP(winner)(const real *x, int64_t height, int64_t width, const fv_window win[2],
                            int64_t oh, int64_t ow) {
    int64_t best = -1;
    for (int64_t kh = 0; kh < win[0].kernel; kh++)
        for (int64_t kw = 0; kw < win[1].kernel; kw++) {
            int64_t h = oh * win[0].stride + kh * win[0].dilation - win[0].before;
            int64_t w = ow * win[1].stride + kw * win[1].dilation - win[1].before;
            if (h < 0 || h >= height || w < 0 || w >= width) continue;
            int64_t i = h * width + w;
            if (best < 0 || x[i] > x[best] || isnan(x[i])) best = i;
        }
    return best;
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape;
    const int64_t pixels = in->dim[2] * in->dim[3];
    fv_window win[2];
    fv__maxpool_windows(in, p->options, win);
    for (int64_t n = 0; n < in->dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        int32_t *won = p->training ? fv__sample(&p->saved[0], n) : NULL;
        int64_t o = 0;
        for (int64_t c = 0; c < in->dim[1]; c++)
            for (int64_t h = 0; h < win[0].out; h++)
                for (int64_t w = 0; w < win[1].out; w++, o++) {
                    const real *plane = x + c * pixels;
                    int64_t i = LOOP(winner)(plane, in->dim[2], in->dim[3], win, h, w);
                    y[o] = plane[i];
                    if (won != NULL) won[o] = (int32_t)i;
                }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    if (p->dx[0].data == NULL) return;
    const fv_shape *in = &p->x[0].shape, *out = &p->dy[0].shape;
    const int64_t pixels = in->dim[2] * in->dim[3], places = out->dim[2] * out->dim[3];
    for (int64_t n = 0; n < in->dim[0]; n++) {
        const int32_t *won = fv__sample(&p->saved[0], n);
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t o = 0; o < in->dim[1] * places; o++) dx[o / places * pixels + won[o]] += dy[o];
    }
}

#endif
