/* SPDX-License-Identifier: MIT */
/*
 * globalavgpool: y[c] = 1/(h w) * sum over the whole plane of x[c]. The output stays a map of 1x1.
 * Lin, Chen & Yan 2014, "Network in network", section 3.2.
 */
#ifndef FV_LOOPS
#include "op/pool.h"
#include "op/shapes.h"

static fv_status shape(fv_context *ctx, fv_site *site) {
    fv_shape maps;
    FV_TRY(fv__pool_maps(ctx, site, &maps));
    return fv__pool_gives(ctx, site, 1, 1);
}

static void cost(const fv_site *site, fv_cost *cost) {
    fv__cost_nothing(cost);
    cost->global = true;
    fv__cost_connect(cost, 1, fv__shape_sample(&site->in[0]));
}

#define FV_LOOPS "op/globalavgpool.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x2x1x1", "; 2x16x3x2",
                                      "; 2x3x7",   "; 1x16x5",  NULL};

const fv_op fv__op_globalavgpool = {
    .name = "globalavgpool",
    .help = "the average of each channel",
    .about = "y[c] = 1/(height*width) * sum over the whole plane of x[c]; the output is\n"
             "[1x1xchannels]. Gradient: every pixel gets dy/(height*width).\n"
             "Lin, Chen & Yan 2014, \"Network in network\", section 3.2.",
    .onnx = "GlobalAveragePool",
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape;
    const int64_t pixels = fv__shape_sample(in) / in->dim[1];
    for (int64_t n = 0; n < in->dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t c = 0; c < in->dim[1]; c++) {
            double sum = 0;
            for (int64_t i = 0; i < pixels; i++) sum += x[c * pixels + i];
            y[c] = (real)(sum / (double)pixels);
        }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape;
    const int64_t pixels = fv__shape_sample(in) / in->dim[1];
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < in->dim[0]; n++) {
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < in->dim[1]; c++)
            for (int64_t i = 0; i < pixels; i++) dx[c * pixels + i] += dy[c] / (real)pixels;
    }
}

#endif
