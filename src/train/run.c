/* SPDX-License-Identifier: MIT */
/*
 * run.c - the training loop.
 *
 * Everything random depends on (seed, epoch, image) or (seed, step), so the position is all that
 * must be saved: a run that was killed and resumed ends in the same bytes.
 */
#include "train/run.h"
#include "base/cpu_features.h"
#include "base/peak.h"
#include <math.h>
#include <string.h>

#define SAVE_SECONDS 120.0 /* the most a crash in a long epoch costs */
#define TICK_SECONDS 0.1   /* between two calls of the progress hook */

static int64_t steps_per_epoch(const fv_train_job *job) {
    return (job->train.count + job->recipe.batch - 1) / job->recipe.batch;
}

/* Plateau: the product of the reductions that the test losses so far ask for. */
static double plateau_factor(const fv_recipe *r, const fv_position *at) {
    double factor = 1, best = INFINITY;
    int64_t waited = 0;
    for (size_t e = 0; e < at->history_count; e++) {
        if (at->history[e].test_loss < best) {
            best = at->history[e].test_loss;
            waited = 0;
        } else if (++waited >= r->patience) {
            factor *= r->factor;
            waited = 0;
        }
    }
    return factor;
}

int64_t fv__train_best(const fv_position *at) {
    int64_t best = -1;
    for (size_t e = 0; e < at->history_count; e++)
        if (best < 0 || at->history[e].test_accuracy > at->history[best].test_accuracy)
            best = (int64_t)e;
    return best;
}

static fv_status write_log(fv_context *ctx, fv_train_job *job) {
    fv_text log = {.ctx = ctx};
    fv__text_add(&log, "epoch,lr,train_loss,train_accuracy,test_loss,test_accuracy,seconds,"
                       "images_per_second,peak_memory\n");
    for (size_t e = 0; e < job->at.history_count; e++) {
        const fv_epoch *h = &job->at.history[e];
        fv__text_addf(&log, "%zu,%.6g,%.6f,%.6f,%.6f,%.6f,%.3f,%.1f,%.0f\n", e + 1, h->lr,
                      h->train_loss, h->train_accuracy, h->test_loss, h->test_accuracy, h->seconds,
                      h->images_per_second, h->peak_memory);
    }
    char *path = fv__train_path(job, "log.csv");
    fv_status status = fv__text_done(ctx, &log);
    if (status == FV_OK)
        status = path ? fv__file_write(ctx, path, log.data, log.length) : FV_EXHAUSTED;
    fv__text_free(&log);
    return status;
}

static double share(int64_t right, int64_t counted) {
    return counted > 0 ? (double)right / (double)counted : 0;
}

typedef struct watch {
    const fv_hooks *hooks;
    double started;      /* of this process's part of the epoch */
    double base_seconds; /* spent in the epoch by earlier processes */
    int64_t base_seen;
    double ticked, saved;
} watch;

static double epoch_seconds(const watch *w) {
    return w->base_seconds + (fv__seconds() - w->started);
}

static void tick(const fv_train_job *job, watch *w, const fv_epoch *done) {
    if (!w->hooks || !w->hooks->progress) return;
    const double now = fv__seconds();
    if (!done && now - w->ticked < TICK_SECONDS) return;
    w->ticked = now;
    const fv_position *at = &job->at;
    const int64_t seen = at->seen - w->base_seen;
    const double rate = now > w->started ? (double)seen / (now - w->started) : 0;
    const int64_t epoch = done ? at->epoch : at->epoch + 1; /* a finished one is counted already */
    const double left = (double)((job->recipe.epochs - epoch) * job->train.count) +
                        (done ? 0 : (double)(job->train.count - at->seen));
    fv_progress p = {.epoch = epoch,
                     .epochs = job->recipe.epochs,
                     .step = done ? steps_per_epoch(job) : at->step,
                     .steps = steps_per_epoch(job),
                     .loss = at->seen ? at->loss_sum / (double)at->seen : 0,
                     .accuracy = share(at->correct, at->counted),
                     .images_per_second = rate,
                     .seconds_left = rate > 0 ? left / rate : -1,
                     .done = done};
    w->hooks->progress(w->hooks->arg, &p);
}

static bool stop_wanted(const watch *w) {
    return w->hooks && w->hooks->stop && w->hooks->stop(w->hooks->arg);
}

/* One step; the order of the epoch is in job->order. */
static fv_status one_step(fv_context *ctx, fv_train_job *job, double lr) {
    fv_position *at = &job->at;
    const fv_recipe *r = &job->recipe;
    const int64_t start = at->step * r->batch;
    const int64_t left = job->train.count - start;
    const int64_t n = left < r->batch ? left : r->batch;
    fv_learner_batch to;
    FV_TRY(fv__learner_batch(ctx, job->learner, n, &to));
    const fv_augment augment = {r->flip, r->shift};
    const fv_batch batch = {.order = job->order,
                            .start = start,
                            .n = n,
                            .augment = &augment,
                            .seed = (uint64_t)r->seed,
                            .epoch = (uint64_t)at->epoch};
    FV_TRY(fv__targets_fill(ctx, &job->train, &job->model->net.graph->input, &batch, &to));
    fv_step_result result;
    fv__watch_step(job->watch, at->step, steps_per_epoch(job));
    fv_status status = fv__learner_step(ctx, job->learner, n, lr, &result);
    if (status != FV_OK) return fv__fail_in(ctx, "epoch %lld: ", (long long)at->epoch + 1);
    at->loss_sum += result.loss * (double)n;
    at->correct += result.tally.right;
    at->counted += result.tally.counted;
    at->seen += n;
    at->step++;
    at->steps++;
    return FV_OK;
}

/* The last update of an epoch can spoil the weights, and only the test sees it. */
static fv_status test_diverged(fv_context *ctx, fv_train_job *job, double lr) {
    const int64_t most = job->recipe.batch;
    const int64_t n = job->test.count < most ? job->test.count : most;
    fv_learner_batch to;
    FV_TRY(fv__learner_batch(ctx, job->learner, n, &to));
    const fv_batch batch = {.n = n};
    FV_TRY(fv__targets_fill(ctx, &job->test, &job->model->net.graph->input, &batch, &to));
    const fv_status status = fv__learner_diverged(ctx, job->learner, n, lr);
    return status == FV_OK ? FV_OK
                           : fv__fail_in(ctx, "test of epoch %lld: ", (long long)job->at.epoch + 1);
}

static fv_status save_within(fv_context *ctx, fv_train_job *job, watch *w) {
    job->at.seconds = epoch_seconds(w);
    w->saved = fv__seconds();
    return fv__checkpoint_save(ctx, job);
}

/* Saves, and says how to go on. */
static fv_status stop_here(fv_context *ctx, fv_train_job *job, watch *w) {
    FV_TRY(save_within(ctx, job, w));
    return fv__fail(ctx, FV_INTERRUPTED, "stopped in epoch %lld; go on with: fovea resume %s",
                    (long long)job->at.epoch + 1, job->folder);
}

/* Test scores, history, log, best model, checkpoint. */
static fv_status end_epoch(fv_context *ctx, fv_train_job *job, watch *w, double lr) {
    fv_position *at = &job->at;
    fv_scores scores = {0};
    const double trained = epoch_seconds(w);
    fv__learner_fetch(job->learner);
    if (w->hooks) scores.stop = w->hooks->stop;
    if (w->hooks) scores.stop_arg = w->hooks->arg;
    const fv_status tested = fv__evaluate(ctx, job->evaluator, &job->test, &scores);
    if (tested == FV_INTERRUPTED) return stop_here(ctx, job, w); /* the test is made again */
    FV_TRY(tested);
    if (!isfinite(scores.loss)) FV_TRY(test_diverged(ctx, job, lr));
    FV_TRY(fv__grow(ctx, (void **)&at->history, &at->history_capacity, at->history_count + 1,
                    sizeof *at->history, "the history"));
    const fv_epoch done = {.lr = lr,
                           .train_loss = at->loss_sum / (double)at->seen,
                           .train_accuracy = share(at->correct, at->counted),
                           .test_loss = scores.loss,
                           .test_accuracy = share(scores.tally.right, scores.tally.counted),
                           .seconds = epoch_seconds(w),
                           .images_per_second = trained > 0 ? (double)at->seen / trained : 0,
                           .peak_memory = (double)fv__peak_memory()};
    FV_TRY(fv__watch_end_epoch(ctx, job->watch));
    at->history[at->history_count++] = done;
    at->epoch++;
    if (fv__train_best(at) == at->epoch - 1) {
        char *path = fv__train_path(job, "best.safetensors");
        if (!path) return FV_EXHAUSTED;
        FV_TRY(fv__model_save(ctx, job->model, path));
    }
    tick(job, w, &done);
    at->step = 0;
    at->loss_sum = at->seconds = 0;
    at->correct = at->counted = at->seen = 0;
    FV_TRY(fv__checkpoint_save(ctx, job));
    return write_log(ctx, job);
}

static fv_status one_epoch(fv_context *ctx, fv_train_job *job, const fv_hooks *hooks) {
    fv_position *at = &job->at;
    const fv_recipe *r = &job->recipe;
    const int64_t steps = steps_per_epoch(job);
    const double now = fv__seconds();
    watch w = {.hooks = hooks,
               .started = now,
               .base_seconds = at->seconds,
               .base_seen = at->seen,
               .saved = now};
    const double factor = plateau_factor(r, at);
    /* of the last step, should the run have been stopped right behind it */
    double lr = fv__recipe_rate(r, at->epoch, (double)(steps - 1) / (double)steps, factor);
    fv__random_permutation(fv__key((uint64_t)r->seed, FV_STREAM_SHUFFLE, 0, (uint64_t)at->epoch),
                           job->order, (uint32_t)job->train.count);
    while (at->step < steps) {
        lr = fv__recipe_rate(r, at->epoch, (double)at->step / (double)steps, factor);
        FV_TRY(one_step(ctx, job, lr));
        tick(job, &w, NULL);
        if (stop_wanted(&w)) return stop_here(ctx, job, &w);
        if (at->step < steps && fv__seconds() - w.saved > SAVE_SECONDS)
            FV_TRY(save_within(ctx, job, &w));
    }
    return end_epoch(ctx, job, &w, lr);
}

fv_status fv__train_run(fv_context *ctx, fv_train_job *job, const fv_hooks *hooks) {
    while (job->at.epoch < job->recipe.epochs) FV_TRY(one_epoch(ctx, job, hooks));
    char *path = fv__train_path(job, "model.safetensors");
    if (!path) return FV_EXHAUSTED;
    FV_TRY(fv__model_save(ctx, job->model, path));
    return write_log(ctx, job);
}
