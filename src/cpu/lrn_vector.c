/* SPDX-License-Identifier: MIT */
/*
 * lrn_vector.c - local response normalisation. With beta = 3/4, which is every network's, s^(-3/4)
 * is two square roots and a division. Across channels a job has a piece of the pixels of a sample,
 * all channels; within them some planes, whose sums are those of rows, then along the row.
 */
#include "cpu/cpu.h"
#include "op/lrn.h"

#include <string.h>

#define PIECE 256 /* pixels at a time */

typedef struct work {
    const fv_pass *p;
    int64_t n, channels, plane, wide, pieces, reach; /* wide: a row of a plane */
    float factor, k, back, beta;
} work;

static work start(const fv_pass *p) {
    const fv_lrn_options *o = p->options;
    const fv_shape *s = &p->x[0].shape;
    work w = {.p = p, .n = s->dim[0], .channels = s->dim[1], .reach = o->size / 2};
    w.plane = fv__shape_sample(s) / s->dim[1];
    w.pieces = fv__cpu_up(w.plane, PIECE);
    w.wide = s->dim[s->rank - 1];
    w.beta = (float)o->beta;
    w.factor = (float)(o->alpha / (double)o->size);
    if (o->region == FV_LRN_WITHIN) w.factor /= (float)o->size;
    w.back = (float)(2 * o->alpha * o->beta / (double)o->size);
    w.k = (float)o->k;
    return w;
}

/* The rows around channel c: the first, and how many. */
static int64_t around(const work *w, int64_t c, int64_t *count) {
    const int64_t first = fv__cpu_max(c - w->reach, 0);
    *count = fv__cpu_min(c + w->reach + 1, w->channels) - first;
    return first;
}

/* y = x s^(-beta) */
static void scale(const work *w, int64_t len, const float *x, const float *s, float *y) {
    const struct fv_kernels *k = w->p->kernels;
    if (w->beta == 0.75f) {
        k->lrn_scale(len, x, s, y);
        return;
    }
    float power[PIECE];
    for (int64_t i = 0; i < len; i += PIECE) {
        const int64_t some = fv__cpu_min(PIECE, len - i);
        k->unary(FV_UNARY_POWER, some, s + i, power, -w->beta);
        k->binary(FV_BINARY_MUL, some, x + i, true, power, true, y + i);
    }
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
            scale(w, len, x + c * w->plane, s, y + c * w->plane);
        }
    }
}

/* One row of sums in the room of a worker, with `reach` zeros on either side; then the result. */
static int64_t row_floats(const work *w) {
    return fv__cpu_pad(2 * w->wide + 2 * w->reach);
}

static void within_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    const struct fv_kernels *k = p->kernels;
    const bool keep = p->training && p->saved && p->saved[0].data;
    const int64_t high = w->plane / w->wide;
    float *row = fv__cpu_worker(p, worker), *mine = row + w->wide + 2 * w->reach;
    memset(row, 0, sizeof(float) * (size_t)(w->wide + 2 * w->reach));
    for (int64_t q = first; q < end; q++) {
        const int64_t n = q / w->channels, at = q % w->channels * w->plane;
        const float *x = fv__cpu_at(&p->x[0], n) + at;
        float *y = fv__cpu_at(&p->y[0], n) + at;
        for (int64_t h = 0; h < high; h++, y += w->wide) {
            const int64_t h0 = fv__cpu_max(h - w->reach, 0);
            const int64_t h1 = fv__cpu_min(h + w->reach + 1, high);
            float *s = keep ? fv__cpu_at(&p->saved[0], n) + at + h * w->wide : mine;
            k->lrn_sums(w->wide, h1 - h0, x + h0 * w->wide, w->wide, 1, 0, row + w->reach);
            memcpy(s, row, sizeof(float) * (size_t)w->wide);
            for (int64_t i = 1; i <= 2 * w->reach; i++) k->add(w->wide, row + i, s);
            k->affine(w->wide, s, 0, w->factor, w->k, s);
            scale(w, w->wide, x + h * w->wide, s, y);
        }
    }
}

static void forward(const fv_pass *p) {
    work w = start(p);
    const bool within = ((const fv_lrn_options *)p->options)->region == FV_LRN_WITHIN;
    fv__cpu_split(p->pool, w.n * (within ? w.channels : w.pieces),
                  16 * (double)fv__shape_count(&p->x[0].shape), FV_GRAIN,
                  within ? within_planes : forward_pieces, &w);
}

static void backward_pieces(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    float *terms = fv__cpu_worker(p, worker);
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

/* A row that is far shorter than the neighbourhood would be zeros for the most part. */
static const char *refuses_forward(const fv_site *site, const fv_request *request) {
    const fv_lrn_options *o = site->options;
    const fv_shape *s = &site->in[0];
    if (o->region == FV_LRN_WITHIN && o->size > 4 * s->dim[s->rank - 1])
        return "the neighbourhood is far wider than the maps";
    return fv__cpu_refuses(site, request);
}

static const char *settle_forward(const fv_site *site, const fv_request *request, fv_arena *arena,
                                  fv_settled *settled) {
    const fv_lrn_options *o = site->options;
    const fv_shape *s = &site->in[0];
    const work w = {.wide = s->dim[s->rank - 1], .reach = o->size / 2};
    (void)request;
    (void)arena;
    if (o->region == FV_LRN_WITHIN) settled->worker = sizeof(float) * (size_t)row_floats(&w);
    return NULL;
}

static const char *settle_backward(const fv_site *site, const fv_request *request, fv_arena *arena,
                                   fv_settled *settled) {
    (void)request;
    (void)arena;
    settled->worker = sizeof(float) * (size_t)(site->in[0].dim[1] * PIECE);
    return NULL;
}

const fv_impl fv__cpu_lrn_vector_forward = {.name = "vector",
                                            .op = &fv__op_lrn,
                                            .which = FV_FORWARD,
                                            .refuses = refuses_forward,
                                            .settle = settle_forward,
                                            .run = forward};
const fv_impl fv__cpu_lrn_vector_backward = {.name = "vector",
                                             .op = &fv__op_lrn,
                                             .which = FV_BACKWARD,
                                             .refuses = refuses,
                                             .settle = settle_backward,
                                             .run = backward,
                                             .overwrites = true};
