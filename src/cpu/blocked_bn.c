/* SPDX-License-Identifier: MIT */
/*
 * blocked_bn.c - batch normalisation of blocked maps: a job has whole blocks of channels, through
 * all samples, so that a channel's sums are formed in one order. A lane sums a run of pixels in
 * float32; the runs' sums are added in double, and so are the few numbers of a channel.
 */
#include "cpu/blocked.h"
#include "op/bn.h"

#include <math.h>

enum { WEIGHT, BIAS, MEAN, VARIANCE };

#define RUN 64 /* pixels normalised before the activation: 4 KB */

typedef double lanes[FV_BLOCK];

/* Adds to the sums a (and b) of 16 channels over a run of pixels, `floats` numbers in all. */
typedef void sum_fn(int64_t floats, const float *x, const float *dy, const float *mean, float *a,
                    float *b);

static void sum_x(int64_t floats, const float *restrict x, const float *dy, const float *mean,
                  float *restrict a, float *b) {
    (void)dy, (void)mean, (void)b;
    for (int64_t i = 0; i < floats; i += FV_BLOCK)
        for (int l = 0; l < FV_BLOCK; l++) a[l] += x[i + l];
}

static void sum_squares(int64_t floats, const float *restrict x, const float *dy,
                        const float *restrict mean, float *restrict a, float *b) {
    (void)dy, (void)b;
    for (int64_t i = 0; i < floats; i += FV_BLOCK)
        for (int l = 0; l < FV_BLOCK; l++) {
            const float d = x[i + l] - mean[l];
            a[l] += d * d;
        }
}

static void sum_gradients(int64_t floats, const float *restrict x, const float *restrict dy,
                          const float *restrict mean, float *restrict a, float *restrict b) {
    for (int64_t i = 0; i < floats; i += FV_BLOCK)
        for (int l = 0; l < FV_BLOCK; l++) {
            a[l] += dy[i + l];
            b[l] += dy[i + l] * (x[i + l] - mean[l]);
        }
}

/* The sums over all runs of a block's pixels, in order. `dy` and `second` may be NULL: not read,
   not wanted. */
static void sum_up(const fv_pass *p, int64_t block, const fv_tensor *dy, const float *mean,
                   sum_fn *fn, double *first, double *second) {
    const fv_blocks s = fv__blocks(&p->x[0].shape);
    for (int l = 0; l < FV_BLOCK; l++) first[l] = 0;
    for (int l = 0; second && l < FV_BLOCK; l++) second[l] = 0;
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.pixels; i += FV_SPAN) {
            const int64_t at = i * FV_BLOCK;
            float a[FV_BLOCK] = {0}, b[FV_BLOCK] = {0};
            fn(fv__cpu_min(FV_SPAN, s.pixels - i) * FV_BLOCK,
               fv__block_at(&p->x[0], n, block, s.pixels) + at,
               dy ? fv__block_at(dy, n, block, s.pixels) + at : NULL, mean, a, b);
            for (int l = 0; l < FV_BLOCK; l++) first[l] += (double)a[l];
            for (int l = 0; second && l < FV_BLOCK; l++) second[l] += (double)b[l];
        }
}

/* The 16 numbers of a block. */
static const float *of_block(const fv_tensor *t, int64_t block) {
    return (const float *)t->data + block * FV_BLOCK;
}

static double elements(const fv_pass *p) {
    const fv_blocks s = fv__blocks(&p->x[0].shape);
    return (double)s.samples * (double)s.pixels;
}

static void statistics(const fv_pass *p, int64_t block, double *mean, double *variance) {
    const double m = elements(p);
    float near[FV_BLOCK];
    sum_up(p, block, NULL, NULL, sum_x, mean, NULL);
    for (int l = 0; l < FV_BLOCK; l++) {
        mean[l] /= m;
        near[l] = (float)mean[l];
    }
    /* Around the mean as float has it; what that rounding adds is taken off again. */
    sum_up(p, block, NULL, near, sum_squares, variance, NULL);
    for (int l = 0; l < FV_BLOCK; l++) {
        const double off = mean[l] - (double)near[l];
        variance[l] = fmax(variance[l] / m - off * off, 0);
    }
}

/* The batch's statistics, told to the running ones. */
static void observe(const fv_pass *p, int64_t block, double *mean, double *variance) {
    const double m = elements(p), unbiased = m > 1 ? m / (m - 1) : 1;
    float *seen_mean = p->dw[MEAN].data, *seen_variance = p->dw[VARIANCE].data;
    statistics(p, block, mean, variance);
    for (int l = 0; l < FV_BLOCK; l++) {
        const int64_t c = block * FV_BLOCK + l;
        if (seen_mean) seen_mean[c] += (float)(p->share * mean[l]);
        if (seen_variance) seen_variance[c] += (float)(p->share * variance[l] * unbiased);
    }
}

/* The means and 1/sqrt(variance + epsilon) that a block is normalised with. */
static void choose(const fv_pass *p, int64_t block, double *mean, double *scale) {
    const fv_bn_options *o = p->options;
    lanes variance;
    if (p->training)
        observe(p, block, mean, variance);
    else
        for (int l = 0; l < FV_BLOCK; l++) {
            mean[l] = (double)of_block(&p->w[MEAN], block)[l];
            variance[l] = (double)of_block(&p->w[VARIANCE], block)[l];
        }
    for (int l = 0; l < FV_BLOCK; l++) scale[l] = 1 / sqrt(variance[l] + o->epsilon);
}

static void keep(const fv_pass *p, int64_t block, const double *mean, const double *scale) {
    if (!p->training || !p->saved || !p->saved[0].data) return;
    for (int l = 0; l < FV_BLOCK; l++) {
        ((float *)p->saved[0].data)[block * FV_BLOCK + l] = (float)mean[l];
        ((float *)p->saved[1].data)[block * FV_BLOCK + l] = (float)scale[l];
    }
}

static void affine(int64_t floats, const float *restrict x, const float *restrict mean,
                   const float *restrict factor, const float *restrict shift, float *restrict y) {
    for (int64_t i = 0; i < floats; i += FV_BLOCK)
        for (int l = 0; l < FV_BLOCK; l++) y[i + l] = (x[i + l] - mean[l]) * factor[l] + shift[l];
}

/* y = (x - mean) * factor + shift, and the activation behind, a run of pixels at a time. */
static void normalise(const fv_pass *p, int64_t block, const float *mean, const float *factor,
                      const float *shift) {
    const fv_blocks s = fv__blocks(&p->x[0].shape);
    const fv_activation act = fv__cpu_epilogue_act(p);
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t at = 0; at < s.pixels; at += RUN) {
            const int64_t floats = fv__cpu_min(RUN, s.pixels - at) * FV_BLOCK;
            float *y = fv__block_at(&p->y[0], n, block, s.pixels) + at * FV_BLOCK;
            affine(floats, fv__block_at(&p->x[0], n, block, s.pixels) + at * FV_BLOCK, mean, factor,
                   shift, y);
            if (act.kind != FV_ACT_NONE)
                p->kernels->act(act.kind, 1, floats, y, 0, y, 0, act.p, act.q);
        }
}

static void forward_blocks(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    (void)worker;
    for (int64_t b = first; b < end; b++) {
        lanes mean, scale;
        float near[FV_BLOCK], factor[FV_BLOCK], shift[FV_BLOCK];
        choose(p, b, mean, scale);
        keep(p, b, mean, scale);
        for (int l = 0; l < FV_BLOCK; l++) {
            const double f = (double)of_block(&p->w[WEIGHT], b)[l] * scale[l];
            near[l] = (float)mean[l];
            factor[l] = (float)f;
            /* The mean's rounding goes into the shift. */
            shift[l] =
                (float)((double)of_block(&p->w[BIAS], b)[l] - (mean[l] - (double)near[l]) * f);
        }
        normalise(p, b, near, factor, shift);
    }
}

/* dx = a * dy + b * (x - mean) + c, or += it. Where dx is dy, each number is read before it is
   written. */
static void gradients(int64_t floats, const float *restrict x, const float *dy,
                      const float *restrict mean, const float terms[3][FV_BLOCK], bool add,
                      float *dx) {
    for (int64_t i = 0; i < floats; i += FV_BLOCK) {
        float g[FV_BLOCK];
        for (int l = 0; l < FV_BLOCK; l++)
            g[l] = terms[0][l] * dy[i + l] + terms[1][l] * (x[i + l] - mean[l]) + terms[2][l];
        for (int l = 0; add && l < FV_BLOCK; l++) g[l] += dx[i + l];
        for (int l = 0; l < FV_BLOCK; l++) dx[i + l] = g[l];
    }
}

static void backward_block(const fv_pass *p, int64_t block) {
    const fv_bn_options *o = p->options;
    const double m = elements(p);
    const float *mean = of_block(p->training ? &p->saved[0] : &p->w[MEAN], block);
    lanes db, dw;
    const fv_blocks s = fv__blocks(&p->x[0].shape);
    float terms[3][FV_BLOCK]; /* of dy, of x - mean, and a number */
    sum_up(p, block, &p->dy[0], mean, sum_gradients, db, dw);
    for (int l = 0; l < FV_BLOCK; l++) {
        const int64_t at = block * FV_BLOCK + l;
        const double scale =
            p->training ? (double)of_block(&p->saved[1], block)[l]
                        : 1 / sqrt((double)of_block(&p->w[VARIANCE], block)[l] + o->epsilon);
        const double factor = (double)of_block(&p->w[WEIGHT], block)[l] * scale;
        /* in inference the statistics do not depend on x */
        const double through = p->training ? factor / m : 0;
        dw[l] *= scale;
        if (p->dw[WEIGHT].data) ((float *)p->dw[WEIGHT].data)[at] += (float)dw[l];
        if (p->dw[BIAS].data) ((float *)p->dw[BIAS].data)[at] += (float)db[l];
        terms[0][l] = (float)factor;
        terms[1][l] = (float)(-through * scale * dw[l]);
        terms[2][l] = (float)(-through * db[l]);
    }
    for (int64_t n = 0; p->dx[0].data && n < s.samples; n++)
        gradients(s.pixels * FV_BLOCK, fv__block_at(&p->x[0], n, block, s.pixels),
                  fv__block_at(&p->dy[0], n, block, s.pixels), mean, terms, !p->overwrite[0],
                  fv__block_at(&p->dx[0], n, block, s.pixels));
}

static void backward_blocks(void *arg, int64_t first, int64_t end, int worker) {
    (void)worker;
    for (int64_t b = first; b < end; b++) backward_block(arg, b);
}

static void share_out(const fv_pass *p, fv_units_fn *fn) {
    const fv_shape *s = &p->x[0].shape;
    fv__cpu_split(p->pool, fv__blocks(s).blocks, 4 * (double)fv__shape_count(s), FV_GRAIN, fn, p);
}

static void forward(const fv_pass *p) {
    share_out(p, forward_blocks);
}

static void backward(const fv_pass *p) {
    share_out(p, backward_blocks);
}

const fv_impl fv__cpu_bn_blocked_forward = {.name = "blocked",
                                            .op = &fv__op_bn,
                                            .which = FV_FORWARD,
                                            .takes = FV_BLOCK16,
                                            .gives = FV_BLOCK16,
                                            .refuses = fv__cpu_refuses,
                                            .run = forward};
const fv_impl fv__cpu_bn_blocked_backward = {.name = "blocked",
                                             .op = &fv__op_bn,
                                             .which = FV_BACKWARD,
                                             .takes = FV_BLOCK16,
                                             .gives = FV_BLOCK16,
                                             .refuses = fv__cpu_refuses,
                                             .run = backward,
                                             .overwrites = true};
