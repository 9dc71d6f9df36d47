/* SPDX-License-Identifier: MIT */
/*
 * run_resume.c - a run taken up again: from the folder it is in, with its data found again, and
 * extended where more epochs are asked for.
 */
#include "train/run.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a run may be given when it goes on: where it ends. */
static fv_status take_ends(fv_context *ctx, fv_train_job *job, const fv_train_request *changes) {
    static const char *const ends[] = {"epochs", "limit", "stop"};
    for (size_t i = 0; changes && i < changes->setting_count; i++) {
        const fv_setting *s = &changes->settings[i];
        fv_setting one = *s;
        size_t e = 0;
        while (e < sizeof ends / sizeof *ends && strcmp(s->name, ends[e]) != 0) e++;
        if (e == sizeof ends / sizeof *ends)
            return fv__fail(ctx, FV_USAGE,
                            "%s=%s: a run goes on as it began; of its settings only epochs, limit "
                            "and stop may change. A new run can begin with its model and other "
                            "settings: fovea train %s DATA %s=%s",
                            s->name, s->value, job->folder, s->name, s->value);
        FV_TRY(fv__recipe_apply(ctx, &one, 1, &job->recipe, NULL));
    }
    return FV_OK;
}

/* --- the data --------------------------------------------------------------------------------- */

static void close_data(fv_train_job *job) {
    fv__dataset_close(&job->train);
    fv__dataset_close(&job->test);
}

static bool same_data(const fv_train_job *job, const fv_json *record) {
    char checksum[FV_CHECKSUM_TEXT];
    return strcmp(fv__run_checksum(job, checksum), fv__json_string(record, "data_checksum", "")) ==
           0;
}

char *fv__paths_from(fv_arena *arena, const char *folder, const char *paths) {
    fv_text all = {.ctx = arena->ctx};
    for (;;) {
        const size_t n = strcspn(paths, ",");
        if (paths[0] != '/') fv__text_addf(&all, "%s/", folder);
        fv__text_addn(&all, paths, n + (paths[n] != '\0'));
        if (!paths[n]) break;
        paths += n + 1;
    }
    char *found = all.failed ? NULL : fv__arena_text(arena, all.data);
    fv__text_free(&all);
    return found;
}

/* Opens a set; it counts when it is that of the beginning. */
static fv_status try_data(fv_context *ctx, fv_train_job *job, const fv_json *record,
                          const char *data) {
    const fv_set_options options = {(uint64_t)job->recipe.seed, (uint64_t)job->recipe.seed,
                                    job->recipe.split, job->recipe.held};
    FV_TRY(fv__dataset_open_with(ctx, data, &options, &job->train, &job->test));
    if (same_data(job, record)) return FV_OK;
    char checksum[FV_CHECKSUM_TEXT];
    (void)!fv__fail(ctx, FV_BAD_INPUT,
                    "the data set '%s' is not what it was when this run began (checksum %s, then "
                    "%s); put the old files back, or start a new run",
                    data, fv__run_checksum(job, checksum),
                    fv__json_string(record, "data_checksum", "none"));
    close_data(job);
    return FV_BAD_INPUT;
}

/* Where the run began, if that is another folder than this one. */
static const char *elsewhere(const fv_train_job *job) {
    char here[4096];
    if (!job->where[0] || (getcwd(here, sizeof here) && strcmp(here, job->where) == 0)) return NULL;
    return job->where;
}

/* The data as it was given, seen from here or from where the run began. */
static fv_status find_data(fv_context *ctx, fv_train_job *job, const fv_json *record) {
    char why[FV_MESSAGE_MAX];
    const fv_status status = try_data(ctx, job, record, job->data);
    if (status != FV_BAD_INPUT) return status;
    memcpy(why, ctx->message, sizeof why);
    const char *where = elsewhere(job);
    if (where) {
        const char *there = fv__paths_from(&job->arena, where, job->data);
        if (!there) return fv__fail_memory(ctx, 0, "a data set's path");
        const fv_status second = try_data(ctx, job, record, there);
        if (second != FV_BAD_INPUT) return second;
    }
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s%s%s%s. If the data is elsewhere now, say where: fovea resume %s data=PATH",
                    why, where ? " (it was looked for in this folder and in " : "",
                    where ? where : "", where ? ", where the run began)" : "", job->folder);
}

/* The sets keep the name they had: it is part of the model's bytes. */
static void keep_name(fv_train_job *job, const fv_json *record) {
    const char *name = fv__json_string(record, "data_name", job->data);
    snprintf(job->train.name, sizeof job->train.name, "%s", name);
    snprintf(job->test.name, sizeof job->test.name, "%s", name);
}

static fv_status open_data(fv_context *ctx, fv_train_job *job, const fv_train_request *changes,
                           const fv_json *record) {
    if (changes && changes->train) {
        fv__train_borrow(job, changes->train, changes->test);
        if (same_data(job, record)) return FV_OK;
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the data set '%s' is not what it was when this run began; its checksum is "
                        "another",
                        job->train.name);
    }
    if (changes && changes->data)
        FV_TRY(try_data(ctx, job, record, changes->data));
    else
        FV_TRY(find_data(ctx, job, record));
    keep_name(job, record);
    return FV_OK;
}

/* From now on the data is meant as it was given now. */
static fv_status move_data(fv_context *ctx, fv_train_job *job, const char *data) {
    char here[4096];
    job->data = fv__arena_text(&job->arena, data);
    job->where = fv__arena_text(&job->arena, getcwd(here, sizeof here) ? here : "");
    return job->data && job->where ? FV_OK : fv__fail_memory(ctx, 0, "a training run");
}

/* --- together --------------------------------------------------------------------------------- */

/* More epochs than before, or fewer than were planned, but not fewer than are behind. */
static fv_status extend(fv_context *ctx, fv_train_job *job, int64_t before) {
    const fv_recipe *r = &job->recipe;
    const int64_t begun = job->at.epoch + (job->at.step > 0);
    if (before < begun) /* nobody asked for that: the files do not belong together */
        return fv__fail(
            ctx, FV_BAD_INPUT,
            "its settings are for %lld epoch%s, and its checkpoint is of epoch %lld: one "
            "of the files is damaged or another run's",
            (long long)before, before == 1 ? "" : "s", (long long)begun);
    if (r->epochs < begun)
        return fv__fail(ctx, FV_USAGE,
                        "epochs=%lld: %lld epoch%s of this run %s behind or begun already",
                        (long long)r->epochs, (long long)begun, begun == 1 ? "" : "s",
                        begun == 1 ? "is" : "are");
    if (r->limit > 0 && r->limit < job->at.steps)
        return fv__fail(ctx, FV_USAGE, "limit=%lld: %lld steps of this run are behind already",
                        (long long)r->limit, (long long)job->at.steps);
    if (r->epochs != before && job->at.steps > 0 && fv__recipe_spans(r))
        fv__log(ctx, FV_LOG_NOTE,
                "the rate follows the %s over %lld epochs from now on; what is behind followed "
                "that over %lld",
                fv__recipe_schedule(r), (long long)r->epochs, (long long)before);
    return FV_OK;
}

static fv_status resume(fv_context *ctx, fv_train_job *job, const char *folder,
                        const fv_train_request *changes) {
    fv_json *record;
    job->folder = fv__arena_text(&job->arena, folder);
    if (!job->folder) return fv__fail_memory(ctx, 0, "a training run");
    if (!fv__folder_exists(folder))
        return fv__fail(ctx, FV_BAD_INPUT, "there is no folder %s to resume", folder);
    FV_TRY(fv__run_record_read(ctx, job, &record));
    const fv_recipe before = job->recipe;
    FV_TRY(take_ends(ctx, job, changes));
    FV_TRY(open_data(ctx, job, changes, record));
    FV_TRY(fv__train_equip(ctx, job));
    FV_TRY(fv__checkpoint_load(ctx, job));
    FV_TRY(extend(ctx, job, before.epochs));
    if (changes && changes->data) FV_TRY(move_data(ctx, job, changes->data));
    const bool same = job->recipe.epochs == before.epochs && job->recipe.limit == before.limit &&
                      job->recipe.stop == before.stop;
    if (same && !(changes && changes->data)) return FV_OK;
    return fv__run_record_write(ctx, job, job->folder);
}

fv_status fv__train_resume(fv_context *ctx, const char *folder, const fv_train_request *changes,
                           fv_train_job **out) {
    fv_train_job *job;
    *out = NULL;
    FV_TRY(fv__train_new_job(ctx, &job));
    const fv_status status = resume(ctx, job, folder, changes);
    if (status != FV_OK) {
        fv__train_free(job);
        return status;
    }
    *out = job;
    return FV_OK;
}
