/* SPDX-License-Identifier: MIT */
/*
 * fc: y = x W^T + b, dx = dy W, dw = dy^T x, db = sum of dy over the batch.
 *
 * The weights are read as they lie, [outputs][inputs]: forward sums along rows of x and W at once
 * (`dot`); dx and dw have W and x as the factor whose columns run along the vector (`gemm`). Only
 * dy is transposed for dx.
 */
#include "cpu/cpu.h"

typedef struct work {
    const fv_pass *p;
    fv_activation act;
    int64_t n, inputs, outputs;
    const float *bias;
    int64_t jobs, width;
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

static void forward_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    int64_t first, end;
    (void)worker;
    fv__cpu_cut(fv__cpu_up(w->outputs, 12), w->jobs, job, &first, &end);
    first *= 12;
    end = fv__cpu_min(end * 12, w->outputs);
    const float *weight = (const float *)p->w[0].data + first * w->inputs;
    float *y = (float *)p->y.data + first;
    /* Inputs summed at a time: a block of x stays in the L2 cache, and W is read in long runs. */
    const int64_t depth = fv__cpu_max(512, fv__cpu_min(65536 / w->n / 16 * 16, 4096));
    for (int64_t i = 0; i < w->inputs; i += depth)
        p->kernels->dot(w->n, end - first, fv__cpu_min(depth, w->inputs - i),
                        (const float *)p->x[0].data + i, p->x[0].step, weight + i, w->inputs, y,
                        p->y.step, w->bias && i == 0 ? w->bias + first : NULL, i > 0);
    if (w->act.kind != FV_ACT_NONE)
        p->kernels->act(w->act.kind, w->n, end - first, y, p->y.step, y, p->y.step, w->act.p,
                        w->act.q);
}

static void forward(const fv_pass *p) {
    const fv_fc_options *o = p->options;
    work w = start(p, &p->y);
    w.act = fv__cpu_then(p);
    w.bias = o->bias ? p->w[1].data : NULL;
    w.jobs = fv__cpu_jobs(fv__cpu_up(w.outputs, 12), macs(&w), 262144);
    fv__pool_run(p->pool, w.jobs, forward_job, &w);
}

/* Columns [first, end) of dx. */
static void dx_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    const struct fv_kernels *k = p->kernels;
    int64_t first, end;
    (void)worker;
    fv__cpu_cut(fv__cpu_up(w->inputs, k->nr), w->jobs, job, &first, &end);
    end = fv__cpu_min(end * k->nr, w->inputs);
    for (int64_t i = first * k->nr; i < end; i += k->nr) {
        const int64_t cols = fv__cpu_min(k->nr, end - i);
        for (int64_t l = 0; l < w->outputs; l += 128) {
            const float *weight = (const float *)p->w[0].data + l * w->inputs + i;
            for (int64_t n = 0; n < w->n; n += k->mr)
                k->gemm(fv__cpu_min(k->mr, w->n - n), cols, fv__cpu_min(128, w->outputs - l),
                        w->turned + l * w->n + n, w->n, 1, weight, w->inputs, NULL,
                        fv__cpu_at(&p->dx[0], n) + i, p->dx[0].step, NULL, l > 0 || !p->dx_set[0]);
        }
    }
}

/* Rows of dw, mr at a time. */
static void dw_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    const struct fv_kernels *k = p->kernels;
    int64_t first, end;
    (void)worker;
    fv__cpu_cut(fv__cpu_up(w->outputs, k->mr), w->jobs, job, &first, &end);
    for (int64_t r = first * k->mr; r < end * k->mr; r += k->mr) {
        const int64_t rows = fv__cpu_min(k->mr, w->outputs - r);
        if (rows <= 0) break;
        for (int64_t i = 0; i < w->inputs; i += 480) {
            const int64_t cols = fv__cpu_min(480, w->inputs - i);
            k->gemm(rows, cols, w->n, (const float *)p->dy.data + r, p->dy.step, 1,
                    (const float *)p->x[0].data + i, p->x[0].step, NULL,
                    (float *)p->dw[0].data + r * w->inputs + i, w->inputs, NULL, true);
        }
    }
}

static void backward(const fv_pass *p) {
    const fv_fc_options *o = p->options;
    const struct fv_kernels *k = p->kernels;
    work w = start(p, &p->dy);
    w.turned = p->scratch;
    if (o->bias && p->dw[1].data)
        for (int64_t n = 0; n < w.n; n++) k->add(w.outputs, fv__cpu_at(&p->dy, n), p->dw[1].data);
    if (p->dw[0].data) {
        w.jobs = fv__cpu_jobs(fv__cpu_up(w.outputs, k->mr), macs(&w), 262144);
        fv__pool_run(p->pool, w.jobs, dw_job, &w);
    }
    if (p->dx[0].data) {
        k->transpose(w.n, w.outputs, p->dy.data, p->dy.step, w.turned, w.n);
        w.jobs = fv__cpu_jobs(fv__cpu_up(w.inputs, k->nr), macs(&w), 262144);
        fv__pool_run(p->pool, w.jobs, dx_job, &w);
    }
}

static size_t scratch(const fv_site *site, const fv_ask *ask) {
    (void)ask;
    return sizeof(float) * (size_t)fv__shape_count(&site->out);
}

const fv_impl fv__cpu_fc_forward = {.name = "gemm",
                                    .refuses = fv__cpu_refuses,
                                    .run = forward,
                                    .layout = FV_PLAIN,
                                    .fuses = fv__cpu_fuses};

const fv_impl fv__cpu_fc_backward = {.name = "gemm",
                                     .refuses = fv__cpu_refuses,
                                     .run = backward,
                                     .scratch = scratch,
                                     .layout = FV_PLAIN,
                                     .honours_dx_set = true};
