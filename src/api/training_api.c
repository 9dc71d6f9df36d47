/* SPDX-License-Identifier: MIT */
/*
 * training_api.c - public: a training run in its folder.
 */
#include "api/given.h"
#include "api/training_api.h"
#include "train/forecast.h"
#include "train/outcome.h"
#include "train/run.h"
#include <string.h>

struct fv_training {
    fv_context *ctx;
    fv_train_job *job;
    fv_outcome made; /* files for people; none before the report */
    fv_training_facts facts;
    fv_text settings; /* of the facts */
};

/* ------------------------------------------------------------------------- start and resume --- */

/* Options as a request whose texts live in the arena. */
static fv_status take_options(fv_context *ctx, const fv_training_options *o, fv_arena *arena,
                              fv_train_request *out) {
    fv_setting *settings = NULL;
    size_t count = 0;
    if (!o->train != !o->test)
        return fv__fail(ctx, FV_USAGE,
                        "a training takes both sets, `train` and `test`, or neither");
    FV_TRY(fv__settings_split(ctx, arena, o->settings, &settings, &count));
    *out = (fv_train_request){.net = o->net,
                              .model = o->model,
                              .data = o->data,
                              .train = o->train,
                              .test = o->test,
                              .settings = settings,
                              .setting_count = count,
                              .folder = o->folder,
                              .input = o->input,
                              .command = o->command,
                              .dry = o->dry != 0};
    return FV_OK;
}

static fv_status wrap(fv_context *ctx, fv_train_job *job, fv_training **out) {
    fv_training *t = *out = fv__alloc(ctx, sizeof *t, "a training run");
    if (!t) {
        fv__train_free(job);
        return FV_EXHAUSTED;
    }
    t->ctx = ctx;
    t->job = job;
    t->settings.ctx = ctx;
    fv__recipe_print(&t->settings, &job->recipe);
    const fv_status status = fv__text_done(ctx, &t->settings);
    if (status == FV_OK) return FV_OK;
    fv_training_free(t);
    *out = NULL;
    return status;
}

static fv_status start(fv_context *ctx, const fv_training_options *o, fv_arena *arena,
                       fv_training **out) {
    fv_train_request request;
    fv_train_job *job = NULL;
    FV_TRY(take_options(ctx, o, arena, &request));
    if (!o->net == !o->model)
        return fv__fail(ctx, FV_USAGE, "a training takes a network: `net` or `model`, one of them");
    if (!o->data == !o->train)
        return fv__fail(ctx, FV_USAGE,
                        "a training takes data: `data`, or `train` and `test`, one of them");
    FV_TRY(fv__train_start(ctx, &request, &job));
    return wrap(ctx, job, out);
}

fv_status fv_training_start(fv_context *ctx, const fv_training_options *given, fv_training **out) {
    fv_training_options options = {0};
    fv_arena arena;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, given);
    FV_TAKE(ctx, given, options);
    fv__arena_init(&arena, ctx);
    const fv_status status = start(ctx, &options, &arena, out);
    fv__arena_free(&arena);
    return status;
}

fv_status fv_training_resume(fv_context *ctx, const char *folder, const fv_training_options *given,
                             fv_training **out) {
    fv_training_options options = {0};
    fv_train_request changes;
    fv_train_job *job = NULL;
    fv_arena arena;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, folder);
    FV_TAKE(ctx, given, options);
    fv__arena_init(&arena, ctx);
    fv_status status = take_options(ctx, &options, &arena, &changes);
    if (status == FV_OK) status = fv__train_resume(ctx, folder, &changes, &job);
    fv__arena_free(&arena);
    return status == FV_OK ? wrap(ctx, job, out) : status;
}

void fv_training_free(fv_training *t) {
    if (!t) return;
    fv__train_free(t->job);
    fv__text_free(&t->settings);
    fv__free(t);
}

/* ------------------------------------------------------------------------------------ running ---
 */

static bool ask_stop(void *arg) {
    const fv_training_hooks *hooks = arg;
    return hooks->stop && hooks->stop(hooks->user);
}

static void pass_progress(void *arg, const fv_progress *progress) {
    const fv_training_hooks *hooks = arg;
    if (hooks->progress) hooks->progress(hooks->user, progress);
}

fv_status fv_training_run(fv_training *t, const fv_training_hooks *given) {
    fv_training_hooks hooks = {0};
    if (!t) return FV_USAGE;
    if (!t->job->folder)
        return fv__fail(t->ctx, FV_USAGE,
                        "a training that was prepared dry has no folder to run in");
    FV_TAKE(t->ctx, given, hooks);
    const fv_hooks inner = {.progress = pass_progress, .stop = ask_stop, .arg = &hooks};
    return fv__train_run(t->ctx, t->job, &inner);
}

fv_status fv_training_forecast(fv_training *t, fv_forecast *out) {
    fv_forecast known = {0};
    if (!t) return FV_USAGE;
    FV_NEED(t->ctx, out);
    if (t->job->at.steps > 0)
        return fv__fail(t->ctx, FV_USAGE, "this training has begun: what it takes is told before");
    FV_TRY(fv__forecast(t->ctx, t->job, &known));
    FV_GIVE(t->ctx, known, out);
    return FV_OK;
}

fv_status fv_training_report(fv_training *t) {
    if (!t) return FV_USAGE;
    if (!t->job->at.history_count)
        return fv__fail(t->ctx, FV_USAGE, "there is nothing to report before an epoch is behind");
    return fv__train_outcome(t->ctx, t->job, &t->made);
}

const char *fv_training_file(const fv_training *t, int i, const char **about) {
    if (about) *about = NULL;
    if (!t || i < 0 || i >= t->made.count) return NULL;
    if (about) *about = t->made.files[i].what;
    return t->made.files[i].name;
}

/* --------------------------------------------------------------------------------- describing ---
 */

static void describe_progress(const fv_train_job *job, fv_training_facts *f) {
    const fv_position *at = &job->at;
    f->epochs_done = (int64_t)at->history_count;
    f->steps_done = at->steps;
    f->best_epoch = fv__train_best(at);
    f->ended = fv__train_ended(job);
    f->seconds = 0;
    for (size_t e = 0; e < at->history_count; e++) f->seconds += at->history[e].seconds;
}

const fv_training_facts *fv_training_describe(fv_training *t) {
    if (!t) return NULL;
    const fv_train_job *job = t->job;
    const fv_learner_memory memory = fv__learner_memory(job->learner);
    fv_training_facts *f = &t->facts;
    *f = (fv_training_facts){.folder = job->folder ? job->folder : "",
                             .net = job->model->net.graph->name,
                             .data = job->train.name,
                             .command = job->command,
                             .settings = t->settings.data,
                             .parameters = fv__net_parameters(job->model->net.graph, true),
                             .train_images = job->train.count,
                             .test_images = job->test.count,
                             .batch = job->recipe.batch,
                             .epochs = job->recipe.epochs,
                             .seed = job->recipe.seed,
                             .limit = job->recipe.limit,
                             .stop = job->recipe.stop,
                             .memory = memory.parameters + memory.gradients + memory.optimizer +
                                       memory.prepared + memory.workspace};
    describe_progress(job, f);
    return f;
}

const fv_epoch *fv_training_epoch(const fv_training *t, int64_t i) {
    if (!t || i < 0 || (size_t)i >= t->job->at.history_count) return NULL;
    return &t->job->at.history[i];
}

const fv_epoch *fv__training_history(const fv_training *t, size_t *count) {
    *count = t->job->at.history_count;
    return t->job->at.history;
}

int fv_training_weight(const fv_training *t, int64_t epoch, int i, fv_weight_record *out) {
    return t && out && epoch >= 0 && i >= 0 &&
           fv__watch_weight(t->job->watch, (size_t)epoch, (size_t)i, out);
}

int fv_training_layer(const fv_training *t, int64_t epoch, int i, fv_layer_record *out) {
    return t && out && epoch >= 0 && i >= 0 &&
           fv__watch_layer_at(t->job->watch, (size_t)epoch, (size_t)i, out);
}

double fv_activation_edge(int i) {
    return fv__watch_edge(i < 0 ? 0 : i);
}

const fv_model *fv_training_model(const fv_training *t) {
    return t ? t->job->model : NULL;
}
