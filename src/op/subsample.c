/* SPDX-License-Identifier: MIT */
/*
 * subsample: y[c,p] = weight[c] * sum over the window of x[c, stride p + q] + bias[c], LeNet-5's
 * trainable subsampling. LeCun, Bottou, Bengio & Haffner 1998, section II.B: the four inputs of a
 * unit in S2 are added, multiplied by a trainable coefficient, and a trainable bias is added; a
 * tanh follows. With `take mean` the average stands for the sum.
 *
 * Gradients, with t the sum (or mean): dweight = dy t, dbias = dy, and every pixel of the window
 * gets weight dy (or that over the window's size).
 */
#ifndef FV_LOOPS
#include "op/pool.h"
#include "op/shapes.h"

enum { TAKE_SUM, TAKE_MEAN };

typedef struct fv_subsample_options {
    fv_size kernel, stride;
    int take;
} fv_subsample_options;

static const char *const takes[] = {"sum", "mean", NULL};

static const fv_field fields[] = {
    {"kernel", "height x width of the window, pixels", FV_SIZE,
     offsetof(fv_subsample_options, kernel), "2", 1, 1e6, FV_POSITIONAL, NULL, NULL},
    {"stride", "pixels from one window to the next; 0: as the window is large", FV_SIZE,
     offsetof(fv_subsample_options, stride), "0", 0, 1e6, 0, NULL, NULL},
    {"take", "what is multiplied: the sum of a window, as in LeNet-5, or its mean", FV_CHOICE,
     offsetof(fv_subsample_options, take), "sum", 0, 0, 0, takes, NULL},
    {0}};

static fv_maxpool_options window_of(const fv_subsample_options *o) {
    return (fv_maxpool_options){.kernel = o->kernel, .stride = o->stride, .dilation = {1, 1}};
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_subsample_options *o = site->options;
    const fv_maxpool_options window = window_of(o);
    FV_TRY(fv__pool_shape(ctx, site, &window));
    const fv_shape channels = fv__shape1(site->in[0].dim[1]);
    fv__site_param(site, &(fv_param_spec){.name = "weight",
                                          .shape = channels,
                                          .init = FV_INIT_WEIGHT,
                                          .fan_in = o->kernel.h * o->kernel.w,
                                          .fan_out = 1,
                                          .learned = true});
    fv__site_param(site, &(fv_param_spec){.name = "bias",
                                          .shape = channels,
                                          .init = FV_INIT_ZERO,
                                          .learned = true,
                                          .bias = true});
    return FV_OK;
}

static fv_pooling pooling(const fv_shape *in, const void *options) {
    const fv_maxpool_options window = window_of(options);
    return fv__pooling(in, &window);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_pooling g = pooling(&site->in[0], site->options);
    fv__pooling_cost(&g, cost);
    fv__cost_connect(cost, 1, fv__shape_sample(&site->out[0])); /* the biases */
}

/* What the sum is multiplied by before the weight. */
static double factor(const void *options, const fv_pooled *at) {
    const fv_subsample_options *o = options;
    return o->take == TAKE_MEAN ? 1 / (double)fv__pooled_size(at) : 1;
}

#define FV_LOOPS "op/subsample.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x4x6", "3x2 stride 2x1 ; 2x2x7x5",
                                      "take mean ; 1x4x5x4", "1x3 stride 2 take mean ; 2x3x8",
                                      NULL};

const fv_op fv__op_subsample = {
    .name = "subsample",
    .help = "the sum of each window, times a weight per map, plus a bias: LeNet-5's pool",
    .about = "y[c,p] = weight[c] * sum over the window of x[c, stride*p + q] + bias[c], or with\n"
             "`take mean` the average in place of the sum. Two numbers are learned per map: 12 in\n"
             "LeNet-5's S2, 32 in S4. Gradients, t being the sum: dweight = dy*t, dbias = dy, and\n"
             "every pixel of the window gets weight*dy. LeCun, Bottou, Bengio & Haffner 1998,\n"
             "\"Gradient-based learning applied to document recognition\", section II.B.",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_subsample_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else
#include "op/pool.inc.h"

static void LOOP(forward)(const fv_pass *p) {
    const fv_pooling g = pooling(&p->x[0].shape, p->options);
    const real *weight = p->w[0].data, *bias = p->w[1].data;
    for (fv_pooled at = fv__pooled_first(&g); at.n < g.samples; fv__pooled_next(&g, &at)) {
        const double t = factor(p->options, &at) * LOOP(sum)(&g, &at, fv__sample(&p->x[0], at.n));
        ((real *)fv__sample(&p->y[0], at.n))[at.out] = (real)(weight[at.c] * t + bias[at.c]);
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_pooling g = pooling(&p->x[0].shape, p->options);
    const real *weight = p->w[0].data;
    real *dw = p->dw[0].data, *db = p->dw[1].data;
    for (fv_pooled at = fv__pooled_first(&g); at.n < g.samples; fv__pooled_next(&g, &at)) {
        const real dy = ((const real *)fv__sample(&p->dy[0], at.n))[at.out];
        const double f = factor(p->options, &at);
        real *dx = fv__sample(&p->dx[0], at.n);
        if (dw != NULL) dw[at.c] += (real)(dy * f * LOOP(sum)(&g, &at, fv__sample(&p->x[0], at.n)));
        if (db != NULL) db[at.c] += dy;
        if (dx != NULL) LOOP(spread)(&g, &at, (real)(weight[at.c] * f * dy), dx);
    }
}

#endif
