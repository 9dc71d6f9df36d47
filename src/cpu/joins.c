/* SPDX-License-Identifier: MIT */
/*
 * joins.c - add, concat and dropout: memory passes, shared out by samples and pieces of samples.
 */
#include "cpu/cpu.h"
#include "op/dropout.h"

#include <string.h>

#define PIECE 4096 /* floats at a time: y stays in L1 while inputs are added to it */

typedef struct work {
    const fv_pass *p;
    fv_activation act;
    int64_t sample, pieces;
} work;

/* Shares out the samples of t in pieces of at most PIECE floats. */
static void share_out(const fv_pass *p, const fv_tensor *t, fv_units_fn *fn) {
    work w = {.p = p, .act = fv__cpu_epilogue_act(p), .sample = fv__shape_sample(&t->shape)};
    w.pieces = fv__cpu_up(w.sample, PIECE);
    fv__cpu_split(p->pool, t->shape.dim[0] * w.pieces, 4 * (double)fv__shape_count(&t->shape),
                  FV_GRAIN, fn, &w);
}

/* Runs BODY for the pieces [first, end): floats [i, i + len) of sample n. */
#define PIECES(w, BODY)                                                                            \
    do {                                                                                           \
        for (int64_t u_ = first; u_ < end; u_++) {                                                 \
            const int64_t n = u_ / (w)->pieces, i = u_ % (w)->pieces * PIECE;                      \
            const int64_t len = fv__cpu_min(PIECE, (w)->sample - i);                               \
            BODY                                                                                   \
        }                                                                                          \
    } while (0)

static void add_pieces(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    const struct fv_kernels *k = p->kernels;
    (void)worker;
    PIECES(w, {
        float *y = fv__cpu_at(&p->y[0], n) + i;
        const float *x = fv__cpu_at(&p->x[0], n) + i;
        if (p->inputs == 1)
            memmove(y, x, (size_t)len * sizeof(float));
        else
            k->add2(len, x, fv__cpu_at(&p->x[1], n) + i, y);
        for (int j = 2; j < p->inputs; j++) k->add(len, fv__cpu_at(&p->x[j], n) + i, y);
        if (w->act.kind != FV_ACT_NONE) k->act(w->act.kind, 1, len, y, 0, y, 0, w->act.p, w->act.q);
    });
}

static void add_forward(const fv_pass *p) {
    share_out(p, &p->y[0], add_pieces);
}

/* dx = dy or dx += dy, of a piece; they may be the same memory. */
static void give(const fv_pass *p, int input, const float *dy, float *dx, int64_t len) {
    if (!p->overwrite[input])
        p->kernels->add(len, dy, dx);
    else if (dx != dy)
        memmove(dx, dy, (size_t)len * sizeof(float));
}

static void add_back_pieces(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    (void)worker;
    PIECES(w, {
        for (int j = 0; j < p->inputs; j++)
            if (p->dx[j].data)
                give(p, j, fv__cpu_at(&p->dy[0], n) + i, fv__cpu_at(&p->dx[j], n) + i, len);
    });
}

static void add_backward(const fv_pass *p) {
    share_out(p, &p->dy[0], add_back_pieces);
}

static void concat_samples(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    (void)worker;
    for (int64_t n = first; n < end; n++) {
        float *y = fv__cpu_at(&p->y[0], n);
        for (int j = 0; j < p->inputs; j++) {
            const int64_t size = fv__shape_sample(&p->x[j].shape);
            const float *x = fv__cpu_at(&p->x[j], n);
            if (x != y) memmove(y, x, (size_t)size * sizeof(float));
            y += size;
        }
    }
}

static void concat_forward(const fv_pass *p) {
    const fv_shape *s = &p->y[0].shape;
    fv__cpu_split(p->pool, s->dim[0], 4 * (double)fv__shape_count(s), FV_GRAIN, concat_samples, p);
}

static void concat_back_samples(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    (void)worker;
    for (int64_t n = first; n < end; n++) {
        const float *dy = fv__cpu_at(&p->dy[0], n);
        for (int j = 0; j < p->inputs; j++) {
            const int64_t size = fv__shape_sample(&p->x[j].shape);
            if (p->dx[j].data) give(p, j, dy, fv__cpu_at(&p->dx[j], n), size);
            dy += size;
        }
    }
}

static void concat_backward(const fv_pass *p) {
    const fv_shape *s = &p->dy[0].shape;
    fv__cpu_split(p->pool, s->dim[0], 4 * (double)fv__shape_count(s), FV_GRAIN, concat_back_samples,
                  p);
}

/* Four numbers of the stream at a time; number i belongs to element i of the whole
   batch. */
static void draw(const fv_pass *p, int64_t first, int64_t len, uint8_t *kept) {
    const double rate = ((const fv_dropout_options *)p->options)->rate;
    uint32_t block[4];
    for (int64_t i = 0; i < len; i++) {
        const uint64_t at = (uint64_t)(first + i);
        if (i == 0 || at % 4 == 0) fv__philox(p->random, at / 4, block);
        kept[i] = block[at % 4] * 0x1p-32 >= rate;
    }
}

static float dropout_factor(const fv_pass *p) {
    return (float)(1 / (1 - ((const fv_dropout_options *)p->options)->rate));
}

static void dropout_pieces(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    uint8_t mine[PIECE];
    (void)worker;
    PIECES(w, {
        const float *x = fv__cpu_at(&p->x[0], n) + i;
        float *y = fv__cpu_at(&p->y[0], n) + i;
        if (!p->training) {
            if (x != y) memmove(y, x, (size_t)len * sizeof(float));
            continue;
        }
        uint8_t *kept = mine;
        if (p->saved && p->saved[0].data)
            kept = (uint8_t *)p->saved[0].data + n * p->saved[0].step + i;
        draw(p, (p->first + n) * w->sample + i, len, kept);
        p->kernels->mask(len, x, kept, dropout_factor(p), y, false);
    });
}

static void dropout_forward(const fv_pass *p) {
    share_out(p, &p->y[0], dropout_pieces);
}

static void dropout_back_pieces(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    (void)worker;
    PIECES(w, {
        const float *dy = fv__cpu_at(&p->dy[0], n) + i;
        float *dx = fv__cpu_at(&p->dx[0], n) + i;
        if (p->training)
            p->kernels->mask(len, dy, (const uint8_t *)p->saved[0].data + n * p->saved[0].step + i,
                             dropout_factor(p), dx, !p->overwrite[0]);
        else
            give(p, 0, dy, dx, len);
    });
}

static void dropout_backward(const fv_pass *p) {
    if (!p->dx[0].data) return;
    share_out(p, &p->dy[0], dropout_back_pieces);
}

const char *fv__cpu_concat_refuses(const fv_site *site, const fv_request *request) {
    if (!fv__joins_channels(site->op, &site->in[0], &site->out[0])) return "joins channels only";
    if (site->in_type[0].dtype != FV_F32) return "joins real numbers only";
    return fv__cpu_refuses(site, request);
}

const fv_impl fv__cpu_add_vector_forward = {.name = "vector",
                                            .op = &fv__op_add,
                                            .which = FV_FORWARD,
                                            .refuses = fv__cpu_refuses,
                                            .run = add_forward};
const fv_impl fv__cpu_add_vector_backward = {.name = "vector",
                                             .op = &fv__op_add,
                                             .which = FV_BACKWARD,
                                             .refuses = fv__cpu_refuses,
                                             .run = add_backward,
                                             .overwrites = true};
const fv_impl fv__cpu_concat_copy_forward = {.name = "copy",
                                             .op = &fv__op_concat,
                                             .which = FV_FORWARD,
                                             .refuses = fv__cpu_concat_refuses,
                                             .run = concat_forward};
const fv_impl fv__cpu_concat_copy_backward = {.name = "copy",
                                              .op = &fv__op_concat,
                                              .which = FV_BACKWARD,
                                              .refuses = fv__cpu_concat_refuses,
                                              .run = concat_backward,
                                              .overwrites = true};
const fv_impl fv__cpu_dropout_vector_forward = {.name = "vector",
                                                .op = &fv__op_dropout,
                                                .which = FV_FORWARD,
                                                .refuses = fv__cpu_refuses,
                                                .run = dropout_forward};
const fv_impl fv__cpu_dropout_vector_backward = {.name = "vector",
                                                 .op = &fv__op_dropout,
                                                 .which = FV_BACKWARD,
                                                 .refuses = fv__cpu_refuses,
                                                 .run = dropout_backward,
                                                 .overwrites = true};
