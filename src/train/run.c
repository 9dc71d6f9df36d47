/* SPDX-License-Identifier: MIT */
/*
 * run.c - the training loop.
 *
 * Everything random depends on (seed, epoch, image) or (seed, step), so the position is all that
 * must be saved: a run that was killed and resumed ends in the same bytes.
 */
#include "train/run.h"
#include "base/cpu_features.h"
#include "base/hold.h"
#include "base/peak.h"
#include <math.h>
#include <string.h>

#define SAVE_SECONDS 120.0 /* the most a crash in a long epoch costs */
#define TICK_SECONDS 0.1   /* between two calls of the progress hook */

static fv_status write_log(fv_context *ctx, fv_train_job *job) {
    fv_text log = {.ctx = ctx};
    fv__text_add(&log, "epoch,lr,train_loss,train_accuracy,test_loss,test_accuracy,seconds,"
                       "images_per_second,peak_memory\n");
    for (size_t e = 0; e < job->at.history_count; e++) {
        const fv_epoch *h = &job->at.history[e];
        if (e < (size_t)job->at.epoch)
            fv__text_addf(&log, "%zu", e + 1);
        else /* so much of it as limit let pass */
            fv__text_addf(&log, "%.6g",
                          (double)e + (double)job->at.step / (double)fv__train_steps(job));
        fv__text_addf(&log, ",%.6g,%.6f,%.6f,%.6f,%.6f,%.3f,%.1f,%.0f\n", h->lr, h->train_loss,
                      h->train_accuracy, h->test_loss, h->test_accuracy, h->seconds,
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

/* Training images within the first so many steps. */
static int64_t images_of(const fv_train_job *job, int64_t steps) {
    const int64_t each = fv__train_steps(job), within = steps % each * job->recipe.batch;
    return steps / each * job->train.count + within;
}

static void tick(const fv_train_job *job, watch *w, const fv_epoch *done) {
    if (!w->hooks || !w->hooks->progress) return;
    const double now = fv__seconds();
    if (!done && now - w->ticked < TICK_SECONDS) return;
    w->ticked = now;
    const fv_position *at = &job->at;
    const int64_t each = fv__train_steps(job), limit = job->recipe.limit;
    const bool whole = done && at->history_count == (size_t)at->epoch; /* counted already */
    const int64_t epoch = whole ? at->epoch : at->epoch + 1;
    const int64_t all = job->recipe.epochs * each, end = limit > 0 && limit < all ? limit : all;
    const int64_t rest = end - (epoch - 1) * each;
    const int64_t seen = at->seen - w->base_seen;
    const double rate = now > w->started ? (double)seen / (now - w->started) : 0;
    const double left = (double)(images_of(job, end) - images_of(job, at->steps));
    fv_progress p = {.epoch = epoch,
                     .epochs = (end + each - 1) / each,
                     .step = at->step,
                     .steps = rest < each ? rest : each,
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

fv_batch fv__epoch_batch(const fv_recipe *r, const fv_components *components, const uint32_t *order,
                         int64_t count, int64_t epoch, int64_t step) {
    const int64_t start = step * r->batch;
    const int64_t left = count > start ? count - start : 0;
    return (fv_batch){.order = order,
                      .start = start,
                      .n = left < r->batch ? left : r->batch,
                      .augment = &r->augment,
                      .components = components,
                      .seed = (uint64_t)r->seed,
                      .epoch = (uint64_t)epoch};
}

void fv__epoch_order(const fv_recipe *r, int64_t epoch, uint32_t *order, int64_t count) {
    const fv_key key = fv__key((uint64_t)r->seed, FV_STREAM_SHUFFLE, 0, (uint64_t)epoch);
    fv__random_permutation(key, order, (uint32_t)count);
}

/* Step number `step` of this epoch, whose order is in job->order. */
static fv_batch batch_of(const fv_train_job *job, int64_t step) {
    return fv__epoch_batch(&job->recipe, &job->components, job->order, job->train.count,
                           job->at.epoch, step);
}

void fv__train_shuffle(fv_train_job *job) {
    fv__loader_drop(job->loader); /* it may read the order */
    fv__epoch_order(&job->recipe, job->at.epoch, job->order, job->train.count);
}

fv_status fv__train_step(fv_context *ctx, fv_train_job *job, double lr) {
    fv_position *at = &job->at;
    const fv_batch batch = batch_of(job, at->step), next = batch_of(job, at->step + 1);
    const int64_t n = batch.n;
    fv_learner_batch to;
    FV_TRY(fv__learner_batch(ctx, job->learner, n, &to));
    FV_TRY(fv__loader_take(ctx, job->loader, &batch, &next, &to));
    fv__learner_comes_from(
        job->learner, &(fv_learner_origin){job->order, batch.start, &job->train, job->weights});
    fv__picture_cache_tell(ctx, job->cache);
    fv_step_result result;
    fv__watch_step(job->watch, at->step, fv__train_steps(job));
    fv_status status = fv__learner_step(ctx, job->learner, n, lr, &result);
    if (status != FV_OK) return fv__fail_in(ctx, "epoch %lld: ", (long long)at->epoch + 1);
    job->step_loss = result.loss;
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
    fv__learner_comes_from(job->learner, &(fv_learner_origin){.weights = job->weights});
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

/* The epoch so far, tested. */
static fv_status test(fv_context *ctx, fv_train_job *job, watch *w, double lr, fv_epoch *done) {
    fv_position *at = &job->at;
    fv_scores scores = {0};
    const double trained = epoch_seconds(w);
    fv__learner_fetch(job->learner);
    fv__learner_show_average(job->learner, true); /* until the checkpoint */
    if (w->hooks) scores.stop = w->hooks->stop;
    if (w->hooks) scores.stop_arg = w->hooks->arg;
    const fv_status tested = fv__evaluate(ctx, job->evaluator, &job->test, &scores);
    fv__picture_cache_tell(ctx, job->cache);
    if (tested == FV_INTERRUPTED) return stop_here(ctx, job, w); /* the test is made again */
    FV_TRY(tested);
    if (!isfinite(scores.loss)) FV_TRY(test_diverged(ctx, job, lr));
    *done = (fv_epoch){.lr = lr,
                       .train_loss = at->loss_sum / (double)at->seen,
                       .train_accuracy = share(at->correct, at->counted),
                       .test_loss = scores.loss,
                       .test_accuracy = share(scores.tally.right, scores.tally.counted),
                       .seconds = epoch_seconds(w),
                       .images_per_second = trained > 0 ? (double)at->seen / trained : 0,
                       .peak_memory = (double)fv__peak_memory()};
    FV_TRY(fv__grow(ctx, (void **)&at->history, &at->history_capacity, at->history_count + 1,
                    sizeof *at->history, "the history"));
    at->history[at->history_count++] = *done;
    return FV_OK;
}

/* The model is the best so far. */
static fv_status save_best(fv_context *ctx, fv_train_job *job) {
    char *path = fv__train_path(job, "best.safetensors");
    return path ? fv__model_save(ctx, job->model, path) : FV_EXHAUSTED;
}

/* Test scores, history, log, best model, checkpoint. */
static fv_status end_epoch(fv_context *ctx, fv_train_job *job, watch *w, double lr) {
    fv_position *at = &job->at;
    fv_epoch done;
    FV_TRY(test(ctx, job, w, lr, &done));
    FV_TRY(fv__watch_end_epoch(ctx, job->watch));
    at->epoch++;
    if (fv__train_best(at) == at->epoch - 1) FV_TRY(save_best(ctx, job));
    tick(job, w, &done);
    at->step = 0;
    at->loss_sum = at->seconds = 0;
    at->correct = at->counted = at->seen = 0;
    FV_TRY(fv__checkpoint_save(ctx, job));
    return write_log(ctx, job);
}

/* Where limit ends a run within an epoch: what there is of it is tested and told, but the position
   stays, so that a larger limit goes on as if there had been none. */
static fv_status end_within(fv_context *ctx, fv_train_job *job, watch *w, double lr) {
    fv_epoch done;
    FV_TRY(save_within(ctx, job, w));
    FV_TRY(test(ctx, job, w, lr, &done));
    FV_TRY(fv__watch_end_epoch(ctx, job->watch));        /* for the report alone, as the test */
    if (job->at.epoch == 0) FV_TRY(save_best(ctx, job)); /* there is no whole one yet */
    tick(job, w, &done);
    return write_log(ctx, job);
}

static fv_status one_epoch(fv_context *ctx, fv_train_job *job, const fv_hooks *hooks) {
    fv_position *at = &job->at;
    const fv_recipe *r = &job->recipe;
    const int64_t steps = fv__train_steps(job);
    const double now = fv__seconds();
    watch w = {.hooks = hooks,
               .started = now,
               .base_seconds = at->seconds,
               .base_seen = at->seen,
               .saved = now};
    const double factor = fv__train_plateau(r, at);
    /* of the last step, should the run have been stopped right behind it */
    const int64_t last = at->step > 0 ? at->step - 1 : 0;
    double lr = fv__recipe_rate(r, at->epoch, (double)last / (double)steps, factor);
    fv__train_shuffle(job);
    while (at->step < steps && !fv__train_at_limit(job)) {
        lr = fv__recipe_rate(r, at->epoch, (double)at->step / (double)steps, factor);
        FV_TRY(fv__train_step(ctx, job, lr));
        fv__step_log_add(job, lr, job->step_loss);
        tick(job, &w, NULL);
        if (stop_wanted(&w)) return stop_here(ctx, job, &w);
        if (at->step < steps && fv__seconds() - w.saved > SAVE_SECONDS)
            FV_TRY(save_within(ctx, job, &w));
    }
    return at->step < steps ? end_within(ctx, job, &w, lr) : end_epoch(ctx, job, &w, lr);
}

/* A divergence, with where the last numbers are that were good. */
static fv_status name_checkpoint(fv_context *ctx, fv_train_job *job) {
    char why[FV_MESSAGE_MAX];
    memcpy(why, ctx->message, sizeof why);
    const fv_status logged = fv__step_log_write(ctx, job); /* how it came about; not what failed */
    (void)logged;
    if (job->saved < 0)
        return fv__fail(ctx, FV_DIVERGED, "%s. There is no checkpoint from before it yet", why);
    return fv__fail(ctx, FV_DIVERGED, "%s. The last good checkpoint is that of step %lld, in %s",
                    why, (long long)job->saved, job->folder);
}

static fv_status run(fv_context *ctx, fv_train_job *job, const fv_hooks *hooks) {
    fv_status status = FV_OK;
    job->at.history_count = (size_t)job->at.epoch; /* of a limit's last test, which is made again */
    while (status == FV_OK && !fv__train_ended(job)) status = one_epoch(ctx, job, hooks);
    if (status == FV_DIVERGED) status = name_checkpoint(ctx, job);
    FV_TRY(status);
    fv__learner_show_average(job->learner, true);
    char *path = fv__train_path(job, "model.safetensors");
    if (!path) return FV_EXHAUSTED;
    FV_TRY(fv__model_save(ctx, job->model, path));
    return write_log(ctx, job);
}

fv_status fv__train_run(fv_context *ctx, fv_train_job *job, const fv_hooks *hooks) {
    char *record = fv__train_path(job, FV_RUN_RECORD);
    if (!record) return FV_EXHAUSTED;
    const int hold = fv__file_hold(record); /* so that others can tell that it is at work */
    const fv_status status = run(ctx, job, hooks);
    fv__file_let_go(hold);
    return status;
}
