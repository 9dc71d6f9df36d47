/* SPDX-License-Identifier: MIT */
/*
 * norms.c - normalisations of a sample whose runs (op/norm.h) lie densely: the sums of kernels,
 * then one pass that scales and shifts. And l2norm, where runs may lie side by side too, as the
 * channels of maps do.
 */
#include "cpu/cpu.h"
#include "op/norm.h"

#include <math.h>

#define PIECE 256 /* pixels at a time */
#define DEEP  32  /* channels whose squares one lane adds before its sum goes into another */

static const struct {
    const fv_op *op;
    fv_norm_runs_fn *runs;
} norms[] = {{&fv__op_layernorm, fv__layernorm_runs},
             {&fv__op_instancenorm, fv__instancenorm_runs},
             {&fv__op_groupnorm, fv__groupnorm_runs},
             {&fv__op_meanvariance, fv__meanvariance_runs},
             {&fv__op_l2norm, fv__l2norm_runs}};

static fv_norm runs_of(const fv_op *op, const fv_shape *in, const void *options) {
    fv_norm g = {0};
    for (size_t i = 0; i < sizeof norms / sizeof *norms; i++)
        if (norms[i].op == op) g = norms[i].runs(in, options);
    return g;
}

/* From one number of a run to the next, where it is the same for all; 0: it is not. */
static int64_t step_of(const fv_norm *g) {
    const fv_norm_dims *d = &g->within;
    int64_t step = 1, wanted = 0;
    for (int i = d->count - 1; i >= 0; i--) {
        if (d->size[i] == 1) continue;
        if (wanted == 0)
            step = d->stride[i];
        else if (d->stride[i] != wanted)
            return 0;
        wanted = d->stride[i] * d->size[i];
    }
    return step;
}

typedef struct work {
    const fv_pass *p;
    fv_norm g;
    int64_t step, pieces;
} work;

static work start(const fv_pass *p) {
    work w = {.p = p, .g = runs_of(p->op, &p->x[0].shape, p->options)};
    w.step = step_of(&w.g);
    return w;
}

/* ------------------------------------------------------------------- mean and variance --- */

/* y = (x - mean) scale, times the weights and plus the biases of elements from `at` on. */
static void scale_run(const work *w, int64_t at, float mean, float scale, const float *x,
                      float *y) {
    const struct fv_kernels *k = w->p->kernels;
    const fv_norm *g = &w->g;
    const float *weight = w->p->params > 0 ? w->p->w[0].data : NULL;
    const float *bias = w->p->params > 0 ? w->p->w[1].data : NULL;
    if (!weight) {
        k->affine(g->length, x, mean, scale, 0, y);
        return;
    }
    for (int64_t i = 0; i < g->length;) {
        const int64_t e = at + i, c = e / g->repeat % g->weights;
        if (g->repeat == 1) { /* a weight for each number, up to the last of them */
            const int64_t some = fv__cpu_min(g->weights - c, g->length - i);
            k->affine(some, x + i, mean, scale, 0, y + i);
            k->binary(FV_BINARY_MUL, some, y + i, true, weight + c, true, y + i);
            k->binary(FV_BINARY_ADD, some, y + i, true, bias + c, true, y + i);
            i += some;
            continue;
        }
        const int64_t some = fv__cpu_min(g->repeat - e % g->repeat, g->length - i);
        k->affine(some, x + i, mean, scale * weight[c], bias[c], y + i);
        i += some;
    }
}

static void runs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_norm *g = &w->g;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / g->runs, at = fv__norm_at(&g->between, u % g->runs);
        const float *x = fv__cpu_at(&w->p->x[0], n) + at;
        const double length = (double)g->length;
        const float mean = (float)((double)w->p->kernels->sum(g->length, x) / length);
        const double variance = (double)w->p->kernels->square_sum(g->length, x, mean) / length;
        double slope;
        scale_run(w, at, mean, (float)g->scale(variance, g->epsilon, &slope), x,
                  fv__cpu_at(&w->p->y[0], n) + at);
    }
}

static void forward(const fv_pass *p) {
    const work w = start(p);
    fv__cpu_split(p->pool, w.g.samples * w.g.runs, 8 * (double)fv__shape_count(&p->x[0].shape),
                  FV_GRAIN, runs, &w);
}

/* ------------------------------------------------------------------------------ l2norm --- */

static float epsilon_of(const work *w) {
    return (float)((const fv_l2norm_options *)w->p->options)->epsilon;
}

static void unit_run(const work *w, const float *x, float *y) {
    const float norm = sqrtf(w->p->kernels->square_sum(w->g.length, x, 0));
    const float by = norm < epsilon_of(w) ? epsilon_of(w) : norm;
    w->p->kernels->binary(FV_BINARY_DIV, w->g.length, x, true, &by, false, y);
}

/* `len` runs side by side. */
static void unit_pixels(const work *w, int64_t len, const float *x, float *y) {
    const struct fv_kernels *k = w->p->kernels;
    const float least = epsilon_of(w);
    float norm[PIECE], part[PIECE];
    for (int64_t c = 0; c < w->g.length; c += DEEP) {
        k->lrn_sums(len, fv__cpu_min(DEEP, w->g.length - c), x + c * w->step, w->step, 1, 0,
                    c ? part : norm);
        if (c) k->add(len, part, norm);
    }
    k->unary(FV_UNARY_SQRT, len, norm, norm, 0);
    k->binary(FV_BINARY_MAX, len, norm, true, &least, false, norm);
    for (int64_t c = 0; c < w->g.length; c++)
        k->binary(FV_BINARY_DIV, len, x + c * w->step, true, norm, true, y + c * w->step);
}

/* Units are runs, or pieces of what lies side by side: as many runs as a step has numbers. */
static void unit_runs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t blocks = w->g.runs / w->step;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t at = u % w->pieces * PIECE, q = u / w->pieces;
        const int64_t from = q % blocks * w->g.length * w->step + at;
        const float *x = fv__cpu_at(&w->p->x[0], q / blocks) + from;
        float *y = fv__cpu_at(&w->p->y[0], q / blocks) + from;
        if (w->step == 1)
            unit_run(w, x, y);
        else
            unit_pixels(w, fv__cpu_min(PIECE, w->step - at), x, y);
    }
}

static void l2norm_forward(const fv_pass *p) {
    work w = start(p);
    w.pieces = fv__cpu_up(w.step, PIECE);
    fv__cpu_split(p->pool, w.g.samples * (w.g.runs / w.step) * w.pieces,
                  8 * (double)fv__shape_count(&p->x[0].shape), FV_GRAIN, unit_runs, &w);
}

/* ----------------------------------------------------------------------------- refusals --- */

static const char *refuses(const fv_site *site, const fv_request *request) {
    const fv_norm g = runs_of(site->op, &site->in[0], site->options);
    const char *why = fv__cpu_refuses(site, request);
    if (why) return why;
    if (g.samples != site->in[0].dim[0]) return "takes samples by themselves";
    return step_of(&g) == 1 ? NULL : "takes numbers that lie one behind the other";
}

static const char *refuses_l2norm(const fv_site *site, const fv_request *request) {
    const fv_norm g = runs_of(site->op, &site->in[0], site->options);
    const char *why = fv__cpu_refuses(site, request);
    if (why) return why;
    if (((const fv_l2norm_options *)site->options)->p != 2) return "knows the power 2 only";
    return g.samples == site->in[0].dim[0] ? NULL : "takes samples by themselves";
}

#define FV_NORM(name_, refuses_, run_)                                                             \
    const fv_impl fv__cpu_##name_##_vector_forward = {.name = "vector",                            \
                                                      .op = &fv__op_##name_,                       \
                                                      .which = FV_FORWARD,                         \
                                                      .refuses = refuses_,                         \
                                                      .run = run_}
FV_NORM(layernorm, refuses, forward);
FV_NORM(instancenorm, refuses, forward);
FV_NORM(groupnorm, refuses, forward);
FV_NORM(meanvariance, refuses, forward);
FV_NORM(l2norm, refuses_l2norm, l2norm_forward);
