/* SPDX-License-Identifier: MIT */
/*
 * benchmark.c - a network timed, whole and step by step.
 *
 * The samples are random numbers. GFLOP/s count two operations per multiply-accumulate of conv and
 * fc, and for training three times as many (forward, gradient of the input, gradient of the
 * weights).
 */
#include "look/benchmark_job.h"
#include "base/cpu_features.h"
#include "base/denormal.h"
#include "base/random.h"
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX   100000
#define SECONDS    2.0 /* of timing, where no number of runs is asked for */
#define PEAKS_MOST 256 /* of them the median is taken */

/* What is handed out, and all that it points to. */
typedef struct record {
    fv_bench told;
    fv_arena arena;
} record;

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double fv__bench_median(double *values, int n) {
    qsort(values, (size_t)n, sizeof *values, by_size);
    return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

fv_status fv__bench_macs(fv_bench_job *b, const fv_node *node, int64_t *macs) {
    fv_cost cost;
    *macs = 0;
    if (!node->op->cost) return FV_OK;
    FV_TRY(fv__net_site(b->ctx, b->net, node, 1, &b->room));
    fv__op_cost(&b->room.site, &cost);
    *macs = cost.macs;
    return FV_OK;
}

static fv_status count_work(fv_bench_job *b) {
    double sum = 0;
    for (size_t n = 0; n < b->net->node_count; n++) {
        int64_t macs;
        if (b->net->nodes[n].training && !b->told->training) continue;
        FV_TRY(fv__bench_macs(b, &b->net->nodes[n], &macs));
        sum += (double)macs;
    }
    b->told->operations = (b->told->training ? 6.0 : 2.0) * sum * (double)b->told->batch;
    return FV_OK;
}

/* ----------------------------------------------------------------------------- preparation --- */

/* Random numbers, and labels that every network has. */
static fv_status fill_inputs(fv_bench_job *b) {
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
static fv_status fill_weights(fv_bench_job *b, size_t bytes, const fv_recipe *start) {
    b->weights = b->ctx->device->alloc(b->ctx, bytes, "the weights");
    float *fresh = fv__alloc(b->ctx, bytes, "the weights");
    if (b->weights && fresh) {
        if (b->options->model)
            memcpy(fresh, b->options->model->weights, bytes);
        else
            fv__net_start(b->net, start, 1, fresh);
        b->ctx->device->upload(b->weights, fresh, bytes);
    }
    fv__free(fresh);
    return b->weights && fresh ? FV_OK : FV_EXHAUSTED;
}

static fv_status prepare(fv_bench_job *b, const fv_recipe *start) {
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
    FV_TRY(fill_weights(b, bytes, start));
    if (b->told->training) {
        b->gradients = b->ctx->device->alloc(b->ctx, bytes, "the gradients");
        if (!b->gradients) return FV_EXHAUSTED;
    }
    const fv_exec_options exec = {.weights = b->weights, .gradients = b->gradients};
    FV_TRY(fv__exec_new(b->ctx, b->plan, &exec, &b->exec));
    return fill_inputs(b);
}

static void clean_up(fv_bench_job *b) {
    fv__exec_free(b->exec);
    fv__plan_free(b->plan);
    b->ctx->device->release(b->weights);
    b->ctx->device->release(b->gradients);
    fv__net_site_free(&b->room);
    fv__free(b->times);
    fv__peak_meter_free(&b->meter);
}

/* --------------------------------------------------------------------------------- timing --- */

void fv__bench_once(fv_bench_job *b, const fv_walk *walk) {
    const fv_exec_run run = {.seed = 1};
    const fv_denormal_state denormals = fv__denormals_off();
    if (b->told->training) fv__prepare(b->ctx, fv__exec_prepared(b->exec));
    fv__exec_forward(b->exec, &run, walk);
    if (b->told->training) fv__exec_backward(b->exec, walk);
    fv__denormals_restore(denormals);
}

bool fv__bench_peak(fv_bench_job *b) {
    const double now = fv__seconds();
    if (b->peak > 0 && now - b->peak_time < FV_PEAK_AGE) return false;
    b->peak = fv__peak_once(&b->meter);
    b->peak_time = fv__seconds();
    return true;
}

static fv_status time_runs(fv_bench_job *b) {
    const int64_t asked = b->options->runs;
    double peaks[PEAKS_MOST];
    b->times = fv__alloc(b->ctx, RUNS_MAX * sizeof *b->times, "the times");
    if (!b->times) return FV_EXHAUSTED;
    fv__bench_once(b, NULL); /* memory touched, caches warm */
    double timed = 0;
    int runs = 0, measured = 0;
    while (runs < RUNS_MAX) {
        if (fv__bench_peak(b) && measured < PEAKS_MOST) peaks[measured++] = b->peak;
        const double start = fv__seconds();
        fv__bench_once(b, NULL);
        timed += b->times[runs++] = fv__seconds() - start;
        if (asked ? runs >= asked : runs >= 5 && timed > SECONDS) break;
    }
    b->told->runs = runs;
    b->told->median = fv__bench_median(b->times, runs);
    b->told->least = b->times[0]; /* sorted now */
    b->told->peak = fv__bench_median(peaks, measured);
    b->told->resident = fv__resident_bytes();
    return FV_OK;
}

static fv_status add_trace(fv_bench_job *b) {
    fv_text trace = {.ctx = b->ctx};
    fv_status status = fv__plan_trace(b->ctx, b->plan, true, &trace);
    if (status == FV_OK) status = fv__text_done(b->ctx, &trace);
    if (status == FV_OK) b->told->trace = fv__arena_text(b->arena, trace.data ? trace.data : "");
    fv__text_free(&trace);
    return status != FV_OK ? status : b->told->trace ? FV_OK : FV_EXHAUSTED;
}

static fv_status measure(fv_bench_job *b, const char *name, const fv_recipe *start) {
    fv_bench *told = b->told;
    told->net = fv__arena_text(b->arena, name);
    told->isa = fv__isa_name(b->ctx->isa);
    told->threads = fv_context_threads(b->ctx);
    told->training = b->options->training;
    told->batch = b->options->batch ? b->options->batch : 1;
    if (!told->net) return FV_EXHAUSTED;
    if (told->training) FV_TRY(fv__plan_trains(b->ctx));
    FV_TRY(prepare(b, start));
    FV_TRY(fv__bench_list_steps(b));
    if (b->options->trace) FV_TRY(add_trace(b));
    if (b->options->runs < 0 && !b->options->steps) return FV_OK;
    FV_TRY(fv__peak_meter_init(b->ctx, &b->meter));
    if (b->options->runs >= 0) FV_TRY(time_runs(b));
    return b->options->steps ? fv__bench_time_steps(b) : FV_OK;
}

fv_status fv__benchmark(fv_context *ctx, const fv_net *net, const fv_bench_options *options,
                        fv_bench **out) {
    record *r = fv__alloc(ctx, sizeof *r, "a benchmark");
    fv_graph *trained = NULL;
    *out = NULL;
    if (!r) return FV_EXHAUSTED;
    fv__arena_init(&r->arena, ctx);
    fv_bench_job b = {
        .ctx = ctx, .told = &r->told, .arena = &r->arena, .options = options, .net = net->graph};
    fv_status status = options->training ? fv__net_with_loss(ctx, net->graph,
                                                             fv__losses[net->recipe.loss], &trained)
                                         : FV_OK;
    if (trained) b.net = trained;
    if (status == FV_OK) status = measure(&b, net->graph->name, &net->recipe);
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
