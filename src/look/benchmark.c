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
#include "base/denormal.h"
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
    const fv_graph *net; /* with its losses when training */
    fv_plan *plan;
    fv_exec *exec;
    fv_site_room room;
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
static fv_status macs_of(bench *b, const fv_node *node, int64_t *macs) {
    fv_cost cost;
    *macs = 0;
    if (!node->op->cost) return FV_OK;
    FV_TRY(fv__net_site(b->ctx, b->net, node, 1, &b->room));
    fv__op_cost(&b->room.site, &cost);
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

/* Random numbers, and labels that every network has. */
static fv_status fill_inputs(bench *b) {
    const fv_key key = fv__key(1, FV_STREAM_CHECK, 0, 0);
    for (size_t v = 0; v < b->net->value_count; v++) {
        const fv_value *value = &b->net->values[v];
        if (value->node >= 0 || value->data) continue;
        const int64_t n = b->told->batch * fv__shape_sample(&value->shape);
        float *x = fv__alloc(b->ctx, (size_t)n * fv__dtype_bytes(value->type.dtype), "an input");
        if (!x) return FV_EXHAUSTED;
        for (int64_t i = 0; value->type.dtype == FV_F32 && i < n; i++)
            x[i] = (float)fv__random_normal(key, (uint64_t)i);
        fv__exec_write(b->exec, (int)v, x);
        fv__free(x);
    }
    return FV_OK;
}

/* The model's own weights, which speed may depend on, or fresh ones. */
static fv_status fill_weights(bench *b, size_t bytes, int init) {
    b->weights = b->ctx->device->alloc(b->ctx, bytes, "the weights");
    float *fresh = fv__alloc(b->ctx, bytes, "the weights");
    if (b->weights && fresh) {
        if (b->options->model)
            memcpy(fresh, b->options->model->weights, bytes);
        else
            fv__net_initialise(b->net, init, 1, fresh);
        b->ctx->device->upload(b->weights, fresh, bytes);
    }
    fv__free(fresh);
    return b->weights && fresh ? FV_OK : FV_EXHAUSTED;
}

static fv_status prepare(bench *b, int init) {
    const size_t bytes = (size_t)b->net->param_elements * sizeof(float);
    const fv_plan_options options = {
        .batch = b->told->batch, .training = b->told->training, .backward = b->told->training};
    FV_TRY(fv__net_site_room(b->ctx, b->net, &b->room));
    FV_TRY(count_work(b));
    FV_TRY(fv__plan_new(b->ctx, b->net, &options, &b->plan));
    b->told->precision = fv__precision_name((int)fv__plan_precision(b->plan));
    const fv_plan_memory memory = fv__plan_memory(b->plan);
    b->told->memory = memory.activations + memory.scratch + memory.prepared;
    b->told->parameters = memory.parameters;
    FV_TRY(fill_weights(b, bytes, init));
    if (b->told->training) {
        b->gradients = b->ctx->device->alloc(b->ctx, bytes, "the gradients");
        if (!b->gradients) return FV_EXHAUSTED;
    }
    const fv_exec_options exec = {.weights = b->weights, .gradients = b->gradients};
    FV_TRY(fv__exec_new(b->ctx, b->plan, &exec, &b->exec));
    return fill_inputs(b);
}

static void clean_up(bench *b) {
    fv__exec_free(b->exec);
    fv__plan_free(b->plan);
    b->ctx->device->release(b->weights);
    b->ctx->device->release(b->gradients);
    fv__net_site_free(&b->room);
    fv__free(b->times);
}

/* --------------------------------------------------------------------------------- timing --- */

/* One execution, as a run or a training step does it; in training weights are packed anew. */
static void run_once(bench *b, const fv_walk *walk) {
    const fv_exec_run run = {.seed = 1};
    const fv_denormal_state denormals = fv__denormals_off();
    if (b->told->training) fv__prepare(b->ctx, fv__exec_prepared(b->exec));
    fv__exec_forward(b->exec, &run, walk);
    if (b->told->training) fv__exec_backward(b->exec, walk);
    fv__denormals_restore(denormals);
}

static fv_status time_runs(bench *b) {
    const int64_t asked = b->options->runs;
    b->times = fv__alloc(b->ctx, RUNS_MAX * sizeof *b->times, "the times");
    if (!b->times) return FV_EXHAUSTED;
    run_once(b, NULL); /* memory touched, caches warm */
    const double begin = fv__seconds();
    int runs = 0;
    while (runs < RUNS_MAX) {
        const double start = fv__seconds();
        run_once(b, NULL);
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
    const int count = fv__plan_steps(b->plan);
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

/* One execution, each step timed by hooks of the walk. */
typedef struct round {
    double *all;
    int rounds;
    double start;
} round_times;

static void start_step(void *arg, const fv_step_view *v) {
    (void)v;
    ((round_times *)arg)->start = fv__seconds();
}

static bool end_step(void *arg, const fv_step_view *v) {
    round_times *r = arg;
    r->all[v->step * r->rounds] += fv__seconds() - r->start; /* of all groups of the batch */
    return true;
}

static void time_round(bench *b, double *all, int rounds) {
    round_times r = {.all = all, .rounds = rounds};
    const fv_walk walk = {start_step, end_step, &r};
    run_once(b, &walk);
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
    fv_text trace = {.ctx = b->ctx};
    fv_status status = fv__plan_trace(b->ctx, b->plan, true, &trace);
    if (status == FV_OK) status = fv__text_done(b->ctx, &trace);
    if (status == FV_OK) b->told->trace = fv__arena_text(b->arena, trace.data ? trace.data : "");
    fv__text_free(&trace);
    return status != FV_OK ? status : b->told->trace ? FV_OK : FV_EXHAUSTED;
}

static fv_status measure(bench *b, const char *name, int init) {
    fv_bench *told = b->told;
    told->net = fv__arena_text(b->arena, name);
    told->isa = fv__isa_name(b->ctx->isa);
    told->threads = fv_context_threads(b->ctx);
    told->training = b->options->training;
    told->batch = b->options->batch ? b->options->batch : 1;
    if (!told->net) return FV_EXHAUSTED;
    if (told->training) FV_TRY(fv__plan_trains(b->ctx));
    FV_TRY(prepare(b, init));
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
    fv_graph *trained = NULL;
    *out = NULL;
    if (!r) return FV_EXHAUSTED;
    fv__arena_init(&r->arena, ctx);
    bench b = {
        .ctx = ctx, .told = &r->told, .arena = &r->arena, .options = options, .net = net->graph};
    fv_status status = options->training ? fv__net_with_loss(ctx, net->graph,
                                                             fv__losses[net->recipe.loss], &trained)
                                         : FV_OK;
    if (trained) b.net = trained;
    if (status == FV_OK) status = measure(&b, net->graph->name, net->recipe.init);
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
