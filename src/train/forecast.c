/* SPDX-License-Identifier: MIT */
/*
 * forecast.c - what a run will take.
 *
 * Memory is what the planner says of the very plans that the learner and the evaluator make. Time:
 * one step and one batch of the test to warm up, then steps on the first images of the first epoch,
 * as it will see them, for a second and at least two of them; batches of the test in the same way.
 */
#include "train/forecast.h"
#include "base/cpu_features.h"
#include <string.h>

#define MEASURE_SECONDS 1.0
#define LEAST_STEPS     2
#define LEAST_TESTS     1
#define REPORT_DISK     400000   /* report.html and its images, of networks for small images */
#define REPORT_MEMORY   15000000 /* its drawings, and the page with them inside */

static size_t most(size_t a, size_t b) {
    return a > b ? a : b;
}

static fv_status plan_bytes(fv_context *ctx, const fv_graph *net, int64_t n, bool training,
                            fv_plan_memory *out) {
    const int prediction = net->heads[0].prediction;
    const fv_plan_options options = {.batch = n,
                                     .training = training,
                                     .backward = training,
                                     .device = ctx->device,
                                     .keep = &prediction,
                                     .keep_count = 1};
    fv_plan *plan;
    FV_TRY(fv__plan_new(ctx, net, &options, &plan));
    *out = fv__plan_memory(plan);
    fv__plan_free(plan);
    return FV_OK;
}

/* Gradients: one block, and one for each level of the tree of shards. */
static size_t gradient_blocks(int64_t shards) {
    size_t blocks = 1;
    for (int64_t width = 1; width < shards; width *= 2) blocks++;
    return blocks;
}

/* `images`: of the test. */
static fv_status planned(fv_context *ctx, const fv_graph *net, const fv_recipe *r, int64_t images,
                         fv_forecast *out) {
    const int64_t shards = r->shards > 1 ? r->shards : 1, tests = fv__train_tests(r);
    /* a full batch of the test and its last one have packed weights of their own */
    const size_t packs = (size_t)(images >= tests) + (size_t)(images % tests > 0);
    const size_t block = (size_t)net->param_elements * sizeof(float);
    const size_t image = (size_t)fv__shape_sample(&net->values[0].shape) * sizeof(float);
    fv_plan_memory step, test;
    FV_TRY(plan_bytes(ctx, net, (r->batch + shards - 1) / shards, true, &step));
    FV_TRY(plan_bytes(ctx, net, images < tests ? images : tests, false, &test));
    out->weights = block;
    out->gradients = block * gradient_blocks(shards);
    out->optimizer = block * (size_t)(fv__recipe_states(r) + (r->average > 0));
    out->packed = step.prepared + test.prepared * packs;
    out->workspace = most(step.activations + step.scratch, test.activations + test.scratch);
    /* of one shard they lie where they are computed */
    out->input = image * (size_t)(tests + (shards > 1 ? r->batch : 0));
    out->memory =
        out->weights + out->gradients + out->optimizer + out->packed + out->workspace + out->input;
    return FV_OK;
}

/* An image on its way through the network, every value kept (look/feature_images.c). */
static fv_status report_bytes(fv_context *ctx, const fv_graph *net, size_t *out) {
    const fv_plan_options options = {.batch = 1, .keep_values = true};
    fv_plan *plan;
    FV_TRY(fv__plan_new(ctx, net, &options, &plan));
    const fv_plan_memory m = fv__plan_memory(plan);
    *out = m.activations + m.scratch + m.prepared + REPORT_MEMORY;
    fv__plan_free(plan);
    return FV_OK;
}

fv_status fv__forecast_memory(fv_context *ctx, const fv_graph *net, const fv_recipe *recipe,
                              int64_t images, fv_forecast *out) {
    fv_graph *with;
    FV_TRY(fv__net_with_loss(ctx, net, fv__losses[recipe->loss], &with));
    const fv_status status = planned(ctx, with, recipe, images, out);
    fv__net_free(with);
    return status;
}

/* --- a trial -----------------------------------------------------------------------------------
 */

static size_t weight_bytes(const fv_train_job *job) {
    return (size_t)job->model->net.graph->param_elements * sizeof(float);
}

fv_status fv__trial_begin(fv_context *ctx, fv_train_job *job, fv_trial *trial) {
    trial->at = job->at;
    trial->weights = fv__alloc(ctx, weight_bytes(job), "the weights of the start");
    if (!trial->weights) return FV_EXHAUSTED;
    memcpy(trial->weights, job->model->weights, weight_bytes(job));
    return FV_OK;
}

fv_status fv__trial_end(fv_context *ctx, fv_train_job *job, fv_trial *trial) {
    if (trial->weights) memcpy(job->model->weights, trial->weights, weight_bytes(job));
    fv__free(trial->weights);
    job->at = trial->at;
    return fv__train_equip(ctx, job);
}

/* --- time --------------------------------------------------------------------------------------
 */

static fv_status measure_steps(fv_context *ctx, fv_train_job *job, fv_forecast *out) {
    const fv_recipe *r = &job->recipe;
    const int64_t each = fv__train_steps(job);
    double start = fv__seconds();
    fv__train_shuffle(job);
    for (int64_t taken = -1; taken < each; taken++) {
        const double spent = fv__seconds() - start;
        if (taken >= LEAST_STEPS && spent > MEASURE_SECONDS) break;
        if (taken == 0) start = fv__seconds(); /* the first one warms up */
        if (job->at.step == each) job->at.step = 0;
        const double progress = (double)job->at.step / (double)each;
        FV_TRY(fv__train_step(ctx, job, fv__recipe_rate(r, 0, progress, 1)));
        out->steps_measured = taken + 1;
        out->step_seconds = (fv__seconds() - start) / (double)(taken + 1 > 0 ? taken + 1 : 1);
    }
    return FV_OK;
}

static fv_status measure_test(fv_context *ctx, fv_train_job *job, fv_forecast *out) {
    const int64_t tests = fv__train_tests(&job->recipe);
    fv_dataset part = job->test; /* its first images alone */
    double start = fv__seconds(), seconds = 0;
    int64_t seen = 0;
    part.count = job->test.count < tests ? job->test.count : tests;
    fv__learner_fetch(job->learner);
    for (int64_t i = -1; i < LEAST_TESTS || seconds < MEASURE_SECONDS / 2; i++) {
        fv_scores scores = {0};
        if (i == 0) start = fv__seconds();
        FV_TRY(fv__evaluate(ctx, job->evaluator, &part, &scores));
        if (i >= 0) seen += part.count;
        seconds = fv__seconds() - start;
    }
    out->test_seconds = seconds * (double)job->test.count / (double)seen;
    return FV_OK;
}

static void sum_up(const fv_train_job *job, fv_forecast *out) {
    const fv_recipe *r = &job->recipe;
    const int64_t each = fv__train_steps(job), all = each * r->epochs;
    const size_t states = (size_t)fv__recipe_states(r);
    /* the last step of an epoch may be a smaller one */
    const double whole = (double)job->train.count / (double)r->batch;
    out->batch = r->batch;
    out->shards = r->shards;
    out->tests = fv__train_tests(r);
    out->steps = each;
    out->epochs = r->epochs;
    out->all_steps = r->limit > 0 && r->limit < all ? r->limit : all;
    out->epoch_seconds = out->step_seconds * whole + out->test_seconds;
    const double epochs = (double)out->all_steps / (double)each;
    const double tests = (double)((out->all_steps + each - 1) / each);
    out->seconds = epochs * whole * out->step_seconds + tests * out->test_seconds;
    /* checkpoint, best and last model, the report */
    out->disk = out->weights * (3 + states) + REPORT_DISK;
}

static fv_status forecast(fv_context *ctx, fv_train_job *job, fv_forecast *out) {
    const fv_graph *net = job->model->net.graph;
    FV_TRY(fv__forecast_memory(ctx, net, &job->recipe, job->test.count, out));
    FV_TRY(report_bytes(ctx, net, &out->report));
    FV_TRY(measure_steps(ctx, job, out));
    FV_TRY(measure_test(ctx, job, out));
    sum_up(job, out);
    size_t test = 0;
    if (job->cache) FV_TRY(fv__picture_cache_forecast(ctx, &job->train, &out->cache));
    if (job->cache) FV_TRY(fv__picture_cache_forecast(ctx, &job->test, &test));
    out->cache += test;
    return FV_OK;
}

fv_status fv__forecast(fv_context *ctx, fv_train_job *job, fv_forecast *out) {
    fv_trial trial = {0};
    FV_TRY(fv__trial_begin(ctx, job, &trial));
    fv_status status = forecast(ctx, job, out);
    if (status != FV_OK) {
        fv__free(trial.weights);
        return status;
    }
    return fv__trial_end(ctx, job, &trial);
}
