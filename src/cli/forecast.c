/* SPDX-License-Identifier: MIT */
/*
 * forecast.c - `fovea train --dry-run`: memory, time and disk of a run, as text or JSON.
 *
 * The memory of the process is what it had at most while the steps and the test were measured,
 * which take all the memory that a run does, with the data set and the program.
 */
#include "cli/forecast.h"
#include "base/printable.h"
#include "cli/child.h"

static void as_json(const fv_training_facts *of, const fv_forecast *f, size_t process,
                    fv_text *out) {
    const struct {
        const char *name;
        size_t bytes;
    } memory[] = {{"process_bytes", process},        {"planned_bytes", f->memory},
                  {"weight_bytes", f->weights},      {"gradient_bytes", f->gradients},
                  {"optimizer_bytes", f->optimizer}, {"packed_bytes", f->packed},
                  {"workspace_bytes", f->workspace}, {"input_bytes", f->input},
                  {"report_bytes", f->report},       {"disk_bytes", f->disk},
                  {"cache_bytes", f->cache}};
    fv_json_writer w = fv__json_writer(out, FV_JSON_ONE_LINE);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "net", of->net);
    fv__json_add_text(&w, "data", of->data);
    fv__json_add_int(&w, "epochs", f->epochs);
    fv__json_add_int(&w, "steps", f->all_steps);
    fv__json_add_int(&w, "steps_per_epoch", f->steps);
    fv__json_add_int(&w, "batch", f->batch);
    fv__json_add_int(&w, "shards", f->shards);
    fv__json_add_int(&w, "steps_measured", f->steps_measured);
    fv__json_add_real(&w, "step_seconds", f->step_seconds);
    fv__json_add_real(&w, "test_seconds", f->test_seconds);
    fv__json_add_real(&w, "epoch_seconds", f->epoch_seconds);
    fv__json_add_real(&w, "seconds", f->seconds);
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        fv__json_add_int(&w, memory[i].name, (int64_t)memory[i].bytes);
    fv__json_add_text(&w, "settings", of->settings);
    fv__json_close(&w);
}

/* Seconds as "0.41 s", "12 min", "3.4 h". */
static char *duration(char out[32], double s) {
    if (s < 100)
        snprintf(out, 32, "%.2g s", s);
    else if (s < 5400)
        snprintf(out, 32, "%.2g min", s / 60);
    else if (s < 172800)
        snprintf(out, 32, "%.2g h", s / 3600);
    else
        snprintf(out, 32, "%.2g days", s / 86400);
    return out;
}

static void part(fv_text *out, const char *what, size_t bytes) {
    char text[32];
    if (bytes)
        fv__text_addf(out, "            %-10s  %s\n", fv__short_bytes(text, (double)bytes), what);
}

static void as_text(const fv_training_facts *of, const fv_forecast *f, size_t process,
                    fv_text *out) {
    char a[64], b[64], c[64];
    fv__text_addf(out, "%s on %s: %s of %lld images each, %s an epoch\n\n", of->net, of->data,
                  fv__counted(a, f->all_steps, "step", "steps"), (long long)f->batch,
                  fv__commas(b, f->steps));
    fv__text_addf(out, "  memory    %s",
                  fv__short_bytes(a, (double)(process ? process : f->memory)));
    if (process)
        fv__text_addf(out, ", the process with data and program; %s of it planned:",
                      fv__short_bytes(a, (double)f->memory));
    fv__text_add(out, "\n");
    part(out, "weights", f->weights);
    part(out, "gradients", f->gradients);
    part(out, "optimiser", f->optimizer);
    part(out, "weights packed for steps and tests", f->packed);
    part(out, "working space", f->workspace);
    part(out, "images laid ready", f->input);
    part(out, "on top, for the report", f->report);
    fv__text_addf(out, "  time      %s for %s; an epoch %s\n", duration(a, f->seconds),
                  fv__counted(b, f->epochs, "epoch", "epochs"), duration(c, f->epoch_seconds));
    fv__text_addf(out, "            a step %s (%s measured), a test %s\n",
                  duration(a, f->step_seconds), fv__counted(b, f->steps_measured, "step", "steps"),
                  duration(c, f->test_seconds));
    fv__text_addf(out, "  disk      %s\n", fv__short_bytes(a, (double)f->disk));
    if (f->cache)
        fv__text_addf(out, "  cache     %s, when all pictures are in it\n",
                      fv__short_bytes(a, (double)f->cache));
}

fv_status fv__cli_forecast(fv_cli *cli, fv_training *t) {
    fv_forecast f = FV_INIT(fv_forecast);
    fv_text out = {0};
    const fv_status status = fv_training_forecast(t, &f);
    const size_t peak = fv__cli_own_peak_bytes(), process = peak ? peak + f.report : 0;
    if (status == FV_OK)
        (cli->json ? as_json : as_text)(fv_training_describe(t), &f, process, &out);
    fv_training_free(t);
    FV_TRY(status);
    return fv__cli_put(cli, &out);
}
