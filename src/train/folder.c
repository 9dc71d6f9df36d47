/* SPDX-License-Identifier: MIT */
/*
 * folder.c - starting a run: network, data, settings, and the folder that records them; and taking
 * one up again.
 */
#include "base/cpu_features.h"
#include "base/json_write.h"
#include "format/open_model.h"
#include "train/run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of run.json: a network's text has 4 MB at most, and its line ends are escaped. */
#define DESCRIPTION_MAX ((size_t)16 << 20)
#define FORMAT          "fovea run 1"
#define TEST_BATCH      256 /* pictures tested at a time, at most */

char *fv__train_path(fv_train_job *job, const char *file) {
    return fv__path_in(&job->arena, job->folder, file);
}

void fv__train_free(fv_train_job *job) {
    if (!job) return;
    fv__learner_free(job->learner);
    fv__evaluator_free(job->evaluator);
    fv__model_free(job->model);
    fv__dataset_close(&job->train);
    fv__dataset_close(&job->test);
    fv__free(job->order);
    fv__free(job->at.history);
    fv__arena_free(&job->arena);
    fv__free(job);
}

static fv_status new_job(fv_context *ctx, fv_train_job **out) {
    *out = fv__alloc(ctx, sizeof **out, "a training run");
    if (!*out) return FV_EXHAUSTED;
    fv__arena_init(&(*out)->arena, ctx);
    return FV_OK;
}

/* --- what a run is, as run.json ------------------------------------------------------------- */

static fv_status write_description(fv_context *ctx, fv_train_job *job, const char *folder) {
    const fv_net *net = job->model->net;
    fv_text recipe = {.ctx = ctx}, out = {.ctx = ctx};
    char checksum[24];
    snprintf(checksum, sizeof checksum, "%016llx", (unsigned long long)job->train.checksum);
    fv__recipe_print(&recipe, &job->recipe);
    fv_json_writer w = fv__json_writer(&out, 1);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "format", FORMAT);
    fv__json_add_text(&w, "version", FOVEA_VERSION);
    fv__json_add_text(&w, "command", job->command);
    fv__json_add_text(&w, "network", net->name);
    fv__json_add_text(&w, "given", net->given);
    fv__json_add_text(&w, "data", job->data);
    fv__json_add_text(&w, "data_checksum", checksum);
    if (job->weights) {
        fv__json_add_text(&w, "weights", job->weights);
        fv__json_add_text(&w, "weights_checksum", job->weights_checksum);
    }
    fv__json_add_text(&w, "settings", recipe.data);
    fv__json_add_text(&w, "text", net->source ? net->source : "");
    fv__json_close(&w);
    fv_status status = fv__text_done(ctx, &recipe);
    if (status == FV_OK) status = fv__text_done(ctx, &out);
    if (status == FV_OK) {
        char *path = fv__path_in(&job->arena, folder, "run.json");
        status = path ? fv__file_write(ctx, path, out.data, out.length) : FV_EXHAUSTED;
    }
    fv__text_free(&recipe);
    fv__text_free(&out);
    return status;
}

/* What of the training decides the model's bytes goes into the model file; nothing else does. */
static fv_status describe_model(fv_context *ctx, fv_train_job *job) {
    char checksum[24];
    snprintf(checksum, sizeof checksum, "%016llx", (unsigned long long)job->train.checksum);
    fv_text recipe = {.ctx = ctx};
    fv__recipe_print(&recipe, &job->recipe);
    fv_status status = fv__text_done(ctx, &recipe);
    if (status == FV_OK) status = fv__model_set(ctx, job->model, "data", job->train.name);
    if (status == FV_OK) status = fv__model_set(ctx, job->model, "data_checksum", checksum);
    if (status == FV_OK) status = fv__model_set(ctx, job->model, "settings", recipe.data);
    if (status == FV_OK && job->weights_checksum)
        status = fv__model_set(ctx, job->model, "weights_checksum", job->weights_checksum);
    if (status == FV_OK && job->train.class_names)
        status = fv__model_set(ctx, job->model, "classes", job->train.class_names);
    fv__text_free(&recipe);
    return status;
}

/* --- the folder ------------------------------------------------------------------------------ */

/* Removes what there is of a folder, keeping the message; what cannot be removed is left. */
static void tidy_up(fv_context *ctx, fv_train_job *job, const char *temporary) {
    const fv_context kept = *ctx;
    char *description = fv__path_in(&job->arena, temporary, "run.json");
    if (description) (void)!fv__file_remove(ctx, description);
    (void)!fv__file_remove(ctx, temporary);
    memcpy(ctx->message, kept.message, sizeof kept.message);
    ctx->status = kept.status;
}

/* The message speaks of the folder that was wanted, not of the temporary one. */
static fv_status name_folder(fv_context *ctx, const char *temporary, const char *folder) {
    const char *at = strstr(ctx->message, temporary);
    if (!at) return ctx->status;
    return fv__fail(ctx, ctx->status, "%.*s%s%s", (int)(at - ctx->message), ctx->message, folder,
                    at + strlen(temporary));
}

/* Makes `folder` appear with run.json in it, in one rename. */
static fv_status appear(fv_context *ctx, fv_train_job *job, const char *folder) {
    char *temporary = fv__arena_format(&job->arena, "%s.new-%llx", folder,
                                       (unsigned long long)(fv__seconds() * 1e9));
    if (!temporary) return FV_EXHAUSTED;
    if (fv__file_exists(folder))
        return fv__fail(ctx, FV_FAILED,
                        "cannot make the folder %s: a file of that name is there; name another "
                        "folder with --out DIR",
                        folder);
    fv_status status = fv__folder_make(ctx, temporary);
    if (status != FV_OK) return name_folder(ctx, temporary, folder);
    status = write_description(ctx, job, temporary);
    if (status == FV_OK && fv__file_rename(ctx, temporary, folder) != FV_OK)
        status = fv__folder_exists(folder)
                     ? fv__fail(ctx, FV_FAILED,
                                "the folder %s is there already, and it is not a run's; name "
                                "another folder with --out DIR",
                                folder)
                     : ctx->status;
    if (status != FV_OK) tidy_up(ctx, job, temporary);
    return status == FV_OK ? FV_OK : name_folder(ctx, temporary, folder);
}

static fv_status make_folder(fv_context *ctx, fv_train_job *job, const char *wanted) {
    if (wanted) {
        job->folder = fv__arena_text(&job->arena, wanted);
        if (!job->folder) return FV_EXHAUSTED;
        for (size_t n = strlen(wanted); n > 1 && job->folder[n - 1] == '/'; n--)
            job->folder[n - 1] = '\0'; /* runs/mine/ is runs/mine */
        char *description = fv__train_path(job, "run.json");
        if (!description) return FV_EXHAUSTED;
        if (fv__file_exists(description))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s already holds a run; go on with it: fovea resume %s, or name "
                            "another folder",
                            wanted, wanted);
        return appear(ctx, job, job->folder);
    }
    for (int n = 1; n < 1000000; n++) {
        job->folder = fv__arena_format(&job->arena, "runs/%s-%d", job->model->net->name, n);
        if (!job->folder) return FV_EXHAUSTED;
        if (fv__folder_exists(job->folder) || fv__file_exists(job->folder)) continue;
        const fv_status status = appear(ctx, job, job->folder);
        /* another process may have taken the name meanwhile */
        if (status == FV_OK || !fv__folder_exists(job->folder)) return status;
    }
    return fv__fail(ctx, FV_FAILED, "runs/ is full; name a folder with --out DIR");
}

/* --- starting and resuming ------------------------------------------------------------------- */

/* Learner, evaluator, order: what a run needs once model, data and recipe are there. */
static fv_status equip(fv_context *ctx, fv_train_job *job) {
    const fv_net *net = job->model->net;
    const fv_shape *out = &net->values[net->heads[0].value].shape;
    FV_TRY(fv__dataset_fits(ctx, &job->train, &net->input, fv__shape_sample(out)));
    FV_TRY(fv__dataset_fits(ctx, &job->test, &net->input, fv__shape_sample(out)));
    if (job->recipe.batch > job->train.count) job->recipe.batch = job->train.count;
    FV_TRY(describe_model(ctx, job));
    FV_TRY(fv__learner_new(ctx, job->model, &job->recipe, &job->learner));
    /* four times the batch: who trains in small ones has no memory for large ones */
    const int64_t tests = job->recipe.batch < TEST_BATCH / 4 ? 4 * job->recipe.batch : TEST_BATCH;
    FV_TRY(fv__evaluator_new(ctx, job->model, tests, &job->evaluator));
    job->order = fv__alloc(ctx, (size_t)job->train.count * sizeof *job->order, "an epoch's order");
    return job->order ? FV_OK : FV_EXHAUSTED;
}

/* Whether the network's text has a parameter of that name, without building on it: asked by trying.
 */
static bool takes_classes(fv_context *ctx, const char *net, int64_t classes) {
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)classes);
    const fv_setting setting = {"classes", number};
    fv_net *trial = NULL;
    const fv_open_options o = {.settings = &setting, .setting_count = 1};
    const bool takes = fv__net_open(ctx, net, &o, &trial) == FV_OK;
    fv__net_free(trial);
    return takes;
}

static fv_status find_net(fv_context *ctx, fv_train_job *job, const char *name,
                          const fv_setting *settings, size_t count, fv_net **net) {
    fv_setting all[FV_LIST_MAX * 4];
    char number[24];
    if (count + 1 > sizeof all / sizeof all[0])
        return fv__fail(ctx, FV_USAGE, "%zu settings are too many for one network; at most %zu",
                        count, sizeof all / sizeof all[0] - 1);
    bool given = false;
    for (size_t i = 0; i < count; i++) {
        all[i] = settings[i];
        given = given || strcmp(settings[i].name, "classes") == 0;
    }
    fv_open_options o = {.settings = all, .setting_count = count};
    FV_TRY(fv__net_open(ctx, name, &o, net));
    const fv_shape *out = &(*net)->values[(*net)->heads[0].value].shape;
    if (given || fv__shape_sample(out) == job->train.classes) return FV_OK;
    if (!takes_classes(ctx, name, job->train.classes)) return FV_OK; /* said by dataset_fits */
    snprintf(number, sizeof number, "%lld", (long long)job->train.classes);
    all[o.setting_count++] = (fv_setting){"classes", number};
    fv__net_free(*net);
    return fv__net_open(ctx, name, &o, net);
}

/* Takes the setting `weights` out of the list. */
static fv_status take_weights(fv_context *ctx, fv_train_job *job, fv_setting *settings,
                              size_t *count) {
    size_t rest = 0;
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(settings[i].name, "weights") != 0)
            settings[rest++] = settings[i];
        else if (!(job->weights = fv__arena_text(&job->arena, settings[i].value)))
            return fv__fail_memory(ctx, 0, "a training run");
    }
    *count = rest;
    return FV_OK;
}

static fv_status start(fv_context *ctx, fv_train_job *job, const char *name, const char *data,
                       const fv_setting *settings, size_t count, const char *folder,
                       const char *command) {
    fv_setting *own = fv__arena_alloc(&job->arena, (count + 1) * sizeof *own);
    job->data = fv__arena_text(&job->arena, data);
    job->command = fv__arena_text(&job->arena, command ? command : "");
    if (!own || !job->data || !job->command) return fv__fail_memory(ctx, 0, "a training run");
    if (count) memcpy(own, settings, count * sizeof *own);
    /* the seed decides generated data, so it must be known before the recipe is */
    fv_recipe early;
    fv__field_defaults(fv__recipe_fields, &early);
    size_t rest;
    FV_TRY(fv__recipe_apply(ctx, own, count, &early, &rest));
    FV_TRY(fv__dataset_open(ctx, data, (uint64_t)early.seed, &job->train, &job->test));
    fv_net *net = NULL;
    FV_TRY(take_weights(ctx, job, own, &rest));
    if (!job->weights) FV_TRY(fv__word_weights(ctx, &job->arena, name, &job->weights));
    FV_TRY(find_net(ctx, job, name, own, rest, &net));
    job->recipe = net->recipe;
    fv_status status = FV_OK;
    if (count) {
        memcpy(own, settings, count * sizeof *own);
        status = fv__recipe_apply(ctx, own, count, &job->recipe, &rest);
    }
    if (status == FV_OK && job->recipe.seed != early.seed) { /* the network's text has its own */
        fv__dataset_close(&job->train);
        fv__dataset_close(&job->test);
        status = fv__dataset_open(ctx, data, (uint64_t)job->recipe.seed, &job->train, &job->test);
    }
    net->recipe = job->recipe; /* the model draws its weights and is tested by it */
    if (status == FV_OK)
        status = fv__train_model(ctx, job, net);
    else
        fv__net_free(net);
    FV_TRY(status);
    FV_TRY(equip(ctx, job));
    return make_folder(ctx, job, folder);
}

fv_status fv__train_start(fv_context *ctx, const char *net, const char *data,
                          const fv_setting *settings, size_t setting_count, const char *folder,
                          const char *command, fv_train_job **out) {
    fv_train_job *job;
    *out = NULL;
    FV_TRY(new_job(ctx, &job));
    const fv_status status = start(ctx, job, net, data, settings, setting_count, folder, command);
    if (status != FV_OK) {
        fv__train_free(job);
        return status;
    }
    *out = job;
    return FV_OK;
}

static fv_status read_weights(fv_context *ctx, fv_train_job *job, const fv_json *json) {
    const char *weights = fv__json_string(json, "weights", NULL);
    if (!weights) return FV_OK;
    job->weights = fv__arena_text(&job->arena, weights);
    job->weights_checksum =
        fv__arena_text(&job->arena, fv__json_string(json, "weights_checksum", ""));
    if (job->weights && job->weights_checksum) return FV_OK;
    return fv__fail_memory(ctx, 0, "a training run");
}

static fv_status read_description(fv_context *ctx, fv_train_job *job, const fv_json *json) {
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
    job->data = fv__arena_text(&job->arena, fv__json_string(json, "data", ""));
    job->command = fv__arena_text(&job->arena, fv__json_string(json, "command", ""));
    if (!job->data || !job->command) return FV_EXHAUSTED;
    FV_TRY(read_weights(ctx, job, json));
    fv_setting *settings;
    size_t count, rest;
    FV_TRY(fv__settings_split(ctx, &job->arena, fv__json_string(json, "settings", ""), &settings,
                              &count));
    fv__field_defaults(fv__recipe_fields, &job->recipe);
    FV_TRY(fv__recipe_apply(ctx, settings, count, &job->recipe, &rest));
    const char *text = fv__json_string(json, "text", "");
    FV_TRY(fv__settings_split(ctx, &job->arena, fv__json_string(json, "given", ""), &settings,
                              &count));
    fv_net *net = NULL;
    FV_TRY(fv__net_parse(ctx, fv__json_string(json, "network", "net"), text, strlen(text), settings,
                         count, &net));
    net->recipe = job->recipe;
    const char *checkpoint = fv__train_path(job, "checkpoint.safetensors");
    if (!checkpoint || fv__file_exists(checkpoint)) /* which has its own weights */
        return fv__model_new(ctx, net, (uint64_t)job->recipe.seed, &job->model);
    return fv__train_model(ctx, job, net);
}

static fv_status open_data(fv_context *ctx, fv_train_job *job, const fv_json *json) {
    FV_TRY(fv__dataset_open(ctx, job->data, (uint64_t)job->recipe.seed, &job->train, &job->test));
    char checksum[24];
    snprintf(checksum, sizeof checksum, "%016llx", (unsigned long long)job->train.checksum);
    if (strcmp(checksum, fv__json_string(json, "data_checksum", "")) == 0) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "the data set '%s' is not what it was when this run began (checksum %s, then "
                    "%s); put the old files back, or start a new run",
                    job->data, checksum, fv__json_string(json, "data_checksum", "none"));
}

static fv_status resume(fv_context *ctx, fv_train_job *job, const char *folder) {
    job->folder = fv__arena_text(&job->arena, folder);
    if (!job->folder) return fv__fail_memory(ctx, 0, "a training run");
    if (!fv__folder_exists(folder))
        return fv__fail(ctx, FV_BAD_INPUT, "there is no folder %s to resume", folder);
    char *path = fv__train_path(job, "run.json");
    if (!path) return FV_EXHAUSTED;
    if (!fv__file_exists(path))
        return fv__fail(ctx, FV_BAD_INPUT, "%s is not the folder of a run: it has no run.json",
                        folder);
    fv_bytes bytes;
    fv_json *json;
    FV_TRY(fv__file_read(ctx, path, DESCRIPTION_MAX, &bytes));
    fv_status status =
        fv__json_parse(ctx, &job->arena, (const char *)bytes.data, bytes.size, &json);
    fv__file_release(&bytes);
    if (status == FV_OK) status = read_description(ctx, job, json);
    /* what is wrong in a file is never the caller's usage */
    if (status == FV_USAGE) ctx->status = FV_BAD_INPUT;
    if (status != FV_OK) return fv__fail_in(ctx, "%s: ", path);
    FV_TRY(open_data(ctx, job, json));
    FV_TRY(equip(ctx, job));
    return fv__checkpoint_load(ctx, job);
}

fv_status fv__train_resume(fv_context *ctx, const char *folder, fv_train_job **out) {
    fv_train_job *job;
    *out = NULL;
    FV_TRY(new_job(ctx, &job));
    const fv_status status = resume(ctx, job, folder);
    if (status != FV_OK) {
        fv__train_free(job);
        return status;
    }
    *out = job;
    return FV_OK;
}
