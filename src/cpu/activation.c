/* SPDX-License-Identifier: MIT */
/*
 * Activations, in place or not. The batch is one flat run where samples lie one after the other.
 */
#include "cpu/cpu.h"

typedef struct work {
    const fv_pass *p;
    fv_activation act;
    int64_t sample; /* floats of one */
    bool add;
} work;

/* Calls for the pieces of samples that the flat range [first, end) covers. */
#define PIECES(w, first, end, CALL)                                                                \
    while ((first) < (end)) {                                                                      \
        const int64_t s = (first) / (w)->sample, at = (first) % (w)->sample;                       \
        const int64_t n = fv__cpu_min((w)->sample - at, (end) - (first));                          \
        CALL;                                                                                      \
        (first) += n;                                                                              \
    }

static void forward_range(void *arg, int64_t first, int64_t end) {
    const work *w = arg;
    const fv_pass *p = w->p;
    PIECES(w, first, end,
           p->kernels->act(w->act.kind, 1, n, fv__cpu_at(&p->x[0], s) + at, 0,
                           fv__cpu_at(&p->y, s) + at, 0, w->act.p, w->act.q))
}

static void backward_range(void *arg, int64_t first, int64_t end) {
    const work *w = arg;
    const fv_pass *p = w->p;
    PIECES(w, first, end,
           p->kernels->act_grad(w->act.kind, n, fv__cpu_at(&p->y, s) + at,
                                fv__cpu_at(&p->dy, s) + at, fv__cpu_at(&p->dx[0], s) + at, w->act.p,
                                w->act.q, w->add))
}

/* One long sample when the tensors have no gaps between theirs. */
static work start(const fv_pass *p, const fv_tensor *a, const fv_tensor *b, const fv_tensor *c) {
    work w = {.p = p, .act = fv__cpu_activation(p->op, p->options)};
    w.sample = fv__shape_sample(&a->shape);
    if (a->step == w.sample && b->step == w.sample && c->step == w.sample)
        w.sample = fv__cpu_max(fv__shape_count(&a->shape), 1);
    return w;
}

static double cost(fv_act kind) {
    return kind >= FV_ACT_ELU ? 8 : 2;
}

static void forward(const fv_pass *p) {
    work w = start(p, &p->y, &p->x[0], &p->y);
    fv__cpu_ranges(p->pool, fv__shape_count(&p->y.shape), cost(w.act.kind), forward_range, &w);
}

static void backward(const fv_pass *p) {
    if (!p->dx[0].data) return;
    work w = start(p, &p->dy, &p->y, &p->dx[0]);
    w.add = !p->dx_set[0];
    fv__cpu_ranges(p->pool, fv__shape_count(&p->dy.shape), 2, backward_range, &w);
}

const fv_impl fv__cpu_act_forward = {
    .name = "vector", .refuses = fv__cpu_refuses, .run = forward, .layout = FV_PLAIN};

const fv_impl fv__cpu_act_backward = {.name = "vector",
                                      .refuses = fv__cpu_refuses,
                                      .run = backward,
                                      .layout = FV_PLAIN,
                                      .honours_dx_set = true};
