/* SPDX-License-Identifier: MIT */
/*
 * bn: batch normalisation, per channel: xhat = (x - mean)/sqrt(variance + epsilon),
 * y = weight xhat + bias. Ioffe & Szegedy 2015, algorithms 1 and 2.
 *
 * Training takes mean and variance of the batch (all samples and pixels of a channel, divided by
 * their number m) and moves the running ones towards them, as PyTorch does:
 *     running = (1 - momentum) running + momentum batch,
 * the variance there divided by m - 1. In use the running ones count.
 *
 * Gradients, with g = weight/sqrt(variance + epsilon):
 *     db = sum dy,   dw = sum dy xhat,
 *     dx = g (dy - db/m - xhat dw/m) in training;  dx = g dy in inference.
 */
#ifndef FV_LOOPS
#include "op/bn.h"
#include "op/shapes.h"

#include <math.h>

enum { WEIGHT, BIAS, MEAN, VARIANCE };

static const fv_field fields[] = {
    {"epsilon", "added to the variance, so that a constant channel is no division by zero", FV_REAL,
     offsetof(fv_bn_options, epsilon), "1e-5", 1e-12, 1, 0, NULL, "epsilon"},
    /* ONNX's momentum is 1 minus this one */
    {"momentum", "share of the batch's statistics in the running ones, each step", FV_REAL,
     offsetof(fv_bn_options, momentum), "0.1", 0, 1, 0, NULL, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_bn_options *o = site->options;
    FV_TRY(fv__shape_inputs(ctx, site));
    if (site->in[0].rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT, "bn reads a map or a vector, not single numbers");
    if (!(o->epsilon > 0) || isinf(o->epsilon))
        return fv__fail(ctx, FV_BAD_INPUT, "epsilon must be larger than 0, not %g", o->epsilon);
    if (!(o->momentum >= 0 && o->momentum <= 1))
        return fv__fail(ctx, FV_BAD_INPUT, "momentum must be between 0 and 1, not %g", o->momentum);
    site->out[0] = site->in[0];
    const fv_shape channels = fv__shape1(site->in[0].dim[1]);
    const fv_param_spec params[] = {
        {.name = "weight", .init = FV_INIT_ONE, .learned = true, .norm = true},
        {.name = "bias", .init = FV_INIT_ZERO, .learned = true, .norm = true, .bias = true},
        {.name = "mean", .init = FV_INIT_ZERO, .momentum = o->momentum},
        {.name = "variance", .init = FV_INIT_ONE, .momentum = o->momentum}};
    for (int i = WEIGHT; i <= VARIANCE; i++) {
        fv__site_param(site, &params[i]);
        site->param[i].shape = channels;
    }
    fv__site_saved(site, FV_F32, channels); /* the batch's mean */
    fv__site_saved(site, FV_F32, channels); /* 1/sqrt(variance + epsilon) */
    return FV_OK;
}

static fv_status trains(fv_context *ctx, const fv_site *site) {
    if (fv__shape_count(&site->in[0]) > site->in[0].dim[1]) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "bn cannot be trained on one value per channel, whose variance is 0; take a "
                    "larger batch (and one that does not leave a single sample at the end)");
}

#define FV_LOOPS "op/bn.c"
#include "op/loops.h"

static const char *const samples[] = {"; 4x3x2x3", "; 6x5", "epsilon 0.1 momentum 0.5 ; 2x2x3x4",
                                      "; 2x16x3x2", NULL};

const fv_op fv__op_bn = {
    .name = "bn",
    .help = "batch normalisation",
    .about =
        "Per channel: xhat = (x - mean)/sqrt(variance + epsilon), y = weight*xhat + bias.\n"
        "Training takes mean and variance over the batch and moves the running ones:\n"
        "running = (1 - momentum)*running + momentum*batch (the running variance divides by\n"
        "one less than the number of values, as in PyTorch); in inference the running ones count.\n"
        "Gradient: dx = weight/sqrt(variance + epsilon) * (dy - mean of dy - xhat * mean of\n"
        "dy*xhat). Ioffe & Szegedy 2015.",
    .onnx = "BatchNormalization",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_bn_options),
    .fields = fields,
    .shape = shape,
    .trains = trains,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

/* Mean and variance (divided by m) of channel c over the batch. */
static void LOOP(statistics)(const fv_pass *p, int64_t c, double *mean, double *variance) {
    const fv_shape *s = &p->x[0].shape;
    const int64_t pixels = fv__shape_sample(s) / s->dim[1];
    const double m = (double)(s->dim[0] * pixels);
    double sum = 0, square = 0;
    for (int64_t n = 0; n < s->dim[0]; n++) {
        const real *x = (const real *)fv__sample(&p->x[0], n) + c * pixels;
        for (int64_t i = 0; i < pixels; i++) sum += x[i];
    }
    *mean = sum / m;
    for (int64_t n = 0; n < s->dim[0]; n++) {
        const real *x = (const real *)fv__sample(&p->x[0], n) + c * pixels;
        for (int64_t i = 0; i < pixels; i++) square += (x[i] - *mean) * (x[i] - *mean);
    }
    *variance = square / m;
}

/* The numbers channel c is normalised with; in training they are the batch's, which are told. */
static void LOOP(choose)(const fv_pass *p, int64_t c, double *mean, double *scale) {
    const fv_bn_options *o = p->options;
    double variance = ((const real *)p->w[VARIANCE].data)[c];
    *mean = ((const real *)p->w[MEAN].data)[c];
    if (p->training) {
        const double m = (double)(fv__shape_count(&p->x[0].shape) / p->x[0].shape.dim[1]);
        LOOP(statistics)(p, c, mean, &variance);
        const double unbiased = m > 1 ? variance * m / (m - 1) : variance;
        if (p->dw[MEAN].data) ((real *)p->dw[MEAN].data)[c] += (real)(p->share * *mean);
        if (p->dw[VARIANCE].data) ((real *)p->dw[VARIANCE].data)[c] += (real)(p->share * unbiased);
    }
    *scale = 1 / sqrt(variance + o->epsilon);
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_shape *s = &p->x[0].shape;
    const int64_t pixels = fv__shape_sample(s) / s->dim[1];
    const real *w = p->w[WEIGHT].data, *b = p->w[BIAS].data;
    for (int64_t c = 0; c < s->dim[1]; c++) {
        double mean, scale;
        LOOP(choose)(p, c, &mean, &scale);
        if (p->training && p->saved[0].data != NULL) {
            ((real *)p->saved[0].data)[c] = (real)mean;
            ((real *)p->saved[1].data)[c] = (real)scale;
        }
        for (int64_t n = 0; n < s->dim[0]; n++) {
            const real *x = (const real *)fv__sample(&p->x[0], n) + c * pixels;
            real *y = (real *)fv__sample(&p->y[0], n) + c * pixels;
            for (int64_t i = 0; i < pixels; i++)
                y[i] = (real)(w[c] * ((x[i] - mean) * scale) + b[c]);
        }
    }
}

/* The sums over channel c: db = sum dy and dw = sum dy xhat. */
static void LOOP(sums)(const fv_pass *p, int64_t c, double mean, double scale, double *db,
                       double *dw) {
    const fv_shape *s = &p->x[0].shape;
    const int64_t pixels = fv__shape_sample(s) / s->dim[1];
    *db = *dw = 0;
    for (int64_t n = 0; n < s->dim[0]; n++) {
        const real *x = (const real *)fv__sample(&p->x[0], n) + c * pixels;
        const real *dy = (const real *)fv__sample(&p->dy[0], n) + c * pixels;
        for (int64_t i = 0; i < pixels; i++) {
            *db += dy[i];
            *dw += dy[i] * ((x[i] - mean) * scale);
        }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_bn_options *o = p->options;
    const fv_shape *s = &p->x[0].shape;
    const int64_t pixels = fv__shape_sample(s) / s->dim[1];
    const double m = (double)(s->dim[0] * pixels);
    const real *w = p->w[WEIGHT].data;
    for (int64_t c = 0; c < s->dim[1]; c++) {
        const fv_tensor *running = p->w;
        double mean = ((real *)(p->training ? p->saved[0].data : running[MEAN].data))[c];
        double scale = p->training ? ((real *)p->saved[1].data)[c]
                                   : 1 / sqrt(((real *)running[VARIANCE].data)[c] + o->epsilon);
        double db, dw;
        LOOP(sums)(p, c, mean, scale, &db, &dw);
        if (p->dw[WEIGHT].data != NULL) ((real *)p->dw[WEIGHT].data)[c] += (real)dw;
        if (p->dw[BIAS].data != NULL) ((real *)p->dw[BIAS].data)[c] += (real)db;
        if (!p->training) db = dw = 0; /* the statistics do not depend on x */
        for (int64_t n = 0; p->dx[0].data != NULL && n < s->dim[0]; n++) {
            const real *x = (const real *)fv__sample(&p->x[0], n) + c * pixels;
            const real *dy = (const real *)fv__sample(&p->dy[0], n) + c * pixels;
            real *dx = (real *)fv__sample(&p->dx[0], n) + c * pixels;
            for (int64_t i = 0; i < pixels; i++) {
                double xhat = (x[i] - mean) * scale;
                dx[i] += (real)(w[c] * scale * (dy[i] - db / m - xhat * dw / m));
            }
        }
    }
}

#endif
