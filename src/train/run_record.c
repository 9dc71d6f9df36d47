/* SPDX-License-Identifier: MIT */
/*
 * run_record.c - what a run is, as run.json: network, data, settings, command, where it began.
 */
#include "base/json_write.h"
#include "train/run.h"
#include <stdio.h>
#include <string.h>

#define FORMAT "fovea run 1"

char *fv__run_checksum(const fv_train_job *job, char out[FV_CHECKSUM_TEXT]) {
    snprintf(out, FV_CHECKSUM_TEXT, "%016llx", (unsigned long long)job->train.checksum);
    return out;
}

fv_status fv__run_record_write(fv_context *ctx, fv_train_job *job, const char *folder) {
    const fv_graph *net = job->model->net.graph;
    fv_text recipe = {.ctx = ctx}, out = {.ctx = ctx};
    char checksum[FV_CHECKSUM_TEXT];
    fv__recipe_print(&recipe, &job->recipe);
    fv_json_writer w = fv__json_writer(&out, 1);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "format", FORMAT);
    fv__json_add_text(&w, "version", FOVEA_VERSION);
    fv__json_add_text(&w, "command", job->command);
    fv__json_add_text(&w, "network", net->name);
    fv__json_add_text(&w, "given", net->given);
    fv__json_add_text(&w, "data", job->data);
    fv__json_add_text(&w, "data_name", job->train.name);
    fv__json_add_text(&w, "data_checksum", fv__run_checksum(job, checksum));
    fv__json_add_text(&w, "where", job->where);
    if (job->weights) fv__json_add_text(&w, job->transfer ? "from" : "weights", job->weights);
    if (job->cache_folder) fv__json_add_text(&w, "cache", job->cache_folder);
    if (job->weights_checksum) fv__json_add_text(&w, "weights_checksum", job->weights_checksum);
    fv__json_add_text(&w, "settings", recipe.data);
    fv__json_add_text(&w, "text", net->source ? net->source : "");
    fv__json_close(&w);
    fv_status status = fv__text_done(ctx, &recipe);
    if (status == FV_OK) status = fv__text_done(ctx, &out);
    if (status == FV_OK) {
        char *path = fv__path_in(&job->arena, folder, FV_RUN_RECORD);
        status = path ? fv__file_write(ctx, path, out.data, out.length) : FV_EXHAUSTED;
    }
    fv__text_free(&recipe);
    fv__text_free(&out);
    return status;
}

/* A text that may be missing. */
static fv_status read_text(fv_train_job *job, const fv_json *json, const char *name,
                           const char **out) {
    const char *text = fv__json_string(json, name, NULL);
    *out = text ? fv__arena_text(&job->arena, text) : NULL;
    return *out || !text ? FV_OK : FV_EXHAUSTED;
}

fv_status fv__run_record_check(fv_context *ctx, const fv_json *json) {
    static const char *const needed[] = {"network",       "given",    "data",
                                         "data_checksum", "settings", "text"};
    if (strcmp(fv__json_string(json, "format", ""), FORMAT) != 0)
        return fv__fail(ctx, FV_BAD_INPUT, "this is no run of this version of fovea");
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!fv__json_string(json, needed[i], NULL))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "this description of a run has no text \"%s\"; it is damaged, and the "
                            "run must be started anew",
                            needed[i]);
    return FV_OK;
}

static fv_status read_description(fv_context *ctx, fv_train_job *job, const fv_json *json) {
    FV_TRY(fv__run_record_check(ctx, json));
    job->data = fv__arena_text(&job->arena, fv__json_string(json, "data", ""));
    job->command = fv__arena_text(&job->arena, fv__json_string(json, "command", ""));
    job->where = fv__arena_text(&job->arena, fv__json_string(json, "where", ""));
    if (!job->data || !job->command || !job->where) return FV_EXHAUSTED;
    FV_TRY(read_text(job, json, "from", &job->weights));
    job->transfer = job->weights != NULL;
    if (!job->transfer) FV_TRY(read_text(job, json, "weights", &job->weights));
    FV_TRY(read_text(job, json, "cache", &job->cache_folder));
    FV_TRY(read_text(job, json, "weights_checksum", &job->weights_checksum));
    fv_setting *settings;
    size_t count, rest;
    FV_TRY(fv__settings_split(ctx, &job->arena, fv__json_string(json, "settings", ""), &settings,
                              &count));
    fv__recipe_defaults(&job->recipe);
    FV_TRY(fv__recipe_apply(ctx, settings, count, &job->recipe, &rest));
    const char *text = fv__json_string(json, "text", "");
    FV_TRY(fv__settings_split(ctx, &job->arena, fv__json_string(json, "given", ""), &settings,
                              &count));
    fv_net net = {.recipe = job->recipe};
    FV_TRY(fv__net_parse(ctx, fv__json_string(json, "network", "net"), text, strlen(text), settings,
                         count, &net.graph, NULL));
    const char *checkpoint = fv__train_path(job, "checkpoint.safetensors");
    if (!checkpoint || fv__file_exists(checkpoint)) /* which has its own weights */
        return fv__model_new(ctx, &net, (uint64_t)job->recipe.seed, &job->model);
    return fv__train_model(ctx, job, &net, NULL);
}

fv_status fv__run_record_read(fv_context *ctx, fv_train_job *job, fv_json **out) {
    char *path = fv__train_path(job, FV_RUN_RECORD);
    fv_bytes bytes;
    if (!path) return FV_EXHAUSTED;
    if (!fv__file_exists(path))
        return fv__fail(ctx, FV_BAD_INPUT, "%s is not the folder of a run: it has no run.json",
                        job->folder);
    FV_TRY(fv__file_read(ctx, path, FV_RUN_RECORD_MAX, &bytes));
    fv_status status = fv__json_parse(ctx, &job->arena, (const char *)bytes.data, bytes.size, out);
    fv__file_release(&bytes);
    if (status == FV_OK) status = read_description(ctx, job, *out);
    /* what is wrong in a file is never the caller's usage */
    if (status == FV_USAGE) ctx->status = FV_BAD_INPUT;
    return status == FV_OK ? FV_OK : fv__fail_in(ctx, "%s: ", path);
}
