/* SPDX-License-Identifier: MIT */
/*
 * cpu_device.c - the CPU as a device: its memory is the host's, its update the kernels'.
 */
#include "base/cpu_features.h"
#include "cpu/cpu.h"
#include "cpu/updates.h"

#include <string.h>

#define CHUNK 32768 /* floats an update job works on: 128 KB of weights */

static void *allocate(fv_context *ctx, size_t bytes, const char *what) {
    return fv__alloc(ctx, bytes ? bytes : 1, what);
}

static void copy(void *to, const void *from, size_t bytes) {
    if (to != from) memcpy(to, from, bytes);
}

static void clear(void *memory, size_t bytes) {
    memset(memory, 0, bytes);
}

/* conv adds; conv and fc apply what kernels know, and sums of memory passes gain from it too. */
static bool fuses(const fv_op *op, const fv_epilogue *epilogue) {
    const bool product = op == &fv__op_conv || op == &fv__op_fc;
    const bool pass = op == &fv__op_bn || op == &fv__op_add;
    if (epilogue->add && op != &fv__op_conv) return false;
    if (!epilogue->act) return epilogue->add;
    return (product || pass) &&
           fv__cpu_activation(epilogue->act, epilogue->act_options).kind != FV_ACT_NONE;
}

static void launch(fv_pass_fn *fn, const fv_pass *pass) {
    fn(pass);
}

/* ----------------------------------------------------------------------------- the update --- */

typedef struct work {
    const fv_update *u;
    const fv_kernels *kernels;
    fv_update_fn *fast; /* NULL: the optimiser's own loop */
} work;

static void follow_observed(const fv_update *u, double momentum, int64_t start, int64_t n) {
    float *w = u->weights + start;
    const float *observed = u->gradients + start;
    for (int64_t i = 0; i < n; i++)
        w[i] = (float)((1 - momentum) * (double)w[i] + momentum * (double)observed[i]);
}

static void update_span(const work *w, const fv_update_span *span, int64_t start, int64_t n) {
    const fv_update *u = w->u;
    const fv_optim_step step = {.options = u->options,
                                .lr = u->lr * span->rate,
                                .decay = span->decay,
                                .step = u->step,
                                .weight_norm = span->weight_norm,
                                .gradient_norm = span->gradient_norm};
    float *states[FV_OPTIM_STATES];
    if (!span->learned) {
        follow_observed(u, span->momentum, start, n);
        return;
    }
    for (int s = 0; s < FV_OPTIM_STATES; s++)
        states[s] = u->states[s] ? u->states[s] + start : NULL;
    if (w->fast)
        w->fast(w->kernels, &step, n, u->weights + start, states, u->gradients + start);
    else
        u->optimizer->update(&step, n, u->weights + start, states, u->gradients + start);
}

/* Job j is a chunk of the flat block, whatever spans lie in it. */
static void update_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const int64_t from = job * CHUNK, to = from + CHUNK;
    (void)worker;
    for (size_t i = 0; i < w->u->span_count; i++) {
        const fv_update_span *span = &w->u->spans[i];
        const int64_t start = fv__cpu_max(span->offset, from);
        const int64_t end = fv__cpu_min(span->offset + span->count, to);
        if (start < end) update_span(w, span, start, end - start);
    }
}

static void update(fv_context *ctx, const fv_update *u) {
    if (!u->span_count) return;
    const fv_update_span *last = &u->spans[u->span_count - 1];
    fv_kernels kernels;
    work w = {u, fv__kernels(ctx->isa, &kernels), fv__cpu_update(u->optimizer)};
    fv__pool_run(ctx->pool, fv__cpu_up(last->offset + last->count, CHUNK), update_job, &w);
}

/* ------------------------------------------------------------------------------ gradients --- */

typedef struct sum {
    const fv_kernels *kernels;
    float *to;
    const float *from;
} sum;

static void add_range(void *arg, int64_t first, int64_t end, int worker) {
    const sum *s = arg;
    (void)worker;
    s->kernels->add(end - first, s->from + first, s->to + first);
}

static void add(fv_context *ctx, float *to, const float *from, int64_t count) {
    fv_kernels kernels;
    const sum s = {fv__kernels(ctx->isa, &kernels), to, from};
    fv__cpu_ranges(ctx->pool, count, 2, add_range, &s);
}

/* v * 0 is 0 for every finite v and NaN for the others. */
static bool finite(fv_context *ctx, const float *v, int64_t count) {
    float sums[16] = {0};
    int64_t i = 0;
    (void)ctx;
    for (; i + 16 <= count; i += 16)
        for (int j = 0; j < 16; j++) sums[j] += v[i + j] * 0.0f;
    float total = 0;
    for (; i < count; i++) total += v[i] * 0.0f;
    for (int j = 0; j < 16; j++) total += sums[j];
    return total == 0.0f;
}

#define PARTS 64 /* of a sum of squares, at most */

typedef struct squares_of {
    const float *v;
    int64_t count, each; /* elements, and how many of them are a part */
    double sums[PARTS];
} squares_of;

static void sum_part(void *arg, int64_t part, int worker) {
    squares_of *s = arg;
    const float *v = s->v + part * s->each;
    const int64_t n = fv__cpu_min(s->each, s->count - part * s->each);
    double sums[8] = {0}, total = 0;
    int64_t i = 0;
    (void)worker;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++) sums[j] += (double)v[i + j] * (double)v[i + j];
    for (; i < n; i++) total += (double)v[i] * (double)v[i];
    for (int j = 0; j < 8; j++) total += sums[j];
    s->sums[part] = total;
}

static double squares(fv_context *ctx, const float *v, int64_t count) {
    squares_of s = {.v = v, .count = count, .each = fv__cpu_max(CHUNK, fv__cpu_up(count, PARTS))};
    const int64_t parts = fv__cpu_up(count, s.each);
    double total = 0;
    fv__pool_run(ctx->pool, parts, sum_part, &s);
    for (int64_t i = 0; i < parts; i++) total += s.sums[i];
    return total;
}

typedef struct shrunk {
    float *v;
    float by, most;
} shrunk;

static void shrink_range(void *arg, int64_t first, int64_t end, int worker) {
    const shrunk *s = arg;
    (void)worker;
    for (int64_t i = first; i < end; i++) {
        const float v = s->v[i] * s->by;
        s->v[i] = v > s->most ? s->most : v < -s->most ? -s->most : v;
    }
}

static void shrink(fv_context *ctx, float *v, int64_t count, float by, float most) {
    shrunk s = {v, by, most};
    fv__cpu_ranges(ctx->pool, count, 2, shrink_range, &s);
}

typedef struct followed {
    float *to;
    const float *from;
    float share;
} followed;

static void follow_range(void *arg, int64_t first, int64_t end, int worker) {
    const followed *f = arg;
    (void)worker;
    for (int64_t i = first; i < end; i++) f->to[i] += f->share * (f->from[i] - f->to[i]);
}

static void follow(fv_context *ctx, float *to, const float *from, int64_t count, float share) {
    followed f = {to, from, share};
    fv__cpu_ranges(ctx->pool, count, 3, follow_range, &f);
}

const fv_device fv__cpu_device = {
    .name = "cpu",
    .host = true,
    .impls = fv__cpu_impls,
    .kernels = fv__kernels,
    .fuses = fuses,
    .alloc = allocate,
    .release = fv__free,
    .upload = copy,
    .download = copy,
    .clear = clear,
    .copy = copy,
    .launch = launch,
    .update = update,
    .add = add,
    .finite = finite,
    .squares = squares,
    .shrink = shrink,
    .follow = follow,
};
