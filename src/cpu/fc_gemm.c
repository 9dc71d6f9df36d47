/* SPDX-License-Identifier: MIT */
/*
 * fc_gemm.c - y = x W^T + b, dx = dy W, dw = dy^T x, db = sum of dy over the batch.
 *
 * The weights are read as they lie, [outputs][inputs]: forward sums along rows of x and W at once
 * (`dot`); dx and dw have W and x as the factor whose columns run along the vector (`gemm`). Only
 * dy is transposed for dx.
 */
#include "cpu/cpu.h"
#include "op/fc.h"

typedef struct work {
    const fv_pass *p;
    fv_activation act;
    int64_t n, inputs, outputs;
    const float *bias;
    float *turned; /* dy transposed: [outputs][n] */
} work;

static work start(const fv_pass *p, const fv_tensor *out) {
    return (work){.p = p,
                  .n = out->shape.dim[0],
                  .outputs = out->shape.dim[1],
                  .inputs = fv__shape_sample(&p->x[0].shape)};
}

static double macs(const work *w) {
    return (double)w->n * (double)w->inputs * (double)w->outputs;
}

FV_CUTS({"an eighth as many pieces", 0, 0, -3}, {"half as many pieces", 0, 0, -1},
        {"twice as many pieces", 0, 0, 1}, {"eight times as many pieces", 0, 0, 3})

/* Pieces of so many operations, of units of 12 outputs: what forward is settled to. */
static double grain_of(const fv_cut *cut) {
    return 2.0 * FV_GRAIN * (cut->parts < 0 ? (double)(1 << -cut->parts) : 1.0 / (1 << cut->parts));
}

static const char *settle_forward(const fv_site *site, const fv_request *request, fv_arena *arena,
                                  fv_settled *settled) {
    const fv_cut none = cut_number(0), cut = cut_number(request->variant);
    const int64_t outputs = site->out[0].dim[1], units = fv__cpu_up(outputs, 12);
    const double work = (double)fv__shape_count(&site->in[0]) * (double)outputs;
    FV_STATE(double, grain, arena);
    if (!grain) return fv__impl_no_memory;
    *grain = grain_of(&cut);
    settled->state = grain;
    const bool same =
        fv__cpu_jobs(units, work, *grain) == fv__cpu_jobs(units, work, grain_of(&none));
    return cut.name && same ? fv__cpu_no_other : NULL;
}

static void forward_outputs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    (void)worker;
    first *= 12;
    end = fv__cpu_min(end * 12, w->outputs);
    const float *weight = (const float *)p->w[0].data + first * w->inputs;
    float *y = (float *)p->y[0].data + first;
    /* Inputs summed at a time: a block of x stays in the L2 cache, and W is read in long runs. */
    const int64_t depth = fv__cpu_max(512, fv__cpu_min(65536 / w->n / 16 * 16, 4096));
    for (int64_t i = 0; i < w->inputs; i += depth)
        p->kernels->dot(w->n, end - first, fv__cpu_min(depth, w->inputs - i),
                        (const float *)p->x[0].data + i, p->x[0].step, weight + i, w->inputs, y,
                        p->y[0].step, w->bias && i == 0 ? w->bias + first : NULL, i > 0);
    if (w->act.kind != FV_ACT_NONE)
        p->kernels->act(w->act.kind, w->n, end - first, y, p->y[0].step, y, p->y[0].step, w->act.p,
                        w->act.q);
}

static void forward(const fv_pass *p) {
    work w = start(p, &p->y[0]);
    w.act = fv__cpu_epilogue_act(p);
    w.bias = fv__cpu_bias(p);
    fv__cpu_split(p->pool, fv__cpu_up(w.outputs, 12), macs(&w), *(const double *)p->state,
                  forward_outputs, &w);
}

/* Columns of dx, nr at a time. */
static void dx_columns(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    const struct fv_kernels *k = p->kernels;
    (void)worker;
    end = fv__cpu_min(end * k->nr, w->inputs);
    for (int64_t i = first * k->nr; i < end; i += k->nr) {
        const int64_t cols = fv__cpu_min(k->nr, end - i);
        for (int64_t l = 0; l < w->outputs; l += 128) {
            const float *weight = (const float *)p->w[0].data + l * w->inputs + i;
            for (int64_t n = 0; n < w->n; n += k->mr)
                k->gemm(fv__cpu_min(k->mr, w->n - n), cols, fv__cpu_min(128, w->outputs - l),
                        w->turned + l * w->n + n, w->n, 1, weight, w->inputs, NULL,
                        fv__cpu_at(&p->dx[0], n) + i, p->dx[0].step, NULL,
                        l > 0 || !p->overwrite[0]);
        }
    }
}

/* Rows of dw, mr at a time. */
static void dw_rows(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    const struct fv_kernels *k = p->kernels;
    (void)worker;
    for (int64_t r = first * k->mr; r < end * k->mr; r += k->mr) {
        const int64_t rows = fv__cpu_min(k->mr, w->outputs - r);
        if (rows <= 0) break;
        for (int64_t i = 0; i < w->inputs; i += 480) {
            const int64_t cols = fv__cpu_min(480, w->inputs - i);
            k->gemm(rows, cols, w->n, (const float *)p->dy[0].data + r, p->dy[0].step, 1,
                    (const float *)p->x[0].data + i, p->x[0].step, NULL,
                    (float *)p->dw[0].data + r * w->inputs + i, w->inputs, NULL, true);
        }
    }
}

static void backward(const fv_pass *p) {
    const fv_fc_options *o = p->options;
    const struct fv_kernels *k = p->kernels;
    work w = start(p, &p->dy[0]);
    w.turned = p->scratch;
    if (o->bias && p->dw[1].data)
        for (int64_t n = 0; n < w.n; n++)
            k->add(w.outputs, fv__cpu_at(&p->dy[0], n), p->dw[1].data);
    if (p->dw[0].data)
        fv__cpu_split(p->pool, fv__cpu_up(w.outputs, k->mr), macs(&w), 2 * FV_GRAIN, dw_rows, &w);
    if (p->dx[0].data) {
        k->transpose(w.n, w.outputs, p->dy[0].data, p->dy[0].step, w.turned, w.n);
        fv__cpu_split(p->pool, fv__cpu_up(w.inputs, k->nr), macs(&w), 2 * FV_GRAIN, dx_columns, &w);
    }
}

static const char *settle_backward(const fv_site *site, const fv_request *request, fv_arena *arena,
                                   fv_settled *settled) {
    (void)request;
    (void)arena;
    settled->scratch = sizeof(float) * (size_t)fv__shape_count(&site->out[0]);
    return NULL;
}

const fv_impl fv__cpu_fc_gemm_forward = {.name = "gemm",
                                         .op = &fv__op_fc,
                                         .which = FV_FORWARD,
                                         .refuses = fv__cpu_refuses,
                                         .settle = settle_forward,
                                         .run = forward,
                                         .variant = variant};

const fv_impl fv__cpu_fc_gemm_backward = {.name = "gemm",
                                          .op = &fv__op_fc,
                                          .which = FV_BACKWARD,
                                          .refuses = fv__cpu_refuses,
                                          .settle = settle_backward,
                                          .run = backward,
                                          .overwrites = true};
