/* SPDX-License-Identifier: MIT */
/*
 * losses.c - softmax of vectors, and cross-entropy. A job has some samples; the losses of the
 * samples are added in double by the caller, in their order.
 */
#include "cpu/cpu.h"
#include "op/crossentropy.h"
#include "op/softmax.h"

#include <math.h>

static void share_out(const fv_pass *p, const fv_shape *s, fv_units_fn *fn) {
    fv__cpu_split(p->pool, s->dim[0], 16 * (double)fv__shape_count(s), FV_GRAIN / 2, fn, p);
}

static void softmax_samples(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const int64_t classes = p->y[0].shape.dim[1];
    (void)worker;
    for (int64_t n = first; n < end; n++) {
        const float *x = fv__cpu_at(&p->x[0], n);
        float *y = fv__cpu_at(&p->y[0], n);
        const float total = p->kernels->exp_shift(classes, x, p->kernels->largest(classes, x), y);
        p->kernels->mul(classes, y, 1.0f / total, y);
    }
}

static void softmax_forward(const fv_pass *p) {
    share_out(p, &p->y[0].shape, softmax_samples);
}

static void softmax_back_samples(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const int64_t classes = p->dy[0].shape.dim[1];
    (void)worker;
    for (int64_t n = first; n < end; n++) {
        const float *y = fv__cpu_at(&p->y[0], n), *dy = fv__cpu_at(&p->dy[0], n);
        float *dx = fv__cpu_at(&p->dx[0], n), total = 0;
        p->kernels->dot(1, 1, classes, dy, classes, y, classes, &total, 1, NULL, false);
        for (int64_t c = 0; c < classes; c++) {
            const float g = y[c] * (dy[c] - total);
            dx[c] = p->overwrite[0] ? g : dx[c] + g;
        }
    }
}

static void softmax_backward(const fv_pass *p) {
    if (p->dx[0].data) share_out(p, &p->dy[0].shape, softmax_back_samples);
}

static const char *refuses_maps(const fv_site *site, const fv_request *request) {
    const char *why = fv__cpu_refuses(site, request);
    if (why) return why;
    return fv__shape_sample(&site->in[0]) == site->in[0].dim[1] ? NULL : "takes vectors, not maps";
}

static const char *refuses_softmax(const fv_site *site, const fv_request *request) {
    if (fv__softmax_axis(site->options, &site->in[0]) != 1) return "computes along axis 1 only";
    return refuses_maps(site, request);
}

/* ------------------------------------------------------------------------- cross-entropy --- */

static const char *refuses_options(const fv_site *site, const fv_request *request) {
    const fv_crossentropy_options *o = site->options;
    if (o->weights.count > 1) return "has no weights of classes";
    if (o->smooth > 0) return "does not smooth labels";
    if (o->reads != FV_CROSSENTROPY_LOGITS) return "reads logits";
    return refuses_maps(site, request);
}

/* Bytes of the losses of all samples, which come first in the scratch. */
static size_t losses_bytes(int64_t samples) {
    return sizeof(float) * (size_t)fv__cpu_pad(2 * samples);
}

/* -sum of q_c log softmax(x)_c = sum of q_c (log(sum of exp(x - max)) - (x_c - max)) */
static double of_shares(const float *x, const float *q, int64_t classes, double log_total,
                        double max) {
    double loss = 0;
    for (int64_t c = 0; c < classes; c++)
        if (q[c] != 0) loss += (double)q[c] * (log_total - ((double)x[c] - max));
    return loss;
}

/* -log softmax(x)_label = log(sum of exp(x - max)) - (x_label - max) */
static void loss_samples(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const fv_crossentropy_options *o = p->options;
    const int64_t classes = p->x[0].shape.dim[1];
    const bool keep = p->training && p->saved[0].data;
    double *losses = p->scratch;
    float *mine = fv__cpu_worker(p, worker);
    for (int64_t n = first; n < end; n++) {
        const float *x = fv__cpu_at(&p->x[0], n);
        float *y = keep ? fv__cpu_at(&p->saved[0], n) : mine;
        const float max = p->kernels->largest(classes, x);
        const float total = p->kernels->exp_shift(classes, x, max, y);
        if (keep) p->kernels->mul(classes, y, 1.0f / total, y);
        if (o->target == FV_CROSSENTROPY_SHARES) {
            losses[n] =
                of_shares(x, fv__cpu_at(&p->x[1], n), classes, log((double)total), (double)max);
            continue;
        }
        const int32_t label = ((const int32_t *)p->x[1].data)[n * p->x[1].step];
        losses[n] = label >= 0 && label < classes
                        ? log((double)total) - ((double)x[label] - (double)max)
                        : (double)NAN;
        if (label == o->ignore) losses[n] = 0;
    }
}

static void loss_forward(const fv_pass *p) {
    const double *losses = p->scratch;
    double loss = 0;
    share_out(p, &p->x[0].shape, loss_samples);
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) loss += losses[n];
    *(float *)p->y[0].data = (float)(p->divisor > 0 ? loss / p->divisor : loss);
}

static const char *settle_loss(const fv_site *site, const fv_request *request, fv_arena *arena,
                               fv_settled *settled) {
    (void)request;
    (void)arena;
    settled->scratch = losses_bytes(site->in[0].dim[0]);
    settled->worker = sizeof(float) * (size_t)fv__cpu_pad(site->in[0].dim[1]);
    return NULL;
}

const fv_impl fv__cpu_softmax_vector_forward = {.name = "vector",
                                                .op = &fv__op_softmax,
                                                .which = FV_FORWARD,
                                                .refuses = refuses_softmax,
                                                .run = softmax_forward};
const fv_impl fv__cpu_softmax_vector_backward = {.name = "vector",
                                                 .op = &fv__op_softmax,
                                                 .which = FV_BACKWARD,
                                                 .refuses = refuses_softmax,
                                                 .run = softmax_backward,
                                                 .overwrites = true};
const fv_impl fv__cpu_crossentropy_vector_forward = {.name = "vector",
                                                     .op = &fv__op_crossentropy,
                                                     .which = FV_FORWARD,
                                                     .refuses = refuses_options,
                                                     .settle = settle_loss,
                                                     .run = loss_forward};
