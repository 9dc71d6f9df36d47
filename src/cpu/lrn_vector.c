/* SPDX-License-Identifier: MIT */
/*
 * lrn_vector.c - local response normalisation across channels with beta = 3/4, which is every
 * network's: s^(-3/4) is two square roots and a division. A job has a piece of the pixels of a
 * sample, all channels.
 */
#include "cpu/cpu.h"
#include "op/lrn.h"

#define PIECE 256 /* pixels at a time */

typedef struct work {
    const fv_pass *p;
    int64_t n, channels, plane, pieces, reach;
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
    w.scratch = p->scratch;
    return w;
}

/* The rows around channel c: the first, and how many. */
static int64_t around(const work *w, int64_t c, int64_t *count) {
    const int64_t first = fv__cpu_max(c - w->reach, 0);
    *count = fv__cpu_min(c + w->reach + 1, w->channels) - first;
    return first;
}

static void forward_pieces(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    const bool keep = p->training && p->saved && p->saved[0].data;
    float sums[PIECE];
    int64_t rows;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / w->pieces, i = u % w->pieces * PIECE;
        const int64_t len = fv__cpu_min(PIECE, w->plane - i);
        const float *x = fv__cpu_at(&p->x[0], n) + i;
        float *y = fv__cpu_at(&p->y[0], n) + i;
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
    fv__cpu_split(p->pool, w.n * w.pieces, 16 * (double)fv__shape_count(&p->x[0].shape), FV_GRAIN,
                  forward_pieces, &w);
}

static void backward_pieces(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    float *terms = w->scratch + worker * w->channels * PIECE;
    int64_t rows;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / w->pieces, i = u % w->pieces * PIECE;
        const int64_t len = fv__cpu_min(PIECE, w->plane - i);
        const float *x = fv__cpu_at(&p->x[0], n) + i, *s = fv__cpu_at(&p->saved[0], n) + i;
        const float *dy = fv__cpu_at(&p->dy[0], n) + i;
        float *dx = fv__cpu_at(&p->dx[0], n) + i;
        for (int64_t c = 0; c < w->channels; c++)
            p->kernels->lrn_terms(len, x + c * w->plane, s + c * w->plane, dy + c * w->plane,
                                  terms + c * PIECE);
        for (int64_t c = 0; c < w->channels; c++) {
            const int64_t from = around(w, c, &rows);
            p->kernels->lrn_grad(len, rows, terms + from * PIECE, PIECE, w->back, x + c * w->plane,
                                 s + c * w->plane, dy + c * w->plane, dx + c * w->plane,
                                 !p->overwrite[0]);
        }
    }
}

static void backward(const fv_pass *p) {
    if (!p->dx[0].data) return;
    work w = start(p);
    fv__cpu_split(p->pool, w.n * w.pieces, 16 * (double)fv__shape_count(&p->x[0].shape), FV_GRAIN,
                  backward_pieces, &w);
}

static const char *refuses(const fv_site *site, const fv_request *request) {
    const fv_lrn_options *o = site->options;
    const char *why = fv__cpu_refuses(site, request);
    if (why) return why;
    if (o->region != FV_LRN_ACROSS) return "neighbours within a channel";
    return o->beta == 0.75 ? NULL : "beta is not 0.75";
}

static const char *settle_backward(const fv_site *site, const fv_request *request, fv_arena *arena,
                                   fv_settled *settled) {
    (void)request;
    (void)arena;
    settled->worker = sizeof(float) * (size_t)(site->in[0].dim[1] * PIECE);
    return NULL;
}

const fv_impl fv__cpu_lrn_vector_forward = {
    .name = "vector", .op = &fv__op_lrn, .which = FV_FORWARD, .refuses = refuses, .run = forward};
const fv_impl fv__cpu_lrn_vector_backward = {.name = "vector",
                                             .op = &fv__op_lrn,
                                             .which = FV_BACKWARD,
                                             .refuses = refuses,
                                             .settle = settle_backward,
                                             .run = backward,
                                             .overwrites = true};
