/* SPDX-License-Identifier: MIT */
/*
 * fc_halves.c - y = x W^T + b in inference with W as bfloat16: the time of a large layer at a small
 * batch is that of reading W, and so it is half as many bytes.
 *
 * W is rounded once and lies as it did, [outputs][inputs]. Its numbers are widened in registers and
 * multiplied by x, which is not rounded: so every set of instructions can.
 */
#include "cpu/cpu.h"
#include "kern/bf16.h"
#include "op/fc.h"

#define OUTPUTS 12    /* of a unit */
#define FEW     65536 /* weights: 256 KB, which the caches hold as they are */

/* What settle finds of a site. */
typedef struct sizes {
    int64_t inputs, outputs;
} sizes;

typedef struct work {
    const fv_pass *p;
    fv_activation act;
    int64_t inputs, outputs;
    const float *bias;
} work;

static work start(const fv_pass *p) {
    const sizes *s = p->state;
    return (work){.p = p,
                  .act = fv__cpu_epilogue_act(p),
                  .inputs = s->inputs,
                  .outputs = s->outputs,
                  .bias = fv__cpu_bias(p)};
}

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    const int64_t inputs = fv__shape_sample(&site->in[0]), outputs = site->out[0].dim[1];
    if (request->precision != FV_PRECISION_BF16) return "the contract does not allow bfloat16";
    if (request->training) return "in training the weights would be rounded at every step";
    if (inputs * outputs < FEW) return "so few weights are read from the caches as they are";
    FV_STATE(sizes, s, arena);
    if (!s) return fv__impl_no_memory;
    *s = (sizes){inputs, outputs};
    settled->state = s;
    settled->prepared = sizeof(uint16_t) * (size_t)(inputs * outputs);
    settled->packed = true;
    return NULL;
}

static void round_units(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const float *from = (const float *)w->p->w[0].data;
    uint16_t *to = w->p->prepared;
    (void)worker;
    for (int64_t i = first * w->inputs; i < end * w->inputs; i++)
        to[i] = (uint16_t)(fv__bf16_round(fv__float_bits(from[i])) >> 16);
}

static void prepare(const fv_pass *p) {
    const work w = start(p);
    fv__cpu_split(p->pool, w.outputs, 4 * (double)w.inputs * (double)w.outputs, FV_GRAIN,
                  round_units, &w);
}

static void forward_units(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    const int64_t n = p->x[0].shape.dim[0], y_step = p->y[0].step;
    (void)worker;
    first *= OUTPUTS;
    end = fv__cpu_min(end * OUTPUTS, w->outputs);
    const uint16_t *weight = (const uint16_t *)p->prepared + first * w->inputs;
    float *y = (float *)p->y[0].data + first;
    const int64_t depth = fv__cpu_max(512, fv__cpu_min(65536 / n / 16 * 16, 4096));
    for (int64_t i = 0; i < w->inputs; i += depth)
        p->kernels->dot_halves(n, end - first, fv__cpu_min(depth, w->inputs - i),
                               (const float *)p->x[0].data + i, p->x[0].step, weight + i, w->inputs,
                               y, y_step, w->bias && i == 0 ? w->bias + first : NULL, i > 0);
    if (w->act.kind != FV_ACT_NONE)
        p->kernels->act(w->act.kind, n, end - first, y, y_step, y, y_step, w->act.p, w->act.q);
}

static void forward(const fv_pass *p) {
    const work w = start(p);
    fv__cpu_split(p->pool, fv__cpu_up(w.outputs, OUTPUTS),
                  (double)p->x[0].shape.dim[0] * (double)w.inputs * (double)w.outputs, 2 * FV_GRAIN,
                  forward_units, &w);
}

const fv_impl fv__cpu_fc_halves_forward = {.name = "halves",
                                           .op = &fv__op_fc,
                                           .which = FV_FORWARD,
                                           .refuses = fv__cpu_refuses,
                                           .settle = settle,
                                           .prepare = prepare,
                                           .run = forward};
