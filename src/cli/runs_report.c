/* SPDX-License-Identifier: MIT */
/*
 * runs_report.c - training runs beside each other: a line each, and a table of the settings in
 * which they differ; the same as JSON and as CSV.
 */
#include "cli/runs_report.h"
#include "base/printable.h"
#include "view/text_table.h"
#include <math.h>
#include <string.h>
#include <time.h>

#define MINUTE 60.0
#define HOUR   3600.0

/* By fv_run_state. */
static const char *const states[] = {"finished", "running", "stopped", "damaged"};

static int count_of(const fv_runs *runs) {
    int n = 0;
    while (fv_runs_at(runs, n)) n++;
    return n;
}

static int settings_of(const fv_runs *runs) {
    int n = 0;
    while (fv_runs_setting(runs, n)) n++;
    return n;
}

/* --- for people ------------------------------------------------------------------------------- */

static void share_cell(fv_table *t, double v) {
    if (isnan(v))
        fv__table_cell(t, "");
    else
        fv__table_cellf(t, "%.2f %%", 100 * v);
}

static void loss_cell(fv_table *t, double v) {
    if (isnan(v))
        fv__table_cell(t, "");
    else
        fv__table_cellf(t, fabs(v) < 99999 ? "%.4f" : "%.3e", v);
}

static void time_cell(fv_table *t, double seconds) {
    const long s = seconds < 1e15 ? (long)(seconds + 0.5) : 0;
    if (seconds < MINUTE)
        fv__table_cellf(t, "%.1f s", seconds);
    else if (seconds < HOUR)
        fv__table_cellf(t, "%ld:%02ld", s / 60, s % 60);
    else
        fv__table_cellf(t, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

/* "2026-11-27 23:40" where the reader is; "": not known. */
static void date_of(int64_t seconds, char out[32]) {
    const time_t at = (time_t)seconds;
    struct tm tm;
    *out = 0;
    if (seconds > 0 && localtime_r(&at, &tm)) strftime(out, 32, "%Y-%m-%d %H:%M", &tm);
}

static void state_cell(fv_table *t, const fv_run_facts *f) {
    char date[32];
    date_of(f->changed, date);
    if (f->state == FV_RUN_RUNNING || f->state == FV_RUN_DAMAGED)
        fv__table_cell(t, states[f->state]);
    else
        fv__table_cellf(t, "%s %s", states[f->state], date);
}

/* Sentences are too long for a column. */
static void put_troubles(const fv_runs *runs, fv_text *out) {
    const size_t room = (size_t)fv__cli_screen(stdout).columns;
    const char *before = "\nDamaged:\n";
    const fv_run_facts *f;
    for (int i = 0; (f = fv_runs_at(runs, i)) != NULL; i++) {
        fv_text line = {.ctx = out->ctx};
        if (!f->trouble) continue;
        fv__text_printable(&line, f->trouble, "");
        fv__text_addf(out, "%s  ", before);
        fv__text_wrapped(out, line.data ? line.data : "", 2, room);
        out->failed = out->failed || line.failed;
        fv__text_free(&line);
        before = "";
    }
}

static void put_columns(fv_table *t) {
    static const struct {
        const char *head;
        bool right;
        int spare; /* when there is no room for it */
    } columns[] = {{"run", false, 0},       {"network", false, 4},
                   {"data", false, 3},      {"epochs", true, 0},
                   {"best", true, 0},       {"last", true, 7},
                   {"least loss", true, 6}, {"loss", true, 8},
                   {"time", true, 5},       {"images a second", true, 1},
                   {"memory", true, 2},     {"", false, 0}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        fv__table_column(t, columns[i].head, columns[i].right);
        if (columns[i].spare) fv__table_spare(t, columns[i].spare);
    }
}

static void put_row(fv_table *t, const fv_run_facts *f) {
    char number[32];
    fv__table_cell(t, f->folder);
    fv__table_cell(t, f->net);
    fv__table_cell(t, f->data);
    if (f->epochs)
        fv__table_cellf(t, "%lld/%lld", (long long)f->epochs_done, (long long)f->epochs);
    else
        fv__table_cell(t, "");
    share_cell(t, f->best_accuracy);
    share_cell(t, f->test_accuracy);
    loss_cell(t, f->best_loss);
    loss_cell(t, f->test_loss);
    if (f->seconds > 0)
        time_cell(t, f->seconds);
    else
        fv__table_cell(t, "");
    fv__table_cell(t, isnan(f->images_per_second)
                          ? ""
                          : fv__commas(number, (int64_t)(f->images_per_second + 0.5)));
    fv__table_cell(t, isnan(f->peak_memory) ? "" : fv__short_bytes(number, f->peak_memory));
    state_cell(t, f);
}

static fv_status finish(fv_cli *cli, fv_table *t, fv_text *out) {
    const fv_status status = fv__table_text(cli->ctx, t, fv__cli_screen(stdout).columns, out);
    fv__table_free(t);
    return status;
}

static void put_value(fv_table *t, const fv_runs *runs, int k, int i) {
    const char *value = fv_runs_value(runs, k, i);
    fv__table_cell(t, !value ? "-" : *value ? value : "none");
}

/* A row for each run, or where there are more settings than runs a row for each of these. */
static fv_status differences(fv_cli *cli, const fv_runs *runs, fv_text *out) {
    const int count = count_of(runs), settings = settings_of(runs);
    const bool by_run = settings <= count;
    fv_table *t;
    FV_TRY(fv__table_new(cli->ctx, &t));
    fv__table_column(t, by_run ? "run" : "setting", false);
    for (int c = 0; c < (by_run ? settings : count); c++)
        fv__table_column(t, by_run ? fv_runs_setting(runs, c) : fv_runs_at(runs, c)->folder, false);
    for (int r = 0; r < (by_run ? count : settings); r++) {
        fv__table_cell(t, by_run ? fv_runs_at(runs, r)->folder : fv_runs_setting(runs, r));
        for (int c = 0; c < (by_run ? settings : count); c++)
            put_value(t, runs, by_run ? c : r, by_run ? r : c);
    }
    return finish(cli, t, out);
}

fv_status fv__cli_runs_text(fv_cli *cli, const fv_runs *runs, fv_text *out) {
    const fv_run_facts *f;
    fv_table *t;
    FV_TRY(fv__table_new(cli->ctx, &t));
    put_columns(t);
    for (int i = 0; (f = fv_runs_at(runs, i)) != NULL; i++) put_row(t, f);
    FV_TRY(finish(cli, t, out));
    put_troubles(runs, out);
    if (count_of(runs) < 2) return FV_OK;
    if (!settings_of(runs)) {
        fv__text_add(out, "\nTheir settings are the same.\n");
        return FV_OK;
    }
    fv__text_add(out, "\nSettings in which they differ:\n\n");
    return differences(cli, runs, out);
}

/* --- for programs ----------------------------------------------------------------------------- */

/* "2026-11-27T22:40:00Z"; NULL: not known. */
static const char *utc(int64_t seconds, char out[32]) {
    const time_t at = (time_t)seconds;
    struct tm tm;
    if (seconds <= 0 || !gmtime_r(&at, &tm)) return NULL;
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return out;
}

/* What both tell of a run, in one order. */
typedef struct fact {
    const char *name;
    enum { TEXT, WHOLE, REAL } kind;
    const char *text;
    int64_t whole;
    double real;
    int decimals; /* of a real; 0: all its digits */
} fact;
#define FACTS 16

static void facts_of(const fv_run_facts *f, char date[32], fact out[FACTS]) {
    const fact all[FACTS] = {
        {.name = "run", .text = f->folder},
        {.name = "network", .text = f->net},
        {.name = "data", .text = f->data},
        {.name = "state", .text = states[f->state]},
        {.name = "trouble", .text = f->trouble},
        {.name = "epochs", .kind = WHOLE, .whole = f->epochs},
        {.name = "epochs_done", .kind = WHOLE, .whole = f->epochs_done},
        {.name = "best_epoch", .kind = WHOLE, .whole = f->best_epoch + 1},
        {.name = "best_accuracy", .kind = REAL, .real = f->best_accuracy},
        {.name = "best_loss", .kind = REAL, .real = f->best_loss},
        {.name = "test_accuracy", .kind = REAL, .real = f->test_accuracy},
        {.name = "test_loss", .kind = REAL, .real = f->test_loss},
        {.name = "seconds", .kind = REAL, .real = f->seconds, .decimals = 3},
        {.name = "images_per_second", .kind = REAL, .real = f->images_per_second, .decimals = 1},
        {.name = "peak_memory", .kind = REAL, .real = f->peak_memory},
        {.name = "changed", .text = utc(f->changed, date)},
    };
    memcpy(out, all, sizeof all);
}

static void fact_json(fv_json_writer *w, const fact *f) {
    if (f->kind == TEXT)
        fv__json_add_text(w, f->name, f->text);
    else if (f->kind == WHOLE)
        fv__json_add_int(w, f->name, f->whole);
    else if (f->decimals && isfinite(f->real))
        fv__json_add_rounded(w, f->name, f->real, f->decimals);
    else
        fv__json_add_real(w, f->name, f->real);
}

static void history_json(fv_json_writer *w, const fv_runs *runs, int i) {
    const fv_epoch *h;
    fv__json_open(w, "history", '[');
    for (int64_t e = 0; (h = fv_runs_epoch(runs, i, e)) != NULL; e++) {
        fv__json_open(w, NULL, '{');
        fv__json_add_real(w, "lr", h->lr);
        fv__json_add_real(w, "train_loss", h->train_loss);
        fv__json_add_real(w, "train_accuracy", h->train_accuracy);
        fv__json_add_real(w, "test_loss", h->test_loss);
        fv__json_add_real(w, "test_accuracy", h->test_accuracy);
        fv__json_close(w);
    }
    fv__json_close(w);
}

void fv__cli_runs_json(const fv_runs *runs, fv_text *out) {
    const int count = count_of(runs), settings = settings_of(runs);
    fv_json_writer w = fv__json_writer(out, 2);
    fact facts[FACTS];
    char date[32];
    fv__json_open(&w, NULL, '{');
    fv__json_open(&w, "runs", '[');
    for (int i = 0; i < count; i++) {
        const fv_run_facts *f = fv_runs_at(runs, i);
        facts_of(f, date, facts);
        fv__json_open(&w, NULL, '{');
        for (int k = 0; k < FACTS; k++) fact_json(&w, &facts[k]);
        fv__json_add_text(&w, "settings", f->settings);
        fv__json_add_text(&w, "command", f->command);
        history_json(&w, runs, i);
        fv__json_close(&w);
    }
    fv__json_close(&w);
    fv__json_open(&w, "differ", '[');
    for (int k = 0; k < settings; k++) {
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "setting", fv_runs_setting(runs, k));
        fv__json_open(&w, "values", '[');
        for (int i = 0; i < count; i++) fv__json_add_text(&w, NULL, fv_runs_value(runs, k, i));
        fv__json_close(&w);
        fv__json_close(&w);
    }
    fv__json_close(&w);
    fv__json_close(&w);
}

static void fact_csv(fv_text *out, const fact *f) {
    if (f->kind == TEXT)
        fv__text_csv(out, f->text ? f->text : "");
    else if (f->kind == WHOLE)
        fv__text_addf(out, "%lld", (long long)f->whole);
    else if (!isfinite(f->real))
        return;
    else if (f->decimals)
        fv__text_addf(out, "%.*f", f->decimals, f->real);
    else
        fv__text_number(out, f->real);
}

void fv__cli_runs_csv(const fv_runs *runs, fv_text *out) {
    const int count = count_of(runs), settings = settings_of(runs);
    fact facts[FACTS];
    char date[32];
    for (int i = -1; i < count; i++) { /* -1: the heads */
        const fv_run_facts *f = fv_runs_at(runs, i < 0 ? 0 : i);
        facts_of(f, date, facts);
        for (int k = 0; k < FACTS; k++) {
            if (k) fv__text_add(out, ",");
            if (i < 0)
                fv__text_add(out, facts[k].name);
            else
                fact_csv(out, &facts[k]);
        }
        for (int k = 0; k < settings; k++) {
            const char *value = i < 0 ? fv_runs_setting(runs, k) : fv_runs_value(runs, k, i);
            fv__text_add(out, ",");
            fv__text_csv(out, value ? value : "");
        }
        fv__text_add(out, "\n");
    }
}
