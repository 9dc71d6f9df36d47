/* SPDX-License-Identifier: MIT */
/*
 * Local response normalisation with beta = 3/4, which is every network's: s^(-3/4) is two square
 * roots and a division. A job has a piece of the pixels of a sample, all channels.
 */
#include "cpu/cpu.h"

#define PIECE 256 /* pixels at a time */

typedef struct work {
    const fv_pass *p;
    int64_t n, channels, plane, pieces, reach, jobs;
    float factor, k, back;
    float *scratch;
} work;

static work start(const fv_pass *p) {
    const fv_lrn_options *o = p->options;
    const fv_shape *s = &p->x[0].shape;
    work w = {.p = p, .n = s->dim[0], .channels = s->dim[1], .reach = o->size / 2};
    w.plane = fv__shape_sample(s) / s->dim[1];
    w.pieces = fv__cpu_up(w.plane, PIECE);
    w.factor = (float)(o->alpha / (double)o->size);
    w.back = (float)(2 * o->alpha * o->beta / (double)o->size);
    w.k = (float)o->k;
    w.jobs = fv__cpu_jobs(w.n * w.pieces, (double)fv__shape_count(s) * 16, 131072);
    w.scratch = p->scratch;
    return w;
}

/* The rows around channel c: the first, and how many. */
static int64_t around(const work *w, int64_t c, int64_t *count) {
    const int64_t first = fv__cpu_max(c - w->reach, 0);
    *count = fv__cpu_min(c + w->reach + 1, w->channels) - first;
    return first;
}

static void forward_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    const bool keep = p->training && p->saved && p->saved[0].data;
    float sums[PIECE];
    int64_t first, end, rows;
    (void)worker;
    fv__cpu_cut(w->n * w->pieces, w->jobs, job, &first, &end);
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / w->pieces, i = u % w->pieces * PIECE;
        const int64_t len = fv__cpu_min(PIECE, w->plane - i);
        const float *x = fv__cpu_at(&p->x[0], n) + i;
        float *y = fv__cpu_at(&p->y, n) + i;
        for (int64_t c = 0; c < w->channels; c++) {
            const int64_t from = around(w, c, &rows);
            float *s = keep ? fv__cpu_at(&p->saved[0], n) + c * w->plane + i : sums;
            p->kernels->lrn_sums(len, rows, x + from * w->plane, w->plane, w->factor, w->k, s);
            p->kernels->lrn_scale(len, x + c * w->plane, s, y + c * w->plane);
        }
    }
}

static void forward(const fv_pass *p) {
    work w = start(p);
    fv__pool_run(p->pool, w.jobs, forward_job, &w);
}

static void backward_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    float *terms = w->scratch + worker * w->channels * PIECE;
    int64_t first, end, rows;
    fv__cpu_cut(w->n * w->pieces, w->jobs, job, &first, &end);
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / w->pieces, i = u % w->pieces * PIECE;
        const int64_t len = fv__cpu_min(PIECE, w->plane - i);
        const float *x = fv__cpu_at(&p->x[0], n) + i, *s = fv__cpu_at(&p->saved[0], n) + i;
        const float *dy = fv__cpu_at(&p->dy, n) + i;
        float *dx = fv__cpu_at(&p->dx[0], n) + i;
        for (int64_t c = 0; c < w->channels; c++)
            p->kernels->lrn_terms(len, x + c * w->plane, s + c * w->plane, dy + c * w->plane,
                                  terms + c * PIECE);
        for (int64_t c = 0; c < w->channels; c++) {
            const int64_t from = around(w, c, &rows);
            p->kernels->lrn_grad(len, rows, terms + from * PIECE, PIECE, w->back, x + c * w->plane,
                                 s + c * w->plane, dy + c * w->plane, dx + c * w->plane,
                                 !p->dx_set[0]);
        }
    }
}

static void backward(const fv_pass *p) {
    if (!p->dx[0].data) return;
    work w = start(p);
    fv__pool_run(p->pool, w.jobs, backward_job, &w);
}

static const char *refuses(const fv_site *site, const fv_ask *ask) {
    const fv_lrn_options *o = site->options;
    const char *why = fv__cpu_refuses(site, ask);
    if (why) return why;
    return o->beta == 0.75 ? NULL : "beta is not 0.75";
}

static size_t scratch(const fv_site *site, const fv_ask *ask) {
    return sizeof(float) * (size_t)(ask->workers * site->in[0].dim[1] * PIECE);
}

const fv_impl fv__cpu_lrn_forward = {
    .name = "vector", .refuses = refuses, .run = forward, .layout = FV_PLAIN};
const fv_impl fv__cpu_lrn_backward = {.name = "vector",
                                      .refuses = refuses,
                                      .run = backward,
                                      .scratch = scratch,
                                      .layout = FV_PLAIN,
                                      .honours_dx_set = true};
