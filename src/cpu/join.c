/* SPDX-License-Identifier: MIT */
/*
 * add, concat and dropout: memory passes, shared out by samples and pieces of samples.
 */
#include "cpu/cpu.h"

#include <string.h>

#define PIECE 4096 /* floats at a time: y stays in L1 while inputs are added to it */

typedef struct work {
    const fv_pass *p;
    fv_activation act;
    int64_t n, sample, pieces, jobs;
} work;

static work start(const fv_pass *p, const fv_tensor *t) {
    work w = {.p = p, .act = {FV_ACT_NONE, 0, 0}, .n = t->shape.dim[0]};
    w.sample = fv__shape_sample(&t->shape);
    w.pieces = fv__cpu_up(w.sample, PIECE);
    w.jobs = fv__cpu_jobs(w.n * w.pieces, (double)w.n * (double)w.sample * 4, 131072);
    return w;
}

/* Runs BODY for the pieces of a job: floats [i, i + len) of sample n. */
#define PIECES(w, job, BODY)                                                                       \
    do {                                                                                           \
        int64_t first_, end_;                                                                      \
        fv__cpu_cut((w)->n *(w)->pieces, (w)->jobs, job, &first_, &end_);                          \
        for (int64_t u_ = first_; u_ < end_; u_++) {                                               \
            const int64_t n = u_ / (w)->pieces, i = u_ % (w)->pieces * PIECE;                      \
            const int64_t len = fv__cpu_min(PIECE, (w)->sample - i);                               \
            BODY                                                                                   \
        }                                                                                          \
    } while (0)

static void add_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    const struct fv_kernels *k = p->kernels;
    (void)worker;
    PIECES(w, job, {
        float *y = fv__cpu_at(&p->y, n) + i;
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
    work w = start(p, &p->y);
    w.act = fv__cpu_then(p);
    fv__pool_run(p->pool, w.jobs, add_job, &w);
}

/* dx = dy or dx += dy, of a piece; they may be the same memory. */
static void give(const fv_pass *p, int input, const float *dy, float *dx, int64_t len) {
    if (!p->dx_set[input])
        p->kernels->add(len, dy, dx);
    else if (dx != dy)
        memmove(dx, dy, (size_t)len * sizeof(float));
}

static void add_back_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    (void)worker;
    PIECES(w, job, {
        for (int j = 0; j < p->inputs; j++)
            if (p->dx[j].data)
                give(p, j, fv__cpu_at(&p->dy, n) + i, fv__cpu_at(&p->dx[j], n) + i, len);
    });
}

static void add_backward(const fv_pass *p) {
    work w = start(p, &p->dy);
    fv__pool_run(p->pool, w.jobs, add_back_job, &w);
}

static void concat_job(void *arg, int64_t n, int worker) {
    const fv_pass *p = arg;
    float *y = fv__cpu_at(&p->y, n);
    (void)worker;
    for (int j = 0; j < p->inputs; j++) {
        const int64_t size = fv__shape_sample(&p->x[j].shape);
        const float *x = fv__cpu_at(&p->x[j], n);
        if (x != y) memmove(y, x, (size_t)size * sizeof(float));
        y += size;
    }
}

static void concat_forward(const fv_pass *p) {
    fv__pool_run(p->pool, p->y.shape.dim[0], concat_job, (void *)(uintptr_t)p);
}

static void concat_back_job(void *arg, int64_t n, int worker) {
    const fv_pass *p = arg;
    const float *dy = fv__cpu_at(&p->dy, n);
    (void)worker;
    for (int j = 0; j < p->inputs; j++) {
        const int64_t size = fv__shape_sample(&p->x[j].shape);
        if (p->dx[j].data) give(p, j, dy, fv__cpu_at(&p->dx[j], n), size);
        dy += size;
    }
}

static void concat_backward(const fv_pass *p) {
    fv__pool_run(p->pool, p->dy.shape.dim[0], concat_back_job, (void *)(uintptr_t)p);
}

/* Four numbers of the stream at a time; number i belongs to element i of the batch. */
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

static void dropout_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    uint8_t mine[PIECE];
    (void)worker;
    PIECES(w, job, {
        const float *x = fv__cpu_at(&p->x[0], n) + i;
        float *y = fv__cpu_at(&p->y, n) + i;
        if (!p->training) {
            if (x != y) memmove(y, x, (size_t)len * sizeof(float));
            continue;
        }
        uint8_t *kept = mine;
        if (p->saved && p->saved[0].data)
            kept = (uint8_t *)p->saved[0].data + n * p->saved[0].step + i;
        draw(p, n * w->sample + i, len, kept);
        p->kernels->mask(len, x, kept, dropout_factor(p), y, false);
    });
}

static void dropout_forward(const fv_pass *p) {
    work w = start(p, &p->y);
    fv__pool_run(p->pool, w.jobs, dropout_job, &w);
}

static void dropout_back_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    (void)worker;
    PIECES(w, job, {
        const float *dy = fv__cpu_at(&p->dy, n) + i;
        float *dx = fv__cpu_at(&p->dx[0], n) + i;
        if (p->training)
            p->kernels->mask(len, dy, (const uint8_t *)p->saved[0].data + n * p->saved[0].step + i,
                             dropout_factor(p), dx, !p->dx_set[0]);
        else
            give(p, 0, dy, dx, len);
    });
}

static void dropout_backward(const fv_pass *p) {
    if (!p->dx[0].data) return;
    work w = start(p, &p->dy);
    fv__pool_run(p->pool, w.jobs, dropout_back_job, &w);
}

const fv_impl fv__cpu_add_forward = {.name = "vector",
                                     .refuses = fv__cpu_refuses,
                                     .run = add_forward,
                                     .layout = FV_PLAIN,
                                     .fuses = fv__cpu_fuses};
const fv_impl fv__cpu_add_backward = {.name = "vector",
                                      .refuses = fv__cpu_refuses,
                                      .run = add_backward,
                                      .layout = FV_PLAIN,
                                      .honours_dx_set = true};
const fv_impl fv__cpu_concat_forward = {
    .name = "copy", .refuses = fv__cpu_refuses, .run = concat_forward, .layout = FV_PLAIN};
const fv_impl fv__cpu_concat_backward = {.name = "copy",
                                         .refuses = fv__cpu_refuses,
                                         .run = concat_backward,
                                         .layout = FV_PLAIN,
                                         .honours_dx_set = true};
const fv_impl fv__cpu_dropout_forward = {
    .name = "vector", .refuses = fv__cpu_refuses, .run = dropout_forward, .layout = FV_PLAIN};
const fv_impl fv__cpu_dropout_backward = {.name = "vector",
                                          .refuses = fv__cpu_refuses,
                                          .run = dropout_backward,
                                          .layout = FV_PLAIN,
                                          .honours_dx_set = true};
