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
    fv_run *run;
    int64_t batch;
} server;

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
        status = fv_run_forward(s->run, s->batch);
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
static fv_status write_outputs(server *s, const char *path) {
    fv_text bytes = {.ctx = s->cli->ctx};
    int64_t count;
    const float *y;
    FV_TRY(fv_run_forward(s->run, s->batch));
    for (int i = 0; (y = fv_run_output(s->run, i, &count)) != NULL; i++)
        fv__text_addn(&bytes, (const char *)y, (size_t)(s->batch * count) * sizeof *y);
    fv_status status = fv__text_done(s->cli->ctx, &bytes);
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

static fv_status fill(server *s, const fv_model *model, const char *input) {
    fv_bytes bytes;
    int64_t dims[3];
    const int64_t sample = fv_net_input(fv_model_net(model), dims);
    const size_t want = (size_t)(s->batch * sample) * sizeof(float);
    FV_TRY(fv__file_read(s->cli->ctx, input, 0, &bytes));
    fv_status status = FV_OK;
    if (bytes.size == want)
        memcpy(fv_run_input(s->run), bytes.data, want);
    else
        status = fv__fail(s->cli->ctx, FV_BAD_INPUT,
                          "%s: %zu bytes, and %zu are wanted: a batch of %lld times %lldx%lldx%lld "
                          "float32",
                          input, bytes.size, want, (long long)s->batch, (long long)dims[0],
                          (long long)dims[1], (long long)dims[2]);
    fv__file_release(&bytes);
    return status;
}

static fv_status serve(server *s, const fv_model *model, const char *input) {
    fv_text ready = {0};
    FV_TRY(fv_run_new(s->cli->ctx, model, s->batch, &s->run));
    FV_TRY(fill(s, model, input));
    FV_TRY(fv_run_forward(s->run, s->batch));
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
    fv_model *model;
    FV_TRY(fv__cli_model(cli, cli->words[0], 1, &model));
    const fv_status status = serve(&s, model, input);
    fv_run_free(s.run);
    fv_model_free(model);
    return status;
}
