/* SPDX-License-Identifier: MIT */
/*
 * start_weights.c - the weights that a run begins with: fresh ones from the seed, or those of a
 * file or a model (training further, fine-tuning), or as many of another network's model as fit,
 * which are all but those of the last layer (transfer learning: from=MODEL). The run remembers
 * which, since one that was killed before its first checkpoint begins with them again.
 */
#include "format/open_model.h"
#include "train/refit.h"
#include "train/run.h"
#include <stdio.h>
#include <string.h>

static int64_t outputs(const fv_graph *net) {
    return fv__channels(&net->values[net->heads[0].value].shape);
}

/* One parameter of another model of the network. A network for other classes than the model knows
   ends differently: what does not fit there stays fresh, and is told. */
static fv_status take_param(fv_context *ctx, fv_train_job *job, const fv_param *to,
                            const fv_model *from) {
    const fv_graph *net = job->model->net.graph, *there = from->net.graph;
    const int i = fv__net_find_param(there, to->name);
    if (i < 0)
        return fv__fail(ctx, FV_BAD_INPUT, "the model is of another network than %s: it has no %s",
                        net->name, to->name);
    const fv_param *p = &there->params[i];
    if (fv__shape_equal(&p->spec.shape, &to->spec.shape)) {
        memcpy(job->model->weights + to->offset, from->weights + p->offset,
               (size_t)to->count * sizeof(float));
        return FV_OK;
    }
    if (outputs(net) == outputs(there))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the model is of another network than %s: its %s has another shape",
                        net->name, to->name);
    fv__log(ctx, FV_LOG_NOTE, "%s begins anew: the model has %lld classes, the data %lld", to->name,
            (long long)outputs(there), (long long)outputs(net));
    return FV_OK;
}

static fv_status take_model(fv_context *ctx, fv_train_job *job, const fv_model *from) {
    const fv_graph *net = job->model->net.graph;
    for (size_t p = 0; p < net->param_count; p++)
        FV_TRY(take_param(ctx, job, &net->params[p], from));
    return FV_OK;
}

/* One parameter of a model whose network may be another. *taken: it fits. */
static fv_status transfer_param(fv_context *ctx, fv_train_job *job, const fv_param *to,
                                const fv_model *from, bool *taken) {
    const fv_graph *net = job->model->net.graph, *there = from->net.graph;
    const int i = fv__net_find_param(there, to->name);
    const fv_param *p = i < 0 ? NULL : &there->params[i];
    char mine[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    *taken = p && fv__shape_equal(&p->spec.shape, &to->spec.shape);
    if (*taken) {
        memcpy(job->model->weights + to->offset, from->weights + p->offset,
               (size_t)to->count * sizeof(float));
        return FV_OK;
    }
    if (fv__of_last_layer(net, (int)(to - net->params)) && (!p || outputs(net) != outputs(there))) {
        fv__log(ctx, FV_LOG_NOTE, "%s begins anew: it is of the last layer, and %s", to->name,
                p ? "the model has another number of classes" : "the model does not have it");
        return FV_OK;
    }
    if (!p)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the model (%s) has no %s, which the network %s needs; from= takes "
                        "parameters of the same name and shape, and only the last layer may differ",
                        there->name, to->name, net->name);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "the model's %s is %s, and the network %s has %s; only the last layer may "
                    "differ",
                    to->name, fv__dims_text(theirs, &p->spec.shape), net->name,
                    fv__dims_text(mine, &to->spec.shape));
}

static fv_status transfer_model(fv_context *ctx, fv_train_job *job, const fv_model *from) {
    const fv_graph *net = job->model->net.graph, *there = from->net.graph;
    size_t taken = 0;
    for (size_t p = 0; p < net->param_count; p++) {
        bool fits;
        FV_TRY(transfer_param(ctx, job, &net->params[p], from, &fits));
        taken += fits;
    }
    if (!taken)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the model (%s) has no parameter that the network %s could take",
                        there->name, net->name);
    if (taken < there->param_count)
        fv__log(ctx, FV_LOG_NOTE, "%zu of the model's %zu parameters are taken, by name", taken,
                there->param_count);
    return FV_OK;
}

/* Weights without a network, for as many classes as the network's text says by itself. */
static fv_status transfer_file(fv_context *ctx, fv_train_job *job, const char *path) {
    const fv_graph *net = job->model->net.graph;
    const fv_weight_options by_name = {0};
    fv_setting *settings;
    size_t count, rest = 0;
    fv_net its = {.recipe = job->recipe};
    fv_model *from;
    FV_TRY(fv__settings_split(ctx, &job->arena, net->given, &settings, &count));
    for (size_t i = 0; i < count; i++)
        if (strcmp(settings[i].name, "classes") != 0) settings[rest++] = settings[i];
    FV_TRY(fv__net_parse(ctx, net->name, net->source, strlen(net->source), settings, rest,
                         &its.graph, NULL));
    FV_TRY(fv__model_bare(ctx, &its, &from));
    fv_status status = fv__weights_read(ctx, from, path, &by_name);
    if (status == FV_OK) status = transfer_model(ctx, job, from);
    fv__model_free(from);
    return status;
}

/* The file, seen from here or from where the run began. */
static const char *find_file(fv_train_job *job) {
    if (fv__file_exists(job->weights) || !job->where[0]) return job->weights;
    const char *there = fv__paths_from(&job->arena, job->where, job->weights);
    return there && fv__file_exists(there) ? there : job->weights;
}

/* A model, which may leave the size of images open: then it is the network's. */
static fv_status open_model(fv_context *ctx, fv_train_job *job, const char *path, fv_model **out) {
    fv_open_options options = {0};
    char why[FV_MESSAGE_MAX];
    fv_text words = {.ctx = ctx};
    const fv_status status = fv__model_open(ctx, path, &options, out);
    if (status != FV_BAD_INPUT) return status;
    memcpy(why, ctx->message, sizeof why);
    fv__input_print(&words, &job->model->net.graph->input);
    options.input = words.failed ? NULL : words.data;
    const fv_status second = options.input ? fv__model_open(ctx, path, &options, out) : status;
    fv__text_free(&words);
    return second == FV_OK ? FV_OK : fv__fail(ctx, status, "%s", why);
}

static fv_status read_file(fv_context *ctx, fv_train_job *job) {
    const char *path = find_file(job);
    fv_tensor_file file;
    fv_model *from;
    bool alone;
    FV_TRY(fv__weights_open(ctx, path, &file, &alone));
    if (alone && job->transfer) {
        fv__tensor_file_close(&file);
        return transfer_file(ctx, job, path) == FV_OK ? FV_OK : fv__fail_in(ctx, "%s: ", path);
    }
    if (alone) {
        fv__tensor_file_close(&file);
        FV_TRY(fv__model_load_weights(ctx, job->model, path));
        return fv__model_check_finite(ctx, job->model) == FV_OK ? FV_OK
                                                                : fv__fail_in(ctx, "%s: ", path);
    }
    FV_TRY(open_model(ctx, job, path, &from));
    const fv_status status =
        job->transfer ? transfer_model(ctx, job, from) : take_model(ctx, job, from);
    fv__model_free(from);
    return status == FV_OK ? FV_OK : fv__fail_in(ctx, "%s: ", path);
}

/* Of the numbers themselves: the same in whichever type and order a file holds them. */
static fv_status check_weights(fv_context *ctx, fv_train_job *job) {
    const fv_graph *net = job->model->net.graph;
    uint64_t hash = FV_FNV_START;
    char now[FV_CHECKSUM_TEXT];
    for (size_t i = 0; i < net->param_count; i++)
        hash = fv__fnv64(hash, job->model->weights + net->params[i].offset,
                         (size_t)net->params[i].count * sizeof(float));
    snprintf(now, sizeof now, "%016llx", (unsigned long long)hash);
    if (job->weights_checksum && strcmp(job->weights_checksum, now) != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the weights in %s are not those that this run began with (checksum %s, "
                        "then %s); put the old file back, or start a new run",
                        job->weights, now, job->weights_checksum);
    job->weights_checksum = fv__arena_text(&job->arena, now);
    return job->weights_checksum ? FV_OK : FV_EXHAUSTED;
}

fv_status fv__train_model(fv_context *ctx, fv_train_job *job, const fv_net *net,
                          const fv_model *from) {
    FV_TRY(fv__model_new(ctx, net, (uint64_t)job->recipe.seed, &job->model));
    if (from && !job->transfer)
        FV_TRY(take_model(ctx, job, from));
    else if (job->weights)
        FV_TRY(read_file(ctx, job));
    else if (job->weights_checksum)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "this run began with the weights of a program's model; without its "
                        "checkpoint it cannot begin again");
    else
        return FV_OK;
    return check_weights(ctx, job);
}
