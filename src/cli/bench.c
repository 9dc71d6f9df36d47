/* SPDX-License-Identifier: MIT */
/*
 * bench.c - `fovea bench`: how fast a network runs here, whole and per layer.
 *
 * Weights and image are random numbers: speed does not depend on them. GFLOP/s count two
 * operations per multiply-accumulate of conv and fc, and for training three times as many
 * (forward, gradient of the input, gradient of the weights). The peak is measured too:
 * multiply-adds on numbers in registers, on all threads.
 */
#include "base/cpu.h"
#include "base/printable.h"
#include "base/random.h"
#include "cli/cli.h"
#include "kern/kern.h"
#include "plan/plan.h"
#include "view/view.h"
#include <stdlib.h>
#include <string.h>

typedef struct keys {
    int64_t batch, runs;
} keys;

static const fv_field key_fields[] = {
    {"batch", "images at a time", FV_INT, offsetof(keys, batch), "1", 1, 1 << 20, 0, NULL, NULL},
    {"runs", "how many are timed (0: for about two seconds)", FV_INT, offsetof(keys, runs), "0", 0,
     100000, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"training", NULL, "time forward, loss and backward instead of forward alone"},
    {"layers", NULL, "time every step of the plan too"},
    {"trace", NULL, "print what was chosen for every layer, and why the faster ways refused"},
    {NULL, NULL, NULL},
};

#define RUNS_MAX 100000
#define SECONDS  2.0

/* What is timed, and the times. */
typedef struct bench {
    fv_cli *cli;
    const fv_net *net; /* with its losses when training */
    int64_t batch;
    bool training;
    fv_plan *plan;
    fv_exec *exec;
    float *weights, *gradients;
    double macs;                /* of one image, forward */
    double *times, *step_times; /* [runs], [steps] medians */
    int runs;
    double median, least, peak; /* seconds, seconds, FLOP/s (0: not measured) */
    fv_plan_memory memory;
} bench;

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median_of(double *values, int n) {
    qsort(values, (size_t)n, sizeof *values, by_size);
    return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/* ------------------------------------------------------------------------------- the peak --- */

typedef struct peak_job {
    const fv_kernels *kernels;
    double *done; /* operations, one cache line apart */
    int64_t rounds;
} peak_job;

static void run_peak(void *arg, int64_t job, int worker) {
    const peak_job *p = arg;
    (void)worker;
    p->done[job * 8] = p->kernels->peak(p->rounds);
}

/* Multiply-adds in registers on all threads, FLOP/s; the best of a few short trials. */
static fv_status measure_peak(bench *b) {
    fv_pool *pool = b->cli->ctx->pool;
    const int workers = fv__pool_size(pool);
    peak_job p = {fv__kernels((fv_isa)b->cli->ctx->isa), NULL, 1000};
    p.done = fv__alloc(b->cli->ctx, (size_t)workers * 8 * sizeof *p.done, "measuring the peak");
    if (!p.done) return FV_EXHAUSTED;
    double taken = 0;
    for (int trial = 0; trial < 8;) { /* trials of 10 ms or more count */
        double operations = 0;
        const double start = fv__seconds();
        fv__pool_run(pool, workers, run_peak, &p);
        taken = fv__seconds() - start;
        for (int i = 0; i < workers; i++) operations += p.done[i * 8];
        if (taken < 0.01 && p.rounds < (int64_t)1 << 40) {
            p.rounds *= 2;
            continue;
        }
        if (taken > 0 && operations / taken > b->peak) b->peak = operations / taken;
        trial++;
    }
    fv__free(p.done);
    return FV_OK;
}

/* ----------------------------------------------------------------------------- preparation --- */

static fv_status count_macs(bench *b) {
    for (size_t n = 0; n < b->net->node_count; n++) {
        const fv_node *node = &b->net->nodes[n];
        fv_site site;
        fv_cost cost = {0};
        if (!node->op->cost || (node->training && !b->training)) continue;
        FV_TRY(fv__net_site(b->cli->ctx, b->net, node, 1, &site));
        node->op->cost(&site, &cost);
        b->macs += (double)cost.macs;
    }
    return FV_OK;
}

static void fill_inputs(bench *b) {
    const fv_key key = fv__key(1, FV_STREAM_CHECK, 0, 0);
    fv_tensor x = fv__exec_value(b->exec, 0);
    const int64_t n = b->batch * fv__shape_sample(&x.shape);
    for (int64_t i = 0; i < n; i++)
        ((float *)x.data)[i] = (float)fv__random_normal(key, (uint64_t)i);
    if (!b->training) return;
    fv_tensor labels = fv__exec_value(b->exec, fv__net_labels(b->net));
    if (labels.dtype == FV_I32) memset(labels.data, 0, (size_t)b->batch * sizeof(int32_t));
}

static fv_status prepare(bench *b) {
    fv_context *ctx = b->cli->ctx;
    const size_t bytes = (size_t)b->net->param_elements * sizeof(float);
    const fv_plan_ask ask = {.batch = b->batch, .training = b->training, .backward = b->training};
    FV_TRY(count_macs(b));
    FV_TRY(fv__plan_new(ctx, b->net, &ask, &b->plan));
    b->memory = fv__plan_memory(b->plan);
    b->weights = fv__alloc(ctx, bytes, "the weights");
    if (!b->weights) return FV_EXHAUSTED;
    fv__net_initialise(b->net, 1, b->weights);
    if (b->training) {
        b->gradients = fv__alloc(ctx, bytes, "the gradients");
        if (!b->gradients) return FV_EXHAUSTED;
    }
    FV_TRY(fv__exec_new(ctx, b->plan, b->weights, b->gradients, &b->exec));
    b->times = fv__alloc(ctx, RUNS_MAX * sizeof *b->times, "the times");
    if (!b->times) return FV_EXHAUSTED;
    fill_inputs(b);
    return FV_OK;
}

static void clean_up(bench *b) {
    fv__exec_free(b->exec);
    fv__plan_free(b->plan);
    fv__free(b->weights);
    fv__free(b->gradients);
    fv__free(b->times);
    fv__free(b->step_times);
}

/* --------------------------------------------------------------------------------- timing --- */

static void run_once(bench *b) {
    fv__exec_forward(b->exec, 1, 0);
    if (b->training) fv__exec_backward(b->exec);
}

static void time_runs(bench *b) {
    const int64_t asked = ((const keys *)b->cli->keys)->runs;
    run_once(b); /* memory touched, caches warm */
    const double begin = fv__seconds();
    while (b->runs < RUNS_MAX) {
        const double start = fv__seconds();
        run_once(b);
        const double now = fv__seconds();
        b->times[b->runs++] = now - start;
        if (asked ? b->runs >= asked : b->runs >= 5 && now - begin > SECONDS) break;
    }
    b->median = median_of(b->times, b->runs);
    b->least = b->times[0]; /* sorted now */
}

/* Each step's median over some rounds. */
static fv_status time_steps(bench *b) {
    const int steps = fv__exec_steps(b->exec), rounds = b->runs < 15 ? b->runs : 15;
    const size_t count = (size_t)steps * (size_t)rounds;
    double *all = fv__alloc(b->cli->ctx, (count + 1) * sizeof *all, "the steps' times");
    b->step_times = fv__alloc(b->cli->ctx, ((size_t)steps + 1) * sizeof *all, "the steps' times");
    if (!all || !b->step_times) {
        fv__free(all);
        return FV_EXHAUSTED;
    }
    for (int r = 0; r < rounds; r++) {
        fv__exec_begin(b->exec, 1, 0);
        for (int s = 0; s < steps; s++) {
            const double start = fv__seconds();
            fv__exec_run_step(b->exec, s);
            all[s * rounds + r] = fv__seconds() - start;
        }
    }
    for (int s = 0; s < steps; s++) b->step_times[s] = median_of(all + s * rounds, rounds);
    fv__free(all);
    return FV_OK;
}

/* --------------------------------------------------------------------------------- output --- */

static double flops(const bench *b) {
    return (b->training ? 6.0 : 2.0) * b->macs * (double)b->batch / b->median;
}

/* Multiply-accumulates of a step, for the batch; backward of conv and fc has two products. */
static double step_work(const bench *b, const fv_step_view *v) {
    fv_site site;
    fv_cost cost = {0};
    if (v->node < 0) return 0;
    const fv_node *node = &b->net->nodes[v->node];
    if (!node->op->cost || fv__net_site(b->cli->ctx, b->net, node, 1, &site) != FV_OK) return 0;
    node->op->cost(&site, &cost);
    return (double)cost.macs * (double)b->batch * (v->which == FV_BACKWARD ? 4.0 : 2.0);
}

static void step_name(const bench *b, const fv_step_view *v, char *out, size_t size) {
    if (v->node < 0)
        snprintf(out, size, "(%s)", v->impl);
    else
        snprintf(out, size, "%s%s%s%s", b->net->nodes[v->node].name, v->fused ? " + " : "",
                 v->fused ? v->fused : "", v->which == FV_BACKWARD ? ", backward" : "");
}

static fv_status steps_text(const bench *b, fv_text *out) {
    fv_table *t = NULL;
    char name[256];
    double sum = 0;
    for (int s = 0; s < fv__exec_steps(b->exec); s++) sum += b->step_times[s];
    FV_TRY(fv__table_new(b->cli->ctx, &t));
    fv__table_column(t, "step", false);
    fv__table_column(t, "way", false);
    fv__table_spare(t, 2);
    fv__table_column(t, "ms", true);
    fv__table_column(t, "share", true);
    fv__table_column(t, "GFLOP/s", true);
    fv__table_spare(t, 1);
    for (int s = 0; s < fv__exec_steps(b->exec); s++) {
        const fv_step_view v = fv__exec_step(b->exec, s);
        const double work = step_work(b, &v), seconds = b->step_times[s];
        step_name(b, &v, name, sizeof name);
        fv__table_cell(t, name);
        fv__table_cell(t, v.impl);
        fv__table_cellf(t, "%.3f", 1e3 * seconds);
        fv__table_cellf(t, "%.1f %%", sum > 0 ? 100 * seconds / sum : 0);
        if (work > 0 && seconds > 0)
            fv__table_cellf(t, "%.1f", 1e-9 * work / seconds);
        else
            fv__table_cell(t, "");
    }
    fv__text_add(out, "\n");
    const fv_status status = fv__table_text(b->cli->ctx, t, fv__cli_screen(stdout).columns, out);
    fv__table_free(t);
    return status;
}

static fv_status as_text(const bench *b, fv_text *out) {
    char text[32], threads[64], runs[64];
    const size_t bytes = b->memory.activations + b->memory.scratch;
    fv__text_addf(out, "%s, batch %lld, %s, fp32, %s, %s, %s\n\n", b->net->name,
                  (long long)b->batch, b->training ? "forward and backward" : "forward",
                  fv__kernels((fv_isa)b->cli->ctx->isa)->name,
                  fv__counted(threads, fv_context_threads(b->cli->ctx), "thread", "threads"),
                  fv__counted(runs, b->runs, "run", "runs"));
    fv__text_addf(out, "  time      %.3f ms (median), %.3f ms (least)\n", 1e3 * b->median,
                  1e3 * b->least);
    fv__text_addf(out, "  images    %.1f a second\n", (double)b->batch / b->median);
    fv__text_addf(out, "  work      %.1f GFLOP/s", 1e-9 * flops(b));
    if (b->peak > 0)
        fv__text_addf(out, ", %.0f %% of this machine's peak of %.0f", 100 * flops(b) / b->peak,
                      1e-9 * b->peak);
    fv__text_addf(out, "\n  memory    %s of buffers", fv__short_bytes(text, (double)bytes));
    fv__text_addf(out, ", %s of parameters\n", fv__short_bytes(text, (double)b->memory.parameters));
    return b->step_times ? steps_text(b, out) : FV_OK;
}

static void as_json(const bench *b, const fv_text *trace, fv_text *out) {
    char name[256];
    fv__text_add(out, "{\"net\": ");
    fv__text_json(out, b->net->name);
    fv__text_addf(out, ", \"batch\": %lld, \"threads\": %d, \"precision\": \"fp32\", ",
                  (long long)b->batch, fv_context_threads(b->cli->ctx));
    fv__text_addf(out, "\"isa\": \"%s\", \"training\": %s,\n",
                  fv__kernels((fv_isa)b->cli->ctx->isa)->name, b->training ? "true" : "false");
    fv__text_addf(out, " \"runs\": %d, \"ms_median\": %.6f, \"ms_min\": %.6f, ", b->runs,
                  1e3 * b->median, 1e3 * b->least);
    fv__text_addf(out, "\"images_per_second\": %.3f, \"gflops\": %.3f, \"peak_gflops\": %.3f, ",
                  (double)b->batch / b->median, 1e-9 * flops(b), 1e-9 * b->peak);
    fv__text_addf(out, "\"peak_share\": %.4f, \"memory_bytes\": %zu, \"parameter_bytes\": %zu",
                  b->peak > 0 ? flops(b) / b->peak : 0.0, b->memory.activations + b->memory.scratch,
                  b->memory.parameters);
    if (b->step_times) fv__text_add(out, ",\n \"layers\": [\n");
    for (int s = 0; b->step_times && s < fv__exec_steps(b->exec); s++) {
        const fv_step_view v = fv__exec_step(b->exec, s);
        step_name(b, &v, name, sizeof name);
        fv__text_addf(out, "%s  {\"name\": ", s ? ",\n" : "");
        fv__text_json(out, name);
        fv__text_add(out, ", \"impl\": ");
        fv__text_json(out, v.impl);
        fv__text_addf(out, ", \"pass\": \"%s\", \"ms\": %.6f, \"gflops\": %.3f}",
                      v.which == FV_BACKWARD ? "backward" : "forward", 1e3 * b->step_times[s],
                      b->step_times[s] > 0 ? 1e-9 * step_work(b, &v) / b->step_times[s] : 0.0);
    }
    if (b->step_times) fv__text_add(out, " ]");
    if (trace->data) {
        fv__text_add(out, ",\n \"trace\": ");
        fv__text_json(out, trace->data);
    }
    fv__text_add(out, "}\n");
}

static fv_status measure(bench *b, fv_text *trace, fv_text *out) {
    FV_TRY(prepare(b));
    if (fv__cli_has(b->cli, "trace")) fv__plan_trace(b->cli->ctx, b->plan, true, trace);
    FV_TRY(measure_peak(b));
    time_runs(b);
    if (fv__cli_has(b->cli, "layers")) FV_TRY(time_steps(b));
    if (b->cli->json) {
        as_json(b, trace, out);
        return FV_OK;
    }
    if (trace->data) fv__text_addf(out, "%s\n", trace->data);
    return as_text(b, out);
}

static fv_status run(fv_cli *cli) {
    fv_net *net = NULL, *trained = NULL;
    fv_text out = {0}, trace = {0};
    bench b = {.cli = cli, .batch = ((const keys *)cli->keys)->batch};
    b.training = fv__cli_has(cli, "training");
    fv_status status = fv__cli_net(cli, cli->words[0], &net);
    if (status == FV_OK && b.training) status = fv__net_with_loss(cli->ctx, net, &trained);
    b.net = b.training ? trained : net;
    if (status == FV_OK) status = measure(&b, &trace, &out);
    clean_up(&b);
    fv__net_free(trained);
    fv__net_free(net);
    out.failed = out.failed || trace.failed;
    fv__text_free(&trace);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

const fv_command fv__command_bench = {
    .name = "bench",
    .help = "time a network: ms, images a second, GFLOP/s, each layer",
    .synopsis = "NETWORK [batch=N] [runs=N] [NAME=VALUE ...]",
    .about = "NETWORK is a name of the zoo, a .net file or a model. GFLOP/s count two operations\n"
             "per multiply-accumulate of conv and fc, three times as many with --training. The\n"
             "peak they are compared with is measured in the same second: multiply-adds on\n"
             "numbers in registers, on as many threads.",
    .examples = "fovea bench resnet50\n"
                "fovea bench lenet5 batch=64 --training --layers\n"
                "fovea bench vgg16 --threads 1 --isa avx2 --json",
    .words_min = 1,
    .words_max = 1,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .takes = FV_CLI_NET,
    .run = run,
};
