/* SPDX-License-Identifier: MIT */
/*
 * benchmark.c - a network timed, whole and step by step.
 *
 * The samples are random numbers. GFLOP/s count two operations per multiply-accumulate of conv and
 * fc, and for training three times as many (forward, gradient of the input, gradient of the
 * weights).
 */
#include "look/benchmark.h"
#include "base/cpu_features.h"
#include "base/random.h"
#include "kern/kern.h"
#include "plan/plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX    100000
#define SECONDS     2.0 /* of timing, where no number of runs is asked for */
#define STEP_ROUNDS 15  /* how often each step is timed, at most */

/* What is handed out, and all that it points to. */
typedef struct record {
    fv_bench told;
    fv_arena arena;
} record;

/* What is timed. */
typedef struct bench {
    fv_context *ctx;
    fv_bench *told;
    fv_arena *arena;
    const fv_bench_options *options;
    const fv_net *net; /* with its losses when training */
    fv_plan *plan;
    fv_exec *exec;
    float *weights, *gradients;
    double *times;
    fv_bench_step **steps;
} bench;

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median_of(double *values, int n) {
    qsort(values, (size_t)n, sizeof *values, by_size);
    return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/* Multiply-accumulates of a layer for one sample. */
static fv_status macs_of(const bench *b, const fv_node *node, int64_t *macs) {
    fv_site site;
    fv_cost cost = {0};
    *macs = 0;
    if (!node->op->cost) return FV_OK;
    FV_TRY(fv__net_site(b->ctx, b->net, node, 1, &site));
    node->op->cost(&site, &cost);
    *macs = cost.macs;
    return FV_OK;
}

static fv_status count_work(bench *b) {
    double sum = 0;
    for (size_t n = 0; n < b->net->node_count; n++) {
        int64_t macs;
        if (b->net->nodes[n].training && !b->told->training) continue;
        FV_TRY(macs_of(b, &b->net->nodes[n], &macs));
        sum += (double)macs;
    }
    b->told->operations = (b->told->training ? 6.0 : 2.0) * sum * (double)b->told->batch;
    return FV_OK;
}

/* ----------------------------------------------------------------------------- preparation --- */

static void fill_inputs(bench *b) {
    const fv_key key = fv__key(1, FV_STREAM_CHECK, 0, 0);
    fv_tensor x = fv__exec_value(b->exec, 0);
    const int64_t n = b->told->batch * fv__shape_sample(&x.shape);
    for (int64_t i = 0; i < n; i++)
        ((float *)x.data)[i] = (float)fv__random_normal(key, (uint64_t)i);
    if (!b->told->training) return;
    fv_tensor labels = fv__exec_value(b->exec, fv__net_labels(b->net));
    if (labels.dtype == FV_I32) memset(labels.data, 0, (size_t)b->told->batch * sizeof(int32_t));
}

/* The model's own weights, which speed may depend on, or fresh ones; a copy, since training forward
   writes running statistics. */
static fv_status fill_weights(bench *b, size_t bytes) {
    b->weights = fv__alloc(b->ctx, bytes, "the weights");
    if (!b->weights) return FV_EXHAUSTED;
    if (b->options->model)
        memcpy(b->weights, b->options->model->weights, bytes);
    else
        fv__net_initialise(b->net, 1, b->weights);
    return FV_OK;
}

static fv_status prepare(bench *b) {
    const size_t bytes = (size_t)b->net->param_elements * sizeof(float);
    const fv_plan_ask ask = {
        .batch = b->told->batch, .training = b->told->training, .backward = b->told->training};
    FV_TRY(count_work(b));
    FV_TRY(fv__plan_new(b->ctx, b->net, &ask, &b->plan));
    const fv_plan_memory memory = fv__plan_memory(b->plan);
    b->told->memory = memory.activations + memory.scratch;
    b->told->parameters = memory.parameters;
    FV_TRY(fill_weights(b, bytes));
    if (b->told->training) {
        b->gradients = fv__alloc(b->ctx, bytes, "the gradients");
        if (!b->gradients) return FV_EXHAUSTED;
    }
    FV_TRY(fv__exec_new(b->ctx, b->plan, b->weights, b->gradients, &b->exec));
    fill_inputs(b);
    return FV_OK;
}

static void clean_up(bench *b) {
    fv__exec_free(b->exec);
    fv__plan_free(b->plan);
    fv__free(b->weights);
    fv__free(b->gradients);
    fv__free(b->times);
}

/* --------------------------------------------------------------------------------- timing --- */

static void run_once(bench *b) {
    fv__exec_forward(b->exec, 1, 0);
    if (b->told->training) fv__exec_backward(b->exec);
}

static fv_status time_runs(bench *b) {
    const int64_t asked = b->options->runs;
    b->times = fv__alloc(b->ctx, RUNS_MAX * sizeof *b->times, "the times");
    if (!b->times) return FV_EXHAUSTED;
    run_once(b); /* memory touched, caches warm */
    const double begin = fv__seconds();
    int runs = 0;
    while (runs < RUNS_MAX) {
        const double start = fv__seconds();
        run_once(b);
        const double now = fv__seconds();
        b->times[runs++] = now - start;
        if (asked ? runs >= asked : runs >= 5 && now - begin > SECONDS) break;
    }
    b->told->runs = runs;
    b->told->median = median_of(b->times, runs);
    b->told->least = b->times[0]; /* sorted now */
    return FV_OK;
}

static fv_status name_step(bench *b, const fv_step_view *v, fv_bench_step *step) {
    const char *layer = v->node < 0 ? NULL : b->net->nodes[v->node].name;
    step->way = v->impl;
    step->backward = v->which == FV_BACKWARD;
    if (layer) {
        step->layer = fv__arena_text(b->arena, layer);
        step->name = fv__arena_format(b->arena, "%s%s%s%s", layer, v->fused ? " + " : "",
                                      v->fused ? v->fused : "", step->backward ? ", backward" : "");
    } else {
        step->name = fv__arena_format(b->arena, "(%s)", v->impl);
    }
    return step->name && (step->layer || !layer) ? FV_OK : FV_EXHAUSTED;
}

static fv_status list_steps(bench *b) {
    const int count = fv__exec_steps(b->exec);
    b->steps = fv__arena_alloc(b->arena, (size_t)count * sizeof(fv_bench_step *));
    if (!b->steps) return FV_EXHAUSTED;
    for (int s = 0; s < count; s++) {
        const fv_step_view v = fv__exec_step(b->exec, s);
        fv_bench_step *step = b->steps[s] = fv__arena_alloc(b->arena, sizeof *step);
        int64_t macs = 0;
        if (!step) return FV_EXHAUSTED;
        FV_TRY(name_step(b, &v, step));
        if (v.node >= 0) FV_TRY(macs_of(b, &b->net->nodes[v.node], &macs));
        /* backward of conv and fc has two products */
        step->operations = (step->backward ? 4.0 : 2.0) * (double)macs * (double)b->told->batch;
    }
    b->told->steps = (const fv_bench_step *const *)b->steps;
    b->told->step_count = count;
    return FV_OK;
}

/* One execution, each step timed. */
static void time_round(bench *b, double *all, int rounds) {
    bool backward = false;
    fv__exec_begin(b->exec, 1, 0);
    for (int s = 0; s < b->told->step_count; s++) {
        if (b->steps[s]->backward && !backward) fv__exec_backward_begin(b->exec);
        backward = backward || b->steps[s]->backward;
        const double start = fv__seconds();
        fv__exec_run_step(b->exec, s);
        all[s * rounds] = fv__seconds() - start;
    }
}

/* Each step's median over some rounds. */
static fv_status time_steps(bench *b) {
    const int steps = b->told->step_count;
    const int rounds = b->told->runs < STEP_ROUNDS && b->told->runs ? b->told->runs : STEP_ROUNDS;
    double *all =
        fv__alloc(b->ctx, ((size_t)steps * (size_t)rounds + 1) * sizeof *all, "the steps' times");
    if (!all) return FV_EXHAUSTED;
    for (int r = 0; r < rounds; r++) time_round(b, all + r, rounds);
    for (int s = 0; s < steps; s++) b->steps[s]->seconds = median_of(all + s * rounds, rounds);
    fv__free(all);
    return FV_OK;
}

static fv_status add_trace(bench *b) {
    fv_text trace = {0};
    fv__plan_trace(b->ctx, b->plan, true, &trace);
    const fv_status status = fv__text_done(b->ctx, &trace);
    if (status == FV_OK) b->told->trace = fv__arena_text(b->arena, trace.data ? trace.data : "");
    fv__text_free(&trace);
    return status != FV_OK ? status : b->told->trace ? FV_OK : FV_EXHAUSTED;
}

static fv_status measure(bench *b, const char *name) {
    fv_bench *told = b->told;
    told->net = fv__arena_text(b->arena, name);
    told->isa = fv__kernels((fv_isa)b->ctx->isa)->name;
    told->precision = "fp32";
    told->threads = fv_context_threads(b->ctx);
    told->training = b->options->training;
    told->batch = b->options->batch ? b->options->batch : 1;
    if (!told->net) return FV_EXHAUSTED;
    FV_TRY(prepare(b));
    FV_TRY(list_steps(b));
    if (b->options->trace) FV_TRY(add_trace(b));
    if (b->options->runs >= 0) {
        FV_TRY(fv__measure_peak(b->ctx, &told->peak));
        FV_TRY(time_runs(b));
    }
    return b->options->steps ? time_steps(b) : FV_OK;
}

fv_status fv__benchmark(fv_context *ctx, const fv_net *net, const fv_bench_options *options,
                        fv_bench **out) {
    record *r = fv__alloc(ctx, sizeof *r, "a benchmark");
    fv_net *trained = NULL;
    *out = NULL;
    if (!r) return FV_EXHAUSTED;
    fv__arena_init(&r->arena, ctx);
    bench b = {.ctx = ctx, .told = &r->told, .arena = &r->arena, .options = options, .net = net};
    fv_status status = options->training ? fv__net_with_loss(ctx, net, &trained) : FV_OK;
    if (trained) b.net = trained;
    if (status == FV_OK) status = measure(&b, net->name);
    clean_up(&b);
    fv__net_free(trained);
    if (status == FV_OK)
        *out = &r->told;
    else
        fv__benchmark_free(&r->told);
    return status;
}

void fv__benchmark_free(fv_bench *told) {
    if (!told) return;
    record *r = (record *)told;
    fv__arena_free(&r->arena);
    fv__free(r);
}
