/* SPDX-License-Identifier: MIT */
/*
 * activations.c - pointwise activations, in place or not. The batch is one flat run where samples
 * lie one after the other.
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

static void forward_range(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    (void)worker;
    PIECES(w, first, end,
           p->kernels->act(w->act.kind, 1, n, fv__cpu_at(&p->x[0], s) + at, 0,
                           fv__cpu_at(&p->y[0], s) + at, 0, w->act.p, w->act.q))
}

static void backward_range(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    (void)worker;
    PIECES(w, first, end,
           p->kernels->act_grad(w->act.kind, n, fv__cpu_at(&p->y[0], s) + at,
                                fv__cpu_at(&p->dy[0], s) + at, fv__cpu_at(&p->dx[0], s) + at,
                                w->act.p, w->act.q, w->add))
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
    return kind >= FV_ACT_SOFTSIGN ? 8 : 2;
}

static void forward(const fv_pass *p) {
    work w = start(p, &p->y[0], &p->x[0], &p->y[0]);
    fv__cpu_ranges(p->pool, fv__shape_count(&p->y[0].shape), cost(w.act.kind), forward_range, &w);
}

static void backward(const fv_pass *p) {
    if (!p->dx[0].data) return;
    work w = start(p, &p->dy[0], &p->y[0], &p->dx[0]);
    w.add = !p->overwrite[0];
    fv__cpu_ranges(p->pool, fv__shape_count(&p->dy[0].shape), 2, backward_range, &w);
}

#define FORWARD(name_)                                                                             \
    const fv_impl fv__cpu_##name_##_forward = {.name = "vector",                                   \
                                               .op = &fv__op_##name_,                              \
                                               .which = FV_FORWARD,                                \
                                               .refuses = fv__cpu_refuses,                         \
                                               .run = forward};
#define ACTIVATION(name_)                                                                          \
    FORWARD(name_)                                                                                 \
    const fv_impl fv__cpu_##name_##_backward = {.name = "vector",                                  \
                                                .op = &fv__op_##name_,                             \
                                                .which = FV_BACKWARD,                              \
                                                .refuses = fv__cpu_refuses,                        \
                                                .run = backward,                                   \
                                                .overwrites = true};
ACTIVATION(relu)
ACTIVATION(clip)
ACTIVATION(leakyrelu)
ACTIVATION(hardsigmoid)
ACTIVATION(softsign)
ACTIVATION(elu)
ACTIVATION(selu)
ACTIVATION(celu)
ACTIVATION(sigmoid)
ACTIVATION(tanh)
ACTIVATION(scaledtanh)
ACTIVATION(softplus)
/* Their slopes do not follow from y. */
FORWARD(hardswish)
FORWARD(thresholdedrelu)
FORWARD(shrink)
FORWARD(silu)
FORWARD(mish)
FORWARD(gelu)
