/* SPDX-License-Identifier: MIT */
/*
 * bn_vector.c - batch normalisation: a job has whole channels, through all samples, so that a
 * channel's sums are formed in one order. Along a plane they are runs of float32 added in double;
 * those of the planes are added in double, and so are the few numbers of a channel.
 */
#include "cpu/cpu.h"
#include "op/bn.h"

#include <math.h>

enum { WEIGHT, BIAS, MEAN, VARIANCE };

#define PIECE 4096 /* floats normalised and then given to the activation: 16 KB */

typedef struct work {
    const fv_pass *p;
    fv_activation act;
    int64_t n, channels, plane;
} work;

static work start(const fv_pass *p) {
    const fv_shape *s = &p->x[0].shape;
    work w = {.p = p, .n = s->dim[0], .channels = s->dim[1]};
    w.plane = fv__shape_sample(s) / s->dim[1];
    return w;
}

static float number(const fv_tensor *t, int64_t c) {
    return ((const float *)t->data)[c];
}

static const float *plane_of(const work *w, const fv_tensor *t, int64_t n, int64_t c) {
    return fv__cpu_at(t, n) + c * w->plane;
}

static void statistics(const work *w, int64_t c, double *mean, double *variance) {
    const fv_tensor *x = &w->p->x[0];
    const double m = (double)w->n * (double)w->plane;
    double sum = 0, square = 0;
    for (int64_t n = 0; n < w->n; n++)
        sum += (double)w->p->kernels->sum(w->plane, plane_of(w, x, n, c));
    *mean = sum / m;
    /* Around the mean as float has it; what that rounding adds is taken off again. */
    const float near = (float)*mean;
    for (int64_t n = 0; n < w->n; n++)
        square += (double)w->p->kernels->square_sum(w->plane, plane_of(w, x, n, c), near);
    const double off = *mean - (double)near;
    *variance = fmax(square / m - off * off, 0);
}

/* The mean and 1/sqrt(variance + epsilon) that channel c is normalised with. */
static void choose(const work *w, int64_t c, double *mean, double *scale) {
    const fv_pass *p = w->p;
    const fv_bn_options *o = p->options;
    double variance = (double)number(&p->w[VARIANCE], c);
    *mean = (double)number(&p->w[MEAN], c);
    if (p->training) {
        const double m = (double)w->n * (double)w->plane;
        statistics(w, c, mean, &variance);
        const double unbiased = m > 1 ? variance * m / (m - 1) : variance;
        float *seen_mean = p->dw[MEAN].data, *seen_variance = p->dw[VARIANCE].data;
        if (seen_mean) seen_mean[c] += (float)(p->share * *mean);
        if (seen_variance) seen_variance[c] += (float)(p->share * unbiased);
    }
    *scale = 1 / sqrt(variance + o->epsilon);
}

static void forward_channels(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    (void)worker;
    for (int64_t c = first; c < end; c++) {
        double mean, scale;
        choose(w, c, &mean, &scale);
        if (p->training && p->saved && p->saved[0].data) {
            ((float *)p->saved[0].data)[c] = (float)mean;
            ((float *)p->saved[1].data)[c] = (float)scale;
        }
        const double factor = (double)number(&p->w[WEIGHT], c) * scale;
        /* The mean's rounding goes into the shift. */
        const double shift = (double)number(&p->w[BIAS], c) - (mean - (double)(float)mean) * factor;
        for (int64_t n = 0; n < w->n; n++) {
            const float *x = plane_of(w, &p->x[0], n, c);
            float *y = fv__cpu_at(&p->y[0], n) + c * w->plane;
            for (int64_t i = 0; i < w->plane; i += PIECE) {
                const int64_t len = fv__cpu_min(PIECE, w->plane - i);
                p->kernels->affine(len, x + i, (float)mean, (float)factor, (float)shift, y + i);
                if (w->act.kind != FV_ACT_NONE)
                    p->kernels->act(w->act.kind, 1, len, y + i, 0, y + i, 0, w->act.p, w->act.q);
            }
        }
    }
}

static void forward(const fv_pass *p) {
    work w = start(p);
    w.act = fv__cpu_epilogue_act(p);
    fv__cpu_split(p->pool, w.channels, 4 * (double)fv__shape_count(&p->x[0].shape), FV_GRAIN,
                  forward_channels, &w);
}

static void backward_channel(const work *w, int64_t c) {
    const fv_pass *p = w->p;
    const fv_bn_options *o = p->options;
    const double m = (double)w->n * (double)w->plane;
    const float mean = p->training ? number(&p->saved[0], c) : number(&p->w[MEAN], c);
    const double scale = p->training ? (double)number(&p->saved[1], c)
                                     : 1 / sqrt((double)number(&p->w[VARIANCE], c) + o->epsilon);
    double db = 0, dw = 0;
    for (int64_t n = 0; n < w->n; n++) {
        float sums[2];
        p->kernels->bn_sums(w->plane, plane_of(w, &p->x[0], n, c), plane_of(w, &p->dy[0], n, c),
                            mean, sums);
        db += (double)sums[0];
        dw += (double)sums[1];
    }
    dw *= scale;
    if (p->dw[WEIGHT].data) ((float *)p->dw[WEIGHT].data)[c] += (float)dw;
    if (p->dw[BIAS].data) ((float *)p->dw[BIAS].data)[c] += (float)db;
    if (!p->dx[0].data) return;
    if (!p->training) db = dw = 0; /* the statistics do not depend on x */
    const double a = (double)number(&p->w[WEIGHT], c) * scale;
    for (int64_t n = 0; n < w->n; n++)
        p->kernels->bn_grad(w->plane, plane_of(w, &p->x[0], n, c), plane_of(w, &p->dy[0], n, c),
                            mean, (float)a, (float)(-a * scale * dw / m), (float)(-a * db / m),
                            fv__cpu_at(&p->dx[0], n) + c * w->plane, !p->overwrite[0]);
}

static void backward_channels(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    (void)worker;
    for (int64_t c = first; c < end; c++) backward_channel(w, c);
}

static void backward(const fv_pass *p) {
    work w = start(p);
    fv__cpu_split(p->pool, w.channels, 4 * (double)fv__shape_count(&p->x[0].shape), FV_GRAIN,
                  backward_channels, &w);
}

const fv_impl fv__cpu_bn_vector_forward = {.name = "vector",
                                           .op = &fv__op_bn,
                                           .which = FV_FORWARD,
                                           .refuses = fv__cpu_refuses,
                                           .run = forward};
const fv_impl fv__cpu_bn_vector_backward = {.name = "vector",
                                            .op = &fv__op_bn,
                                            .which = FV_BACKWARD,
                                            .refuses = fv__cpu_refuses,
                                            .run = backward,
                                            .overwrites = true};
