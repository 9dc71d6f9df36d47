/* SPDX-License-Identifier: MIT */
/*
 * checkpoint.c - weights, optimiser and position of a run, written so that a crash at any moment
 * leaves either the old file or the new one.
 */
#include "train/run.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define FORMAT "fovea checkpoint 1"

/* "epoch,lr,…" one row per epoch, each number with all its digits. */
static void print_history(const fv_position *at, fv_text *out) {
    for (size_t e = 0; e < at->history_count; e++) {
        const fv_epoch *h = &at->history[e];
        fv__text_addf(out, "%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g\n", h->lr,
                      h->train_loss, h->train_accuracy, h->test_loss, h->test_accuracy, h->seconds,
                      h->images_per_second, h->peak_memory);
    }
}

/* A row of it, which *text is moved behind. Those of earlier versions have six numbers. */
static bool read_epoch(const char **text, fv_epoch *h) {
    double *const numbers[] = {
        &h->lr,      &h->train_loss,        &h->train_accuracy, &h->test_loss, &h->test_accuracy,
        &h->seconds, &h->images_per_second, &h->peak_memory};
    const size_t count = sizeof numbers / sizeof *numbers, least = 6;
    *h = (fv_epoch){0};
    for (size_t i = 0; i < count; i++) {
        if (!fv__read_real(text, numbers[i])) return false;
        const char end = *(*text)++;
        if (end == '\n') return i + 1 >= least;
        if (end != ',') return false;
    }
    return false;
}

static fv_status read_history(fv_context *ctx, const char *text, fv_position *at) {
    at->history_count = 0;
    while (*text) {
        fv_epoch h;
        if (!read_epoch(&text, &h)) return fv__fail(ctx, FV_BAD_INPUT, "its history is damaged");
        FV_TRY(fv__grow(ctx, (void **)&at->history, &at->history_capacity, at->history_count + 1,
                        sizeof *at->history, "the history"));
        at->history[at->history_count++] = h;
    }
    return FV_OK;
}

/* What was watched: the records of the epochs, and what was seen of this one. */
#define WATCHED_EPOCHS "watched/epochs"
#define WATCHED_NOW    "watched/now"
static void list_watched(const fv_watch *w, fv_st_tensor *tensors, size_t *count) {
    const int64_t width = (int64_t)fv__watch_width(w);
    if (fv__watch_epochs(w))
        tensors[(*count)++] =
            (fv_st_tensor){.name = WATCHED_EPOCHS,
                           .shape = fv__shape2((int64_t)fv__watch_epochs(w), width),
                           .data = fv__watch_records(w)};
    tensors[(*count)++] = (fv_st_tensor){.name = WATCHED_NOW,
                                         .shape = fv__shape1((int64_t)fv__watch_now_width(w)),
                                         .data = fv__watch_now(w)};
}

/* Tensors of a block of the parameters' length, called PREFIX/conv1.weight; prefix NULL: plainly.
 */
static fv_status list_block(fv_context *ctx, fv_train_job *job, const float *block,
                            const char *prefix, bool learned_only, fv_st_tensor *tensors,
                            size_t *count) {
    const fv_graph *net = job->model->net.graph;
    for (size_t p = 0; p < net->param_count; p++) {
        const fv_param *param = &net->params[p];
        if (learned_only && !param->spec.learned) continue;
        const char *name =
            prefix ? fv__arena_format(&job->arena, "%s/%s", prefix, param->name) : param->name;
        if (!name) return fv__fail_memory(ctx, 0, "a checkpoint");
        tensors[(*count)++] =
            (fv_st_tensor){.name = name, .shape = param->spec.shape, .data = block + param->offset};
    }
    return FV_OK;
}

/* The tensors of a checkpoint: every parameter, every state of every learned one, the average of
   every parameter. */
static fv_status list_tensors(fv_context *ctx, fv_train_job *job, fv_st_tensor *tensors,
                              size_t *count) {
    const fv_learner *l = job->learner;
    *count = 0;
    FV_TRY(list_block(ctx, job, job->model->weights, NULL, false, tensors, count));
    for (int s = 0; s < fv__learner_states(l); s++)
        FV_TRY(list_block(ctx, job, fv__learner_state(l, s), fv__learner_state_name(l, s), true,
                          tensors, count));
    if (!fv__learner_average(l)) return FV_OK;
    return list_block(ctx, job, fv__learner_average(l), "average", false, tensors, count);
}

/* Weights, the average, the states, and what was watched. */
static size_t most_tensors(const fv_train_job *job) {
    return job->model->net.graph->param_count * (size_t)(2 + fv__learner_states(job->learner)) + 2;
}

fv_status fv__checkpoint_save(fv_context *ctx, fv_train_job *job) {
    const fv_position *at = &job->at;
    FV_TRY(fv__step_log_write(ctx, job));
    fv_st_tensor *tensors = fv__alloc(ctx, most_tensors(job) * sizeof *tensors, "a checkpoint");
    if (!tensors) return FV_EXHAUSTED;
    char epoch[32], step[32], steps[32], loss[40], correct[32], counted[32], seen[32], seconds[40];
    snprintf(epoch, sizeof epoch, "%lld", (long long)at->epoch);
    snprintf(step, sizeof step, "%lld", (long long)at->step);
    snprintf(steps, sizeof steps, "%lld", (long long)at->steps);
    fv__format(loss, sizeof loss, "%.17g", at->loss_sum);
    snprintf(correct, sizeof correct, "%lld", (long long)at->correct);
    snprintf(counted, sizeof counted, "%lld", (long long)at->counted);
    snprintf(seen, sizeof seen, "%lld", (long long)at->seen);
    fv__format(seconds, sizeof seconds, "%.17g", at->seconds);
    fv_text history = {.ctx = ctx};
    fv__text_add(&history, "");
    print_history(at, &history);
    size_t count = 0;
    fv__learner_fetch(job->learner);
    fv__learner_show_average(job->learner, false);
    fv_status status = list_tensors(ctx, job, tensors, &count);
    if (status == FV_OK) status = fv__text_done(ctx, &history);
    if (status == FV_OK) list_watched(job->watch, tensors, &count);
    if (status == FV_OK) {
        const fv_st_meta meta[] = {
            {"format", FORMAT},   {"epoch", epoch},
            {"step", step},       {"steps", steps},
            {"loss_sum", loss},   {"correct", correct},
            {"counted", counted}, {"seen", seen},
            {"seconds", seconds}, {"history", history.data ? history.data : ""}};
        char *path = fv__train_path(job, "checkpoint.safetensors");
        status = path ? fv__safetensors_write(ctx, path, tensors, count, meta,
                                              sizeof meta / sizeof meta[0])
                      : FV_EXHAUSTED;
    }
    if (status == FV_OK) job->saved = at->steps;
    fv__text_free(&history);
    fv__free(tensors);
    return status;
}

/* A count from 0 up; -1 when it is anything else. */
static int64_t whole(const fv_json *meta, const char *name) {
    int64_t v;
    return fv__parse_int(fv__json_string(meta, name, ""), &v) && v >= 0 ? v : -1;
}

/* The numbers of a position follow from each other: samples seen from steps, steps in all from
   epochs. */
static bool position_agrees(const fv_train_job *job) {
    const fv_position *at = &job->at;
    const int64_t batch = job->recipe.batch, count = job->train.count;
    const int64_t per_epoch = (count + batch - 1) / batch;
    if (at->epoch < 0 || at->history_count != (size_t)at->epoch) return false;
    if (at->step < 0 || at->step > per_epoch) return false;
    const int64_t seen = at->step < per_epoch ? at->step * batch : count;
    return at->steps == at->epoch * per_epoch + at->step && at->seen == seen && at->correct >= 0 &&
           at->correct <= at->counted && isfinite(at->loss_sum) && isfinite(at->seconds);
}

/* The numbers of a position, each for itself. */
static fv_status parse_position(fv_context *ctx, const fv_json *meta, fv_position *at) {
    if (strcmp(fv__json_string(meta, "format", ""), FORMAT) != 0)
        return fv__fail(ctx, FV_BAD_INPUT, "it is no checkpoint of this version of fovea");
    at->epoch = whole(meta, "epoch");
    at->step = whole(meta, "step");
    at->steps = whole(meta, "steps");
    at->correct = whole(meta, "correct");
    at->counted = whole(meta, "counted");
    at->seen = whole(meta, "seen");
    if (!fv__parse_real(fv__json_string(meta, "loss_sum", "0"), &at->loss_sum) ||
        !fv__parse_real(fv__json_string(meta, "seconds", "0"), &at->seconds))
        return fv__fail(ctx, FV_BAD_INPUT, "its position is damaged");
    return read_history(ctx, fv__json_string(meta, "history", ""), at);
}

static fv_status read_position(fv_context *ctx, const fv_json *meta, fv_train_job *job) {
    FV_TRY(parse_position(ctx, meta, &job->at));
    return position_agrees(job) ? FV_OK : fv__fail(ctx, FV_BAD_INPUT, "its position is damaged");
}

fv_status fv__checkpoint_look(fv_context *ctx, const char *path, fv_position *at) {
    fv_tensor_file file;
    FV_TRY(fv__safetensors_open(ctx, path, &file));
    fv_status status = parse_position(ctx, file.metadata, at);
    if (status == FV_OK && (at->epoch < 0 || at->history_count != (size_t)at->epoch))
        status = fv__fail(ctx, FV_BAD_INPUT, "its position is damaged");
    fv__tensor_file_close(&file);
    return status == FV_BAD_INPUT ? fv__fail_in(ctx, "%s: ", path) : status;
}

static fv_status read_tensors(fv_context *ctx, fv_train_job *job, const fv_tensor_file *file) {
    fv_st_tensor *tensors = fv__alloc(ctx, most_tensors(job) * sizeof *tensors, "a checkpoint");
    if (!tensors) return FV_EXHAUSTED;
    size_t count = 0;
    fv_status status = list_tensors(ctx, job, tensors, &count);
    for (size_t i = 0; status == FV_OK && i < count; i++) {
        const fv_tensor_entry *e = fv__tensor_file_find(file, tensors[i].name);
        if (!e || !fv__shape_equal(&e->shape, &tensors[i].shape))
            status =
                fv__fail(ctx, FV_BAD_INPUT, "%s is missing or of another shape", tensors[i].name);
        else /* ours to write: the list points into the job's own blocks */
            status = fv__tensor_file_floats(ctx, e, (float *)tensors[i].data);
    }
    fv__free(tensors);
    const int64_t weights = job->model->net.graph->param_elements;
    for (int64_t i = 0; status == FV_OK && i < weights; i++)
        if (!isfinite(job->model->weights[i]))
            status = fv__fail(ctx, FV_BAD_INPUT, "it holds weights that are not finite");
    return status;
}

/* Versions that did not watch left nothing, and a network of another one may be watched otherwise:
   what does not fit counts as not seen. */
static fv_status read_watched(fv_context *ctx, fv_train_job *job, const fv_tensor_file *file) {
    fv_st_tensor tensors[2];
    size_t count = 0;
    FV_TRY(fv__watch_reserve(ctx, job->watch, job->at.history_count));
    list_watched(job->watch, tensors, &count);
    for (size_t i = 0; i < count; i++) {
        const fv_tensor_entry *e = fv__tensor_file_find(file, tensors[i].name);
        if (e && fv__shape_equal(&e->shape, &tensors[i].shape))
            FV_TRY(fv__tensor_file_floats(ctx, e, (float *)tensors[i].data));
    }
    return FV_OK;
}

fv_status fv__checkpoint_load(fv_context *ctx, fv_train_job *job) {
    char *path = fv__train_path(job, "checkpoint.safetensors");
    if (!path) return FV_EXHAUSTED;
    if (!fv__file_exists(path)) return FV_OK;
    fv_tensor_file file;
    fv_status status = fv__safetensors_open(ctx, path, &file);
    if (status == FV_OK) {
        status = read_position(ctx, file.metadata, job);
        if (status == FV_OK) status = read_tensors(ctx, job, &file);
        if (status == FV_OK) status = read_watched(ctx, job, &file);
        if (status == FV_BAD_INPUT) (void)!fv__fail_in(ctx, "%s: ", path);
        fv__tensor_file_close(&file);
    }
    if (status == FV_BAD_INPUT) {
        char why[FV_MESSAGE_MAX];
        memcpy(why, ctx->message, sizeof why);
        return fv__fail(ctx, status,
                        "%s. This checkpoint cannot be used; put a good copy back, or remove it "
                        "and the run begins again",
                        why);
    }
    if (status == FV_OK) job->saved = job->at.steps;
    if (status == FV_OK) fv__learner_store(job->learner);
    if (status == FV_OK) fv__learner_set_steps(job->learner, job->at.steps);
    return status;
}
