/* SPDX-License-Identifier: MIT */
/*
 * command_bench.c - `fovea bench`: how fast a network runs here, whole and per layer.
 */
#include "base/printable.h"
#include "cli/cli.h"
#include "view/text_table.h"

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

/* Operations a second. */
static double rate(double operations, double seconds) {
    return seconds > 0 ? operations / seconds : 0;
}

static fv_status steps_text(const fv_cli *cli, const fv_bench *b, fv_text *out) {
    fv_table *t = NULL;
    double sum = 0;
    for (int s = 0; s < b->step_count; s++) sum += b->steps[s]->seconds;
    FV_TRY(fv__table_new(cli->ctx, &t));
    fv__table_column(t, "step", false);
    fv__table_column(t, "way", false);
    fv__table_spare(t, 2);
    fv__table_column(t, "ms", true);
    fv__table_column(t, "share", true);
    fv__table_column(t, "GFLOP/s", true);
    fv__table_spare(t, 1);
    for (int s = 0; s < b->step_count; s++) {
        const fv_bench_step *step = b->steps[s];
        fv__table_cell(t, step->name);
        fv__table_cell(t, step->way);
        fv__table_cellf(t, "%.3f", 1e3 * step->seconds);
        fv__table_cellf(t, "%.1f %%", sum > 0 ? 100 * step->seconds / sum : 0);
        if (step->operations > 0 && step->seconds > 0)
            fv__table_cellf(t, "%.1f", 1e-9 * rate(step->operations, step->seconds));
        else
            fv__table_cell(t, "");
    }
    fv__text_add(out, "\n");
    const fv_status status = fv__table_text(cli->ctx, t, fv__cli_screen(stdout).columns, out);
    fv__table_free(t);
    return status;
}

static fv_status as_text(const fv_cli *cli, const fv_bench *b, fv_text *out) {
    char text[32], threads[64], runs[64];
    const double reached = rate(b->operations, b->median);
    if (b->trace) fv__text_addf(out, "%s\n", b->trace);
    fv__cli_sentence(out, "%s, batch %lld, %s, %s, %s, %s, %s", b->net, (long long)b->batch,
                     b->training ? "forward and backward" : "forward", b->precision, b->isa,
                     fv__counted(threads, b->threads, "thread", "threads"),
                     fv__counted(runs, b->runs, "run", "runs"));
    fv__text_addf(out, "\n  time      %.3f ms (median), %.3f ms (least)\n", 1e3 * b->median,
                  1e3 * b->least);
    fv__text_addf(out, "  images    %.1f a second\n", (double)b->batch / b->median);
    fv__text_addf(out, "  work      %.1f GFLOP/s", 1e-9 * reached);
    if (b->peak > 0)
        fv__text_addf(out, ", %.0f %% of the peak of %.0f", 100 * reached / b->peak,
                      1e-9 * b->peak);
    fv__text_addf(out, "\n  memory    %s of buffers", fv__short_bytes(text, (double)b->memory));
    fv__text_addf(out, ", %s of parameters\n", fv__short_bytes(text, (double)b->parameters));
    return fv__cli_has(cli, "layers") ? steps_text(cli, b, out) : FV_OK;
}

static void steps_json(const fv_bench *b, fv_json_writer *w) {
    fv__json_open(w, "layers", '[');
    for (int s = 0; s < b->step_count; s++) {
        const fv_bench_step *step = b->steps[s];
        fv__json_open(w, NULL, '{');
        fv__json_add_text(w, "name", step->name);
        fv__json_add_text(w, "impl", step->way);
        fv__json_add_text(w, "pass", step->backward ? "backward" : "forward");
        fv__json_add_rounded(w, "ms", 1e3 * step->seconds, 6);
        fv__json_add_rounded(w, "gflops", 1e-9 * rate(step->operations, step->seconds), 3);
        fv__json_close(w);
    }
    fv__json_close(w);
}

static void as_json(const fv_cli *cli, const fv_bench *b, fv_text *out) {
    const double reached = rate(b->operations, b->median);
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "net", b->net);
    fv__json_add_int(&w, "batch", b->batch);
    fv__json_add_int(&w, "threads", b->threads);
    fv__json_add_text(&w, "precision", b->precision);
    fv__json_add_text(&w, "isa", b->isa);
    fv__json_add_bool(&w, "training", b->training);
    fv__json_add_int(&w, "runs", b->runs);
    fv__json_add_rounded(&w, "ms_median", 1e3 * b->median, 6);
    fv__json_add_rounded(&w, "ms_min", 1e3 * b->least, 6);
    fv__json_add_rounded(&w, "images_per_second", (double)b->batch / b->median, 3);
    fv__json_add_rounded(&w, "gflops", 1e-9 * reached, 3);
    fv__json_add_rounded(&w, "peak_gflops", 1e-9 * b->peak, 3);
    fv__json_add_rounded(&w, "peak_share", b->peak > 0 ? reached / b->peak : 0.0, 4);
    fv__json_add_int(&w, "memory_bytes", (int64_t)b->memory);
    fv__json_add_int(&w, "parameter_bytes", (int64_t)b->parameters);
    if (fv__cli_has(cli, "layers")) steps_json(b, &w);
    if (b->trace) fv__json_add_text(&w, "trace", b->trace);
    fv__json_close(&w);
}

static fv_status say(fv_cli *cli, const fv_bench *b) {
    fv_text out = {0};
    fv_status status = FV_OK;
    if (cli->json)
        as_json(cli, b, &out);
    else
        status = as_text(cli, b, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

static fv_status measure(fv_cli *cli, const fv_cli_net *subject) {
    const keys *k = cli->keys;
    fv_bench_options options = FV_INIT(fv_bench_options);
    fv_bench *bench;
    options.model = subject->model;
    options.batch = k->batch;
    options.runs = k->runs;
    options.training = fv__cli_has(cli, "training");
    options.steps = fv__cli_has(cli, "layers");
    options.trace = fv__cli_has(cli, "trace");
    FV_TRY(fv_bench_run(cli->ctx, subject->net, &options, &bench));
    const fv_status status = say(cli, bench);
    fv_bench_free(bench);
    return status;
}

static fv_status run(fv_cli *cli) {
    fv_cli_net subject;
    FV_TRY(fv__cli_subject(cli, cli->words[0], &subject));
    const fv_status status = measure(cli, &subject);
    fv__cli_net_free(&subject);
    return status;
}

const fv_command fv__command_bench = {
    .name = "bench",
    .help = "time a network: ms, images a second, GFLOP/s, each layer",
    .synopsis = "NETWORK [batch=N] [runs=N] [weights=FILE] [NAME=VALUE ...]",
    .about =
        "NETWORK is a name of the zoo, a .net file or a model, whose own weights it runs on.\n"
        "GFLOP/s count two operations per multiply-accumulate of conv and fc as the lectures\n"
        "define them, three times as many with --training. The peak is what this machine does\n"
        "in the same second on as many threads: multiply-adds on numbers in registers. A way\n"
        "that needs fewer of them (winograd) comes out above it.",
    .examples = "fovea bench resnet50\n"
                "fovea bench lenet5 batch=64 --training --layers\n"
                "fovea bench vgg16 --threads 1 --isa avx2 --json",
    .words_min = 1,
    .words_max = 1,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .takes = FV_CLI_NET | FV_CLI_WEIGHTS | FV_CLI_INPUT,
    .run = run,
};
