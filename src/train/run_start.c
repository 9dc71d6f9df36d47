/* SPDX-License-Identifier: MIT */
/*
 * run_start.c - a new run: network, data and settings, put together.
 */
#include "format/open_model.h"
#include "format/restate.h"
#include "train/refit.h"
#include "train/run.h"
#include "train/run_wishes.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SETTINGS_MAX 32 /* of one network */

void fv__train_free(fv_train_job *job) {
    if (!job) return;
    fv__train_unequip(job);
    fv__model_free(job->model);
    if (!job->borrowed) {
        fv__dataset_close(&job->train);
        fv__dataset_close(&job->test);
    }
    fv__picture_cache_free(job->cache);
    fv__free(job->at.history);
    fv__step_log_free(&job->step_log);
    fv__arena_free(&job->arena);
    fv__free(job);
}

fv_status fv__train_new_job(fv_context *ctx, fv_train_job **out) {
    *out = fv__alloc(ctx, sizeof **out, "a training run");
    if (!*out) return FV_EXHAUSTED;
    fv__arena_init(&(*out)->arena, ctx);
    (*out)->step_log.rows.ctx = ctx;
    (*out)->saved = -1;
    return FV_OK;
}

/* What of the training decides the model's bytes goes into the model file; nothing else does. */
fv_status fv__train_describe(fv_context *ctx, fv_train_job *job) {
    char checksum[FV_CHECKSUM_TEXT];
    fv_text recipe = {.ctx = ctx};
    fv__recipe_print(&recipe, &job->recipe);
    fv_status status = fv__text_done(ctx, &recipe);
    if (status == FV_OK) status = fv__model_set(ctx, job->model, "data", job->train.name);
    if (status == FV_OK)
        status = fv__model_set(ctx, job->model, "data_checksum", fv__run_checksum(job, checksum));
    if (status == FV_OK) status = fv__model_set(ctx, job->model, "settings", recipe.data);
    if (status == FV_OK && job->weights_checksum)
        status = fv__model_set(ctx, job->model, "weights_checksum", job->weights_checksum);
    if (status == FV_OK && job->train.class_names)
        status = fv__model_set_classes(ctx, job->model, job->train.class_names, job->train.classes);
    fv__text_free(&recipe);
    return status;
}

/* --- the network ------------------------------------------------------------------------------ */

/* The network of a request. */
typedef struct source {
    const char *word;        /* by name; or */
    const fv_graph *text;    /* the text of a model's, */
    const fv_recipe *recipe; /* and its recipe */
} source;

/* Of a network built by calls, or whose constants lie in a file: a run is recorded by its network's
 * text. */
static fv_status parse_printed(fv_context *ctx, const fv_graph *built, const fv_setting *settings,
                               size_t count, fv_net *out) {
    fv_text text = {.ctx = ctx};
    fv_recipe none; /* the one it was built with is in the request's model */
    fv_status status = fv__net_print(ctx, built, NULL, &text);
    if (status == FV_OK)
        status = fv__net_parse(ctx, built->name, text.data, text.length, settings, count,
                               &out->graph, &none);
    else if (status == FV_BAD_INPUT)
        (void)fv__fail_in(ctx, "a run is recorded by its network's text: ");
    fv__text_free(&text);
    return status;
}

/* Whether the text it was made from says all of it: no file beside it holds constants. */
static bool text_is_all(const fv_graph *net) {
    for (size_t v = 0; v < net->value_count; v++)
        if (net->values[v].apart) return false;
    return net->source != NULL;
}

/* It with these settings for its text. */
static fv_status make_net(fv_context *ctx, const source *from, const fv_setting *settings,
                          size_t count, fv_net *out) {
    const fv_graph *text = from->text;
    const fv_open_options by_name = {.settings = settings, .setting_count = count};
    if (!text) return fv__net_open(ctx, from->word, &by_name, out);
    if (text_is_all(text))
        return fv__net_parse(ctx, text->name, text->source, strlen(text->source), settings, count,
                             &out->graph, &out->recipe);
    out->recipe = *from->recipe;
    return parse_printed(ctx, text, settings, count, out);
}

/* Whether the network's text has a parameter `classes`, without building on it: found by trying. */
static bool takes_classes(fv_context *ctx, const source *from, const char *number) {
    const fv_setting setting = {"classes", number};
    fv_net trial = {0};
    const bool takes = make_net(ctx, from, &setting, 1, &trial) == FV_OK;
    fv__net_free(trial.graph);
    return takes;
}

/* The settings that a model's network was made with, and those given over them. */
typedef struct parameters {
    fv_setting all[SETTINGS_MAX + 1];
    size_t count;
    bool classes; /* given now */
} parameters;

static fv_status add_parameter(fv_context *ctx, parameters *p, fv_setting s) {
    size_t i = 0;
    while (i < p->count && strcmp(p->all[i].name, s.name) != 0) i++;
    if (i == SETTINGS_MAX)
        return fv__fail(ctx, FV_USAGE,
                        "a network has at most %d parameters; these are more settings",
                        SETTINGS_MAX);
    p->all[i] = s;
    if (i == p->count) p->count++;
    return FV_OK;
}

static fv_status gather(fv_context *ctx, fv_train_job *job, const source *from,
                        const fv_setting *settings, size_t count, parameters *p) {
    fv_setting *before = NULL;
    size_t n = 0;
    if (from->text) FV_TRY(fv__settings_split(ctx, &job->arena, from->text->given, &before, &n));
    for (size_t i = 0; i < n; i++) FV_TRY(add_parameter(ctx, p, before[i]));
    for (size_t i = 0; i < count; i++) {
        FV_TRY(add_parameter(ctx, p, settings[i]));
        p->classes = p->classes || strcmp(settings[i].name, "classes") == 0;
    }
    return FV_OK;
}

/* A network whose text has no parameter for its classes: its last layer is changed. */
static fv_status change_end(fv_context *ctx, int64_t classes, fv_net *net) {
    fv_graph *changed;
    FV_TRY(fv__net_refit(ctx, net->graph, classes, &changed));
    if (!changed) return FV_OK; /* said by targets_check */
    fv__net_free(net->graph);
    net->graph = NULL;
    const fv_status status = parse_printed(ctx, changed, NULL, 0, net);
    fv__net_free(changed);
    return status;
}

/* The number of classes follows the data unless it is given. */
static fv_status find_net(fv_context *ctx, fv_train_job *job, const source *from,
                          const fv_setting *settings, size_t count, fv_net *net) {
    parameters p = {.count = 0};
    char number[24];
    FV_TRY(gather(ctx, job, from, settings, count, &p));
    FV_TRY(make_net(ctx, from, p.all, p.count, net));
    const fv_shape *out = &net->graph->values[net->graph->heads[0].value].shape;
    if (p.classes || fv__channels(out) == job->train.classes) return FV_OK;
    snprintf(number, sizeof number, "%lld", (long long)job->train.classes);
    if (!takes_classes(ctx, from, number))
        return from->text && job->train.classes > 0 ? change_end(ctx, job->train.classes, net)
                                                    : FV_OK; /* said by targets_check */
    FV_TRY(add_parameter(ctx, &p, (fv_setting){"classes", number}));
    fv__net_free(net->graph);
    net->graph = NULL;
    return make_net(ctx, from, p.all, p.count, net);
}

/* --- together --------------------------------------------------------------------------------- */

void fv__train_borrow(fv_train_job *job, const fv_dataset *train, const fv_dataset *test) {
    job->train = *train;
    job->test = *test;
    job->borrowed = true;
}

fv_status fv__train_set_options(fv_context *ctx, fv_train_job *job, const fv_recipe *r, bool fixed,
                                fv_set_options *out) {
    if (job->cache_folder && !job->cache)
        FV_TRY(fv__picture_cache_new(ctx, job->cache_folder, fixed, &job->cache));
    *out = (fv_set_options){(uint64_t)r->seed, (uint64_t)r->seed, r->split, r->held, job->cache};
    return FV_OK;
}

static fv_status open_data(fv_context *ctx, fv_train_job *job, const fv_train_request *r,
                           const fv_recipe *recipe) {
    fv_set_options options;
    if (r->train && recipe->held > 0)
        return fv__fail(ctx, FV_USAGE,
                        "held: both parts of the data set %s were given as they are; give its word "
                        "for a part to be held out",
                        r->train->name);
    FV_TRY(fv__train_set_options(ctx, job, recipe, r->dry, &options));
    if (r->train) {
        fv__train_borrow(job, r->train, r->test);
        return FV_OK;
    }
    fv__dataset_close(&job->train);
    fv__dataset_close(&job->test);
    return fv__dataset_open_with(ctx, r->data, &options, &job->train, &job->test);
}

static fv_status copy_texts(fv_context *ctx, fv_train_job *job, const fv_train_request *r) {
    char here[4096];
    job->data = fv__arena_text(&job->arena, r->data ? r->data : r->train->name);
    job->command = fv__arena_text(&job->arena, r->command ? r->command : "");
    job->where = fv__arena_text(&job->arena, getcwd(here, sizeof here) ? here : "");
    return job->data && job->command && job->where ? FV_OK
                                                   : fv__fail_memory(ctx, 0, "a training run");
}

/* The network's recipe with the settings over it; those that are not of a recipe go to the front of
   `own`. */
static fv_status make_recipe(fv_context *ctx, const fv_train_request *r, const fv_net *net,
                             fv_setting *own, fv_recipe *recipe) {
    size_t rest;
    *recipe = net->recipe;
    if (r->setting_count) memcpy(own, r->settings, r->setting_count * sizeof *own);
    FV_TRY(fv__recipe_apply(ctx, own, r->setting_count, recipe, &rest));
    return fv__settings_advise(ctx, r->settings, r->setting_count, recipe);
}

/* A setting that neither the recipe nor the network has is one of the recipe's, mistyped, where one
   is near. */
static fv_status hint(fv_context *ctx, fv_status status, const fv_setting *own, size_t rest) {
    fv_recipe_table table;
    if (status != FV_USAGE || strstr(ctx->message, "did you mean")) return status;
    fv__recipe_table(&table, NULL);
    for (size_t i = 0; i < rest; i++) {
        const char *near = fv__field_nearest(table.field, own[i].name);
        if (near)
            return fv__fail(ctx, FV_USAGE, "unknown setting '%.64s'; did you mean '%s'?",
                            own[i].name, near);
    }
    return status;
}

/* The request's network, its recipe, and the model over it. `own` holds `rest` settings for its
   text. */
static fv_status make_model(fv_context *ctx, fv_train_job *job, const fv_train_request *r,
                            const source *from, fv_setting *own, size_t rest,
                            const fv_recipe *early) {
    fv_net net = {0};
    FV_TRY(hint(ctx, find_net(ctx, job, from, own, rest, &net), own, rest));
    fv_status status = r->input ? fv__net_restate_input(ctx, net.graph, r->input) : FV_OK;
    if (status == FV_OK) status = make_recipe(ctx, r, &net, own, &job->recipe);
    /* the network's text has its own */
    const bool others = job->recipe.seed != early->seed || job->recipe.split != early->split ||
                        job->recipe.held != early->held;
    if (status == FV_OK && others) status = open_data(ctx, job, r, &job->recipe);
    net.recipe = job->recipe; /* the model draws its weights by it */
    if (status == FV_OK) return fv__train_model(ctx, job, &net, r->model);
    fv__net_free(net.graph);
    return status;
}

/* The network of a file that may leave open what the request's input says. */
static fv_status open_stated(fv_context *ctx, const fv_train_request *r, fv_net *out) {
    const fv_open_options options = {.input = r->input};
    fv_model *model;
    FV_TRY(fv__model_open(ctx, r->net, &options, &model));
    *out = model->net;
    model->net.graph = NULL;
    fv__model_free(model);
    return FV_OK;
}

/* A word that names a model brings its weights along, and its network's text. */
static fv_status open_source(fv_context *ctx, fv_train_job *job, const fv_train_request *r,
                             fv_net *brought, source *from) {
    const fv_open_options plain = {0};
    const char *weights = NULL;
    *from = (source){.word = r->net};
    if (r->model) {
        from->text = r->model->net.graph;
        from->recipe = &r->model->net.recipe;
        return FV_OK;
    }
    FV_TRY(fv__word_weights(ctx, &job->arena, r->net, &weights));
    if (!weights) return FV_OK;
    FV_TRY(r->input ? open_stated(ctx, r, brought) : fv__net_open(ctx, r->net, &plain, brought));
    from->text = brought->graph;
    from->recipe = &brought->recipe;
    if (!job->weights) job->weights = weights;
    return FV_OK;
}

/* What the job is made of; settings that only a run has are taken out of *r before. */
static fv_status assemble(fv_context *ctx, fv_train_job *job, const fv_train_request *r) {
    fv_setting *own = fv__arena_alloc(&job->arena, (r->setting_count + 1) * sizeof *own);
    fv_net brought = {0};
    source from;
    FV_TRY(copy_texts(ctx, job, r));
    if (!own) return FV_EXHAUSTED;
    if (r->setting_count) memcpy(own, r->settings, r->setting_count * sizeof *own);
    /* the seed decides generated data, so it must be known before the recipe is */
    fv_recipe early;
    fv__recipe_defaults(&early);
    size_t rest;
    FV_TRY(fv__recipe_apply(ctx, own, r->setting_count, &early, &rest));
    FV_TRY(open_data(ctx, job, r, &early));
    fv_status status = open_source(ctx, job, r, &brought, &from);
    if (status == FV_OK) status = make_model(ctx, job, r, &from, own, rest, &early);
    fv__net_free(brought.graph);
    return status;
}

static fv_status start(fv_context *ctx, fv_train_job *job, const fv_train_request *given) {
    fv_train_request r = *given;
    fv_setting *plain = fv__arena_alloc(&job->arena, (r.setting_count + 1) * sizeof *plain);
    if (!plain) return FV_EXHAUSTED;
    if (r.setting_count) memcpy(plain, r.settings, r.setting_count * sizeof *plain);
    FV_TRY(fv__wishes_take(ctx, job, plain, &r.setting_count));
    r.settings = plain;
    FV_TRY(assemble(ctx, job, &r));
    if (job->cache_folder && !job->train.file)
        fv__log(ctx, FV_LOG_NOTE,
                "cache= keeps decoded pictures of folders and lists; %s has no such, and it does "
                "nothing",
                job->train.name);
    FV_TRY(fv__wish_memory(ctx, job));
    FV_TRY(fv__train_equip(ctx, job));
    FV_TRY(fv__wish_rate(ctx, job));
    FV_TRY(fv__wish_time(ctx, job));
    if (r.dry) return FV_OK;
    FV_TRY(fv__run_folder(ctx, job, r.folder));
    return fv__rate_range_write(ctx, job);
}

fv_status fv__train_start(fv_context *ctx, const fv_train_request *request, fv_train_job **out) {
    fv_train_job *job;
    *out = NULL;
    FV_TRY(fv__train_new_job(ctx, &job));
    const fv_status status = start(ctx, job, request);
    if (status != FV_OK) {
        fv__train_free(job);
        return status;
    }
    *out = job;
    return FV_OK;
}
