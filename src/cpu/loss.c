/* SPDX-License-Identifier: MIT */
/*
 * Softmax of vectors, and cross-entropy. A job has some samples; the losses of the samples are
 * added in double by the caller, in their order.
 */
#include "cpu/cpu.h"

#include <math.h>

typedef struct work {
    const fv_pass *p;
    int64_t n, classes, jobs;
    double *losses;
    float *scratch;
} work;

static work start(const fv_pass *p, const fv_tensor *t) {
    work w = {.p = p, .n = t->shape.dim[0], .classes = t->shape.dim[1]};
    w.jobs = fv__cpu_jobs(w.n, (double)w.n * (double)w.classes * 16, 65536);
    return w;
}

static void softmax_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    int64_t first, end;
    (void)worker;
    fv__cpu_cut(w->n, w->jobs, job, &first, &end);
    for (int64_t n = first; n < end; n++) {
        const float *x = fv__cpu_at(&p->x[0], n);
        float *y = fv__cpu_at(&p->y, n);
        const float total =
            p->kernels->exp_shift(w->classes, x, p->kernels->largest(w->classes, x), y);
        p->kernels->mul(w->classes, y, 1.0f / total, y);
    }
}

static void softmax_forward(const fv_pass *p) {
    work w = start(p, &p->y);
    fv__pool_run(p->pool, w.jobs, softmax_job, &w);
}

static void softmax_back_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    int64_t first, end;
    (void)worker;
    fv__cpu_cut(w->n, w->jobs, job, &first, &end);
    for (int64_t n = first; n < end; n++) {
        const float *y = fv__cpu_at(&p->y, n), *dy = fv__cpu_at(&p->dy, n);
        float *dx = fv__cpu_at(&p->dx[0], n), total = 0;
        p->kernels->dot(1, 1, w->classes, dy, w->classes, y, w->classes, &total, 1, NULL, false);
        for (int64_t c = 0; c < w->classes; c++) {
            const float g = y[c] * (dy[c] - total);
            dx[c] = p->dx_set[0] ? g : dx[c] + g;
        }
    }
}

static void softmax_backward(const fv_pass *p) {
    if (!p->dx[0].data) return;
    work w = start(p, &p->dy);
    fv__pool_run(p->pool, w.jobs, softmax_back_job, &w);
}

static const char *refuses_maps(const fv_site *site, const fv_ask *ask) {
    const char *why = fv__cpu_refuses(site, ask);
    if (why) return why;
    return fv__shape_sample(&site->in[0]) == site->in[0].dim[1] ? NULL : "takes vectors, not maps";
}

/* -log softmax(x)_label = log(sum of exp(x - max)) - (x_label - max) */
static void loss_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    const bool keep = p->training && p->saved && p->saved[0].data;
    int64_t first, end;
    fv__cpu_cut(w->n, w->jobs, job, &first, &end);
    for (int64_t n = first; n < end; n++) {
        const float *x = fv__cpu_at(&p->x[0], n);
        const int32_t label = ((const int32_t *)p->x[1].data)[n * p->x[1].step];
        float *y = keep ? fv__cpu_at(&p->saved[0], n) : w->scratch + worker * w->classes;
        const float max = p->kernels->largest(w->classes, x);
        const float total = p->kernels->exp_shift(w->classes, x, max, y);
        if (keep) p->kernels->mul(w->classes, y, 1.0f / total, y);
        w->losses[n] = label >= 0 && label < w->classes
                           ? log((double)total) - ((double)x[label] - (double)max)
                           : (double)NAN;
    }
}

static void loss_forward(const fv_pass *p) {
    work w = start(p, &p->x[0]);
    w.losses = p->scratch;
    w.scratch = (float *)(void *)(w.losses + w.n);
    fv__pool_run(p->pool, w.jobs, loss_job, &w);
    double loss = 0;
    for (int64_t n = 0; n < w.n; n++) loss += w.losses[n];
    *(float *)p->y.data = (float)(loss / (double)w.n);
}

static size_t loss_scratch(const fv_site *site, const fv_ask *ask) {
    return sizeof(double) * (size_t)site->in[0].dim[0] +
           sizeof(float) * (size_t)(ask->workers * site->in[0].dim[1]);
}

const fv_impl fv__cpu_softmax_forward = {
    .name = "vector", .refuses = refuses_maps, .run = softmax_forward, .layout = FV_PLAIN};
const fv_impl fv__cpu_softmax_backward = {.name = "vector",
                                          .refuses = refuses_maps,
                                          .run = softmax_backward,
                                          .layout = FV_PLAIN,
                                          .honours_dx_set = true};
const fv_impl fv__cpu_crossentropy_forward = {.name = "vector",
                                              .refuses = refuses_maps,
                                              .run = loss_forward,
                                              .scratch = loss_scratch,
                                              .layout = FV_PLAIN};
