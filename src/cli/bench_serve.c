/* SPDX-License-Identifier: MIT */
/*
 * bench_serve.c - `fovea bench MODEL --serve FILE`: this command as one of the programs that
 * `fovea bench --against` runs in turns. It speaks as the others do (bench/rivals/README.md).
 */
#include "cli/bench.h"
#include <stdlib.h>
#include <string.h>

#define RUNS_AT_ONCE 100000

typedef struct server {
    fv_cli *cli;
    fv_model *model;
    fv_run *run;
    int64_t batch;
    fv_trainer *trainer; /* steps of training: then the numbers are in `x` */
    float *x;
    int32_t *labels;
    double loss;
} server;

static fv_status compute(server *s) {
    return s->trainer ? fv_trainer_step(s->trainer, s->x, s->labels, s->batch, &s->loss)
                      : fv_run_forward(s->run, s->batch);
}

static fv_status say(fv_cli *cli, const char *text) {
    fv_text out = {0};
    fv__text_addf(&out, "%s\n", text);
    return fv__cli_put_as_it_is(cli, &out);
}

/* {"ms": [0.013, 0.012]} */
static fv_status run_times(server *s, int64_t n) {
    fv_text out = {.ctx = s->cli->ctx};
    if (n < 1 || n > RUNS_AT_ONCE)
        return fv__fail(s->cli->ctx, FV_USAGE, "run: 1 to %d times, not %lld", RUNS_AT_ONCE,
                        (long long)n);
    double *times = fv__alloc(s->cli->ctx, (size_t)n * sizeof *times, "the times");
    fv_status status = times ? FV_OK : FV_EXHAUSTED;
    for (int64_t i = 0; i < n && status == FV_OK; i++) {
        const double start = fv_seconds();
        status = compute(s);
        times[i] = fv_seconds() - start;
    }
    if (status == FV_OK) {
        fv_json_writer w = fv__json_writer(&out, FV_JSON_ONE_LINE);
        fv__json_open(&w, NULL, '{');
        fv__json_open(&w, "ms", '[');
        for (int64_t i = 0; i < n; i++) fv__json_add_rounded(&w, NULL, 1e3 * times[i], 6);
        fv__json_close(&w);
        fv__json_close(&w);
        status = fv__cli_put_as_it_is(s->cli, &out);
    }
    fv__free(times);
    return status;
}

/* All outputs, one after the other. */
static fv_status add_outputs(server *s, fv_text *bytes) {
    int64_t count;
    const float *y;
    FV_TRY(compute(s));
    for (int i = 0; (y = fv_run_output(s->run, i, &count)) != NULL; i++)
        fv__text_addn(bytes, (const char *)y, (size_t)(s->batch * count) * sizeof *y);
    return FV_OK;
}

/* The loss, and the gradients of all parameters in the order of the model; nothing is changed. */
static fv_status add_gradients(server *s, fv_text *bytes) {
    fv_context *ctx = s->cli->ctx;
    FV_TRY(fv_trainer_set_rate(s->trainer, 0));
    FV_TRY(compute(s));
    const float loss = (float)s->loss;
    fv__text_addn(bytes, (const char *)&loss, sizeof loss);
    for (int i = 0; i < fv_model_tensors(s->model); i++) {
        fv_tensor_view tensor = FV_INIT(fv_tensor_view), gradient = tensor;
        FV_TRY(fv_model_tensor(ctx, s->model, i, &tensor));
        if (!tensor.learned) continue;
        FV_TRY(fv_trainer_gradient(s->trainer, tensor.name, &gradient));
        fv__text_addn(bytes, (const char *)gradient.data, (size_t)gradient.count * sizeof(float));
    }
    return fv_trainer_set_rate(s->trainer, FV_BENCH_RATE);
}

static fv_status write_outputs(server *s, const char *path) {
    fv_text bytes = {.ctx = s->cli->ctx};
    fv_status status = s->trainer ? add_gradients(s, &bytes) : add_outputs(s, &bytes);
    if (status != FV_OK) {
        fv__text_free(&bytes);
        return status;
    }
    status = fv__text_done(s->cli->ctx, &bytes);
    if (status == FV_OK) status = fv__file_write(s->cli->ctx, path, bytes.data, bytes.length);
    fv__text_free(&bytes);
    return status == FV_OK ? say(s->cli, "{\"written\": true}") : status;
}

static fv_status obey(server *s) {
    char line[1024];
    while (fgets(line, sizeof line, stdin)) {
        int64_t n;
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "run ", 4) == 0 && fv__parse_int(line + 4, &n))
            FV_TRY(run_times(s, n));
        else if (strncmp(line, "output ", 7) == 0)
            FV_TRY(write_outputs(s, line + 7));
        else
            return fv__fail(s->cli->ctx, FV_USAGE, "--serve: 'run N' or 'output FILE', not '%s'",
                            line);
    }
    return FV_OK;
}

static fv_status fill(server *s, float *x, const char *input) {
    fv_bytes bytes;
    int64_t dims[3];
    const int64_t sample = fv_model_input(s->model, dims);
    const size_t want = (size_t)(s->batch * sample) * sizeof(float);
    FV_TRY(fv__file_read(s->cli->ctx, input, 0, &bytes));
    fv_status status = FV_OK;
    if (bytes.size == want)
        memcpy(x, bytes.data, want);
    else
        status = fv__fail(s->cli->ctx, FV_BAD_INPUT,
                          "%s: %zu bytes, and %zu are wanted: a batch of %lld times %lldx%lldx%lld "
                          "float32",
                          input, bytes.size, want, (long long)s->batch, (long long)dims[0],
                          (long long)dims[1], (long long)dims[2]);
    fv__file_release(&bytes);
    return status;
}

static fv_status start_training(server *s, const char *input) {
    fv_context *ctx = s->cli->ctx;
    int64_t dims[FV_DIMS_MAX];
    const char *settings = fv__arena_format(
        &s->cli->arena, "optimizer=sgd loss=%s lr=%g momentum=%g nesterov=no decay=%g batch=%lld",
        FV_BENCH_LOSS, FV_BENCH_RATE, FV_BENCH_MOMENTUM, FV_BENCH_DECAY, (long long)s->batch);
    if (!settings) return FV_EXHAUSTED;
    FV_TRY(fv_trainer_new(ctx, s->model, settings, &s->trainer));
    const int64_t sample = fv_model_input(s->model, dims);
    s->x = fv__alloc(ctx, (size_t)(s->batch * sample) * sizeof *s->x, "the input");
    s->labels = fv__alloc(ctx, (size_t)s->batch * sizeof *s->labels, "the labels");
    if (!s->x || !s->labels) return FV_EXHAUSTED;
    (void)fv_model_output(s->model, 0, dims);
    for (int64_t i = 0; i < s->batch; i++) s->labels[i] = fv__cli_bench_label(i, dims[0]);
    FV_TRY(fill(s, s->x, input));
    return fv_trainer_set_rate(s->trainer, 0); /* the first step finds gradients alone */
}

static fv_status serve(server *s, const char *input) {
    fv_text ready = {0};
    if (fv__cli_has(s->cli, "training")) {
        FV_TRY(start_training(s, input));
    } else {
        FV_TRY(fv_run_new(s->cli->ctx, s->model, s->batch, &s->run));
        FV_TRY(fill(s, fv_run_input(s->run), input));
    }
    FV_TRY(compute(s));
    if (s->trainer) FV_TRY(fv_trainer_set_rate(s->trainer, FV_BENCH_RATE));
    FV_TRY(say(s->cli, "{\"first\": true}"));
    fv_json_writer w = fv__json_writer(&ready, FV_JSON_ONE_LINE);
    fv__json_open(&w, NULL, '{');
    fv__json_add_bool(&w, "ready", true);
    fv__json_add_text(&w, "title", "Fovea");
    fv__json_add_text(&w, "version", fv_version());
    fv__json_close(&w);
    FV_TRY(fv__cli_put_as_it_is(s->cli, &ready));
    return obey(s);
}

fv_status fv__cli_bench_serve(fv_cli *cli, const char *input) {
    server s = {.cli = cli, .batch = ((const fv_bench_keys *)cli->keys)->batch};
    FV_TRY(fv__cli_model(cli, cli->words[0], 1, &s.model));
    const fv_status status = serve(&s, input);
    fv_trainer_free(s.trainer);
    fv_run_free(s.run);
    fv__free(s.x);
    fv__free(s.labels);
    fv_model_free(s.model);
    return status;
}
