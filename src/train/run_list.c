/* SPDX-License-Identifier: MIT */
/*
 * run_list.c - the runs of some folders, each read from its files: run.json says what it is, the
 * checkpoint's metadata how far it is, log.csv what is not in the checkpoint (the test of an epoch
 * that `limit` cut short; all of it where there is none). A run whose files are damaged keeps what
 * the others say.
 */
#include "train/run_list.h"
#include "base/folder.h"
#include "base/hold.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MAX ((size_t)256 << 20)

/* What is wrong with a file becomes the run's trouble; the first one counts. Memory that is refused
   stays an error. */
static fv_status troubled(fv_runs *l, fv_run_entry *e, fv_status status) {
    if (status == FV_OK || status == FV_EXHAUSTED) return status;
    if (!e->facts.trouble) e->facts.trouble = fv__arena_text(&l->arena, l->ctx->message);
    return e->facts.trouble ? FV_OK : FV_EXHAUSTED;
}

/* --- run.json --------------------------------------------------------------------------------- */

static fv_status parse_record(fv_runs *l, fv_run_entry *e, const fv_bytes *bytes) {
    fv_setting *settings;
    size_t count, rest;
    FV_TRY(fv__json_parse(l->ctx, &l->arena, (const char *)bytes->data, bytes->size, &e->record));
    FV_TRY(fv__run_record_check(l->ctx, e->record));
    fv_run_facts *f = &e->facts;
    f->settings = fv__json_string(e->record, "settings", "");
    FV_TRY(fv__settings_split(l->ctx, &l->arena, f->settings, &settings, &count));
    fv__recipe_defaults(&e->recipe);
    FV_TRY(fv__recipe_apply(l->ctx, settings, count, &e->recipe, &rest));
    f->net = fv__json_string(e->record, "network", "");
    f->data = fv__json_string(e->record, "data_name", fv__json_string(e->record, "data", ""));
    f->command = fv__json_string(e->record, "command", "");
    f->epochs = e->recipe.epochs;
    e->known = true;
    return FV_OK;
}

static fv_status read_record(fv_runs *l, fv_run_entry *e, const char *path) {
    fv_bytes bytes;
    FV_TRY(fv__file_read(l->ctx, path, FV_RUN_RECORD_MAX, &bytes));
    const fv_status status = parse_record(l, e, &bytes);
    fv__file_release(&bytes);
    return status == FV_OK ? FV_OK : fv__fail_in(l->ctx, "%s: ", path);
}

/* --- log.csv ---------------------------------------------------------------------------------- */

/* A row; those of earlier versions end with the seconds. */
static bool read_row(const char **text, double *epoch, fv_epoch *h) {
    double *const numbers[] = {epoch,          &h->lr,
                               &h->train_loss, &h->train_accuracy,
                               &h->test_loss,  &h->test_accuracy,
                               &h->seconds,    &h->images_per_second,
                               &h->peak_memory};
    const size_t count = sizeof numbers / sizeof *numbers, least = 7;
    *h = (fv_epoch){0};
    for (size_t i = 0; i < count; i++) {
        if (!fv__read_real(text, numbers[i])) return false;
        const char end = **text;
        if (end == '\n') return ++*text, i + 1 >= least;
        if (end != ',') return false;
        ++*text;
    }
    return false;
}

/* Rows of epochs that the history has not: whole ones, and with `cut` that of a part of one. */
static fv_status parse_log(fv_runs *l, fv_run_entry *e, const char *text, bool cut) {
    fv_position *at = &e->at;
    const char *line = strchr(text, '\n');
    for (int64_t row = 1; line && line[1]; row++) {
        fv_epoch h;
        double epoch;
        const char *next = line + 1;
        if (!read_row(&next, &epoch, &h))
            return fv__fail(l->ctx, FV_BAD_INPUT, "line %lld is damaged", (long long)row + 1);
        line = next - 1;
        const bool whole = epoch == floor(epoch);
        if (row <= (int64_t)at->history_count || (!whole && !cut)) continue;
        FV_TRY(fv__grow(l->ctx, (void **)&at->history, &at->history_capacity, at->history_count + 1,
                        sizeof *at->history, "the history"));
        at->history[at->history_count++] = h;
        if (whole) at->epoch = row;
    }
    return FV_OK;
}

static fv_status read_log(fv_runs *l, fv_run_entry *e, const char *path, bool cut) {
    fv_bytes bytes;
    if (!fv__file_exists(path)) return FV_OK;
    FV_TRY(fv__file_read(l->ctx, path, LOG_MAX, &bytes));
    const char *text = fv__arena_textn(&l->arena, (const char *)bytes.data, bytes.size);
    fv__file_release(&bytes);
    if (!text) return FV_EXHAUSTED;
    const fv_status status = parse_log(l, e, text, cut);
    return status == FV_OK ? FV_OK : fv__fail_in(l->ctx, "%s: ", path);
}

/* --- one run ---------------------------------------------------------------------------------- */

typedef struct paths {
    char *record, *checkpoint, *log, *model;
} paths;

static fv_status read_model(fv_runs *l, const char *path) {
    fv_tensor_file file;
    FV_TRY(fv__safetensors_open(l->ctx, path, &file));
    fv__tensor_file_close(&file);
    return FV_OK;
}

/* How far it is. A finished run does without its checkpoint. */
static fv_status read_progress(fv_runs *l, fv_run_entry *e, const paths *p) {
    const bool made = fv__file_exists(p->model);
    fv_status status = FV_OK;
    if (fv__file_exists(p->checkpoint)) {
        status = fv__checkpoint_look(l->ctx, p->checkpoint, &e->at);
        if (status != FV_OK) e->at.history_count = 0, e->at.epoch = 0;
        FV_TRY(troubled(l, e, status));
    } else if (fv__file_exists(p->log) && !made) {
        FV_TRY(troubled(l, e,
                        fv__fail(l->ctx, FV_BAD_INPUT, "%s is not there, and epochs are behind",
                                 p->checkpoint)));
    }
    FV_TRY(troubled(l, e, read_log(l, e, p->log, made)));
    return made ? troubled(l, e, read_model(l, p->model)) : FV_OK;
}

/* Vectors have no accuracy: no prediction of any epoch was right. */
static bool has_accuracy(const fv_position *at) {
    for (size_t i = 0; i < at->history_count; i++)
        if (at->history[i].test_accuracy > 0 || at->history[i].train_accuracy > 0) return true;
    return false;
}

static void sum_up(fv_run_entry *e) {
    fv_position *at = &e->at;
    fv_run_facts *f = &e->facts;
    at->by_loss = !has_accuracy(at);
    f->epochs_done = (int64_t)at->history_count;
    f->best_epoch = fv__train_best(at);
    f->seconds = at->seconds;
    for (size_t i = 0; i < at->history_count; i++) {
        const fv_epoch *h = &at->history[i];
        f->seconds += h->seconds;
        if (!at->by_loss) f->best_accuracy = fmax(f->best_accuracy, h->test_accuracy);
        f->best_loss = fmin(f->best_loss, h->test_loss);
        if (h->peak_memory > 0) f->peak_memory = fmax(f->peak_memory, h->peak_memory);
    }
    if (!at->history_count) return;
    const fv_epoch *last = &at->history[at->history_count - 1];
    if (!at->by_loss) f->test_accuracy = last->test_accuracy;
    f->test_loss = last->test_loss;
    if (last->images_per_second > 0) f->images_per_second = last->images_per_second;
}

/* Without a checkpoint the number of steps is not known, and `limit` cannot be said to be reached.
 */
static void judge(fv_run_entry *e, const paths *p) {
    fv_run_facts *f = &e->facts;
    const fv_train_job job = {.recipe = e->recipe, .at = e->at};
    const bool ended = e->known && fv__train_ended(&job) && fv__file_exists(p->model);
    const char *const files[] = {p->record, p->checkpoint, p->model};
    f->state = fv__file_held(p->record) ? FV_RUN_RUNNING
               : f->trouble             ? FV_RUN_DAMAGED
               : ended                  ? FV_RUN_FINISHED
                                        : FV_RUN_STOPPED;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        fv_entry entry;
        if (!fv__entry_at(files[i], &entry)) continue;
        const int64_t seconds = entry.modified / 1000000000;
        if (seconds > f->changed) f->changed = seconds;
    }
}

static fv_status read_run(fv_runs *l, const char *folder) {
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->run[i].facts.folder, folder) == 0) return FV_OK;
    FV_TRY(fv__grow(l->ctx, (void **)&l->run, &l->capacity, l->count + 1, sizeof *l->run, "runs"));
    fv_run_entry *e = &l->run[l->count];
    *e = (fv_run_entry){.facts = {.folder = fv__arena_text(&l->arena, folder),
                                  .net = "",
                                  .data = "",
                                  .command = "",
                                  .settings = "",
                                  .best_accuracy = NAN,
                                  .best_loss = NAN,
                                  .test_accuracy = NAN,
                                  .test_loss = NAN,
                                  .images_per_second = NAN,
                                  .peak_memory = NAN}};
    const paths p = {fv__path_in(&l->arena, folder, FV_RUN_RECORD),
                     fv__path_in(&l->arena, folder, "checkpoint.safetensors"),
                     fv__path_in(&l->arena, folder, "log.csv"),
                     fv__path_in(&l->arena, folder, "model.safetensors")};
    if (!e->facts.folder || !p.record || !p.checkpoint || !p.log || !p.model) return FV_EXHAUSTED;
    l->count++; /* its history is freed with the list from now on */
    FV_TRY(troubled(l, e, read_record(l, e, p.record)));
    FV_TRY(read_progress(l, e, &p));
    sum_up(e);
    judge(e, &p);
    return FV_OK;
}

/* --- their folders ---------------------------------------------------------------------------- */

static fv_status is_run(fv_runs *l, const char *folder, bool *out) {
    const char *record = fv__path_in(&l->arena, folder, FV_RUN_RECORD);
    *out = record && fv__file_exists(record);
    return record ? FV_OK : FV_EXHAUSTED;
}

/* Folders that are being made are not there yet: "lenet5-1.new-17ac…". */
static fv_status read_within(fv_runs *l, const char *folder, bool *any) {
    fv_entry *entries;
    size_t count;
    *any = false;
    FV_TRY(fv__folder_list(l->ctx, &l->arena, folder, &entries, &count));
    fv_status status = FV_OK;
    for (size_t i = 0; status == FV_OK && i < count; i++) {
        if (entries[i].kind != FV_ENTRY_FOLDER || strstr(entries[i].name, ".new-")) continue;
        const char *path = fv__path_in(&l->arena, folder, entries[i].name);
        bool run = false;
        status = path ? is_run(l, path, &run) : FV_EXHAUSTED;
        if (run) status = read_run(l, path);
        *any = *any || run;
    }
    fv__free(entries);
    return status;
}

static fv_status read_folder(fv_runs *l, const char *given) {
    char *folder = fv__arena_text(&l->arena, given);
    if (!folder) return FV_EXHAUSTED;
    for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--) folder[n - 1] = '\0';
    bool run, any;
    if (!fv__folder_exists(folder))
        return fv__fail(l->ctx, FV_BAD_INPUT,
                        "there is no folder %s; runs are what fovea train makes, in runs/ or "
                        "where --out said",
                        folder);
    FV_TRY(is_run(l, folder, &run));
    if (run) return read_run(l, folder);
    FV_TRY(read_within(l, folder, &any));
    if (any) return FV_OK;
    return fv__fail(l->ctx, FV_BAD_INPUT,
                    "there is no run in %s: neither it nor a folder in it has a run.json", folder);
}

/* --- their order ------------------------------------------------------------------------------ */

/* What is not known comes last. */
static int compare(double a, double b) {
    if (isnan(a) || isnan(b)) return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static double rank(const fv_run_facts *f, fv_runs_order order) {
    switch (order) {
    case FV_RUNS_BY_LAST:
        return -f->test_accuracy;
    case FV_RUNS_BY_LOSS:
        return f->best_loss;
    case FV_RUNS_BY_TIME:
        return f->epochs_done ? f->seconds : NAN;
    case FV_RUNS_BY_SPEED:
        return -f->images_per_second;
    case FV_RUNS_BY_MEMORY:
        return f->peak_memory;
    case FV_RUNS_BY_DATE:
        return -(double)f->changed;
    case FV_RUNS_BY_NAME:
        return 0;
    default:
        return -f->best_accuracy;
    }
}

static int in_order(const fv_run_entry *a, const fv_run_entry *b, fv_runs_order order) {
    int c = compare(rank(&a->facts, order), rank(&b->facts, order));
    if (!c && order != FV_RUNS_BY_NAME) c = compare(a->facts.best_loss, b->facts.best_loss);
    return c ? c : strcmp(a->facts.folder, b->facts.folder);
}

/* Few enough for the plain way, which needs no global. */
static void sort(fv_runs *l, fv_runs_order order) {
    for (size_t i = 1; i < l->count; i++) {
        const fv_run_entry e = l->run[i];
        size_t k = i;
        for (; k > 0 && in_order(&e, &l->run[k - 1], order) < 0; k--) l->run[k] = l->run[k - 1];
        l->run[k] = e;
    }
}

fv_status fv__runs_read(fv_runs *l, const char *const *folders, int count, fv_runs_order order) {
    static const char *const usual[] = {"runs"};
    if (!count) folders = usual, count = 1;
    for (int i = 0; i < count; i++) FV_TRY(read_folder(l, folders[i]));
    sort(l, order);
    return fv__runs_compare(l);
}

void fv__runs_free(fv_runs *l) {
    for (size_t i = 0; i < l->count; i++) fv__free(l->run[i].at.history);
    fv__free(l->run);
    fv__arena_free(&l->arena);
}
