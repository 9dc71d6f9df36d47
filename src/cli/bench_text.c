/* SPDX-License-Identifier: MIT */
/*
 * bench_text.c - what `fovea bench` tells of one network, for people and as JSON.
 */
#include "base/printable.h"
#include "cli/bench.h"
#include "view/text_table.h"
#include <string.h>

/* Operations, or bytes, a second. */
static double rate(double amount, double seconds) {
    return seconds > 0 ? amount / seconds : 0;
}

/* What a step reaches of the peak that was measured beside it. */
static double share(const fv_bench_step *step) {
    return step->peak > 0 ? rate(step->operations, step->seconds) / step->peak : 0;
}

/* --- for people --------------------------------------------------------------------------------
 */

/* A number, or nothing where there is none. */
static void cell(fv_table *t, const char *format, double v) {
    if (v > 0)
        fv__table_cellf(t, format, v);
    else
        fv__table_cell(t, "");
}

/* The step's name, the layers that are joined to it without the block that they share with it:
   "block1.conv1 + bn1, relu1". JSON has all of each name. */
static void step_cell(fv_table *t, const fv_cli *cli, const fv_bench_step *step) {
    fv_text name = {.ctx = cli->ctx};
    const char *dot = step->layer ? strrchr(step->layer, '.') : NULL, *s = step->name;
    const size_t block = dot ? (size_t)(dot - step->layer) + 1 : 0;
    for (size_t n = step->layer ? strlen(step->layer) : 0; *s; n = strcspn(s, ",")) {
        const bool same = block && s > step->name && n > block &&
                          strncmp(s, step->layer, block) == 0 && !memchr(s + block, '.', n - block);
        fv__text_addn(&name, s + (same ? block : 0), n - (same ? block : 0));
        s += n;
        n = strspn(s, " +,");
        fv__text_addn(&name, s, n);
        s += n;
    }
    fv__table_cell(t, name.failed || !name.data ? step->name : name.data);
    fv__text_free(&name);
}

static fv_status steps_text(const fv_cli *cli, const fv_bench *b, fv_text *out) {
    fv_table *t = NULL;
    double sum = 0;
    for (int s = 0; s < b->step_count; s++) sum += b->steps[s]->seconds;
    FV_TRY(fv__table_new(cli->ctx, &t));
    fv__table_column(t, "step", false);
    fv__table_column(t, "way", false);
    fv__table_spare(t, 3);
    fv__table_column(t, "ms", true);
    fv__table_column(t, "share", true);
    fv__table_spare(t, 4);
    fv__table_column(t, "GFLOP/s", true);
    fv__table_spare(t, 2);
    fv__table_column(t, "of peak", true);
    fv__table_column(t, "GB/s", true);
    fv__table_spare(t, 1);
    for (int s = 0; s < b->step_count; s++) {
        const fv_bench_step *step = b->steps[s];
        step_cell(t, cli, step);
        fv__table_cell(t, step->way);
        fv__table_cellf(t, "%.3f", 1e3 * step->seconds);
        fv__table_cellf(t, "%.1f %%", sum > 0 ? 100 * step->seconds / sum : 0);
        cell(t, "%.1f", 1e-9 * rate(step->operations, step->seconds));
        cell(t, "%.0f %%", 100 * share(step));
        cell(t, "%.1f", 1e-9 * rate(step->bytes, step->seconds));
    }
    fv__text_add(out, "\n");
    const fv_status status = fv__table_text(cli->ctx, t, fv__cli_screen(stdout).columns, out);
    fv__table_free(t);
    return status;
}

/* The steps that stay far below the peak, and why. */
static fv_status slow_text(const fv_cli *cli, const fv_bench *b, fv_text *out) {
    fv_table *t = NULL;
    int count = 0;
    FV_TRY(fv__table_new(cli->ctx, &t));
    fv__table_column(t, "step", false);
    fv__table_column(t, "of peak", true);
    fv__table_column(t, "why", false);
    for (int s = 0; s < b->step_count; s++) {
        const fv_bench_step *step = b->steps[s];
        if (!step->why) continue;
        count++;
        step_cell(t, cli, step);
        fv__table_cellf(t, "%.0f %%", 100 * share(step));
        fv__table_cell(t, step->why);
    }
    fv_status status = FV_OK;
    if (count) {
        fv__text_addf(out, "\nBelow %.0f %% of the peak; memory streams at %.1f GB/s:\n\n",
                      100 * FV_BENCH_WELL, 1e-9 * b->bandwidth);
        status = fv__table_text(cli->ctx, t, fv__cli_screen(stdout).columns, out);
    }
    fv__table_free(t);
    return status;
}

fv_status fv__cli_bench_text(const fv_cli *cli, const fv_bench *b, fv_text *out) {
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
    if (b->resident)
        fv__text_addf(out, "  process   %s in memory\n",
                      fv__short_bytes(text, (double)b->resident));
    if (!fv__cli_has(cli, "layers")) return FV_OK;
    FV_TRY(steps_text(cli, b, out));
    return slow_text(cli, b, out);
}

/* --- JSON --------------------------------------------------------------------------------------
 */

static void step_json(const fv_bench_step *step, fv_json_writer *w) {
    fv__json_open(w, NULL, '{');
    fv__json_add_text(w, "name", step->name);
    fv__json_add_text(w, "impl", step->way);
    fv__json_add_text(w, "pass", step->backward ? "backward" : "forward");
    fv__json_add_rounded(w, "ms", 1e3 * step->seconds, 6);
    fv__json_add_rounded(w, "gflops", 1e-9 * rate(step->operations, step->seconds), 3);
    fv__json_add_rounded(w, "peak_gflops", 1e-9 * step->peak, 3);
    fv__json_add_rounded(w, "peak_share", share(step), 4);
    fv__json_add_rounded(w, "gigabytes_per_second", 1e-9 * rate(step->bytes, step->seconds), 3);
    fv__json_add_text(w, "why", step->why);
    fv__json_close(w);
}

void fv__cli_bench_json(const fv_cli *cli, const fv_bench *b, fv_text *out) {
    const double reached = rate(b->operations, b->median);
    const bool layers = fv__cli_has(cli, "layers");
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
    fv__json_add_int(&w, "resident_bytes", (int64_t)b->resident);
    if (layers) {
        fv__json_add_rounded(&w, "streaming_gigabytes_per_second", 1e-9 * b->bandwidth, 3);
        fv__json_open(&w, "layers", '[');
        for (int s = 0; s < b->step_count; s++) step_json(b->steps[s], &w);
        fv__json_close(&w);
    }
    if (b->trace) fv__json_add_text(&w, "trace", b->trace);
    fv__json_close(&w);
}
