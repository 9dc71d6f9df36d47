/* SPDX-License-Identifier: MIT */
/*
 * run_equip.c - what a run needs to take its steps, once network, data and recipe are there: what
 * the data decides, the learner, the evaluator, the loader.
 */
#include "train/class_weights.h"
#include "train/lsuv.h"
#include "train/run.h"
#include <string.h>

#define TEST_BATCH 256 /* images tested at a time, at most, unless told */

void fv__train_unequip(fv_train_job *job) {
    fv__loader_free(job->loader);       /* which may be reading the order */
    fv__evaluator_free(job->evaluator); /* which runs in the learner's memory */
    fv__learner_free(job->learner);
    fv__watch_free(job->watch);
    fv__free(job->order);
    job->evaluator = NULL;
    job->learner = NULL;
    job->order = NULL;
    job->loader = NULL;
    job->watch = NULL;
}

/* What each class counts, as the data has it. */
static fv_status weigh_classes(fv_context *ctx, fv_train_job *job) {
    const char *text = job->recipe.class_weights;
    if (!text[0] || strcmp(text, "none") == 0) return FV_OK;
    fv_long_reals *weights = fv__arena_alloc(&job->arena, sizeof *weights);
    if (!weights) return FV_EXHAUSTED;
    job->recipe.weights = weights;
    return fv__class_weights(ctx, text, &job->train, weights);
}

/* Fresh weights are scaled by the data, unless a checkpoint has others. */
static fv_status scale_weights(fv_context *ctx, fv_train_job *job) {
    const fv_recipe *r = &job->recipe;
    if (r->init != FV_LSUV || job->weights || job->weights_checksum) return FV_OK;
    const char *checkpoint = job->folder ? fv__train_path(job, "checkpoint.safetensors") : NULL;
    if (checkpoint && fv__file_exists(checkpoint)) return FV_OK;
    return fv__lsuv(ctx, job->model, fv__losses[r->loss], &job->train,
                    (r->batch + r->shards - 1) / r->shards, (uint64_t)r->seed);
}

/* What the data decides, once. */
static fv_status ready(fv_context *ctx, fv_train_job *job) {
    if (job->readied) return FV_OK;
    FV_TRY(fv__augment_takes(ctx, &job->recipe.augment, &job->train));
    if (job->recipe.augment.pca > 0) FV_TRY(fv__components_of(ctx, &job->train, &job->components));
    FV_TRY(weigh_classes(ctx, job));
    FV_TRY(scale_weights(ctx, job));
    job->readied = true;
    return FV_OK;
}

/* Four times the batch: who trains in small ones has no memory for large ones. */
int64_t fv__train_tests(const fv_recipe *recipe) {
    if (recipe->tests > 0) return recipe->tests;
    return recipe->batch < TEST_BATCH / 4 ? 4 * recipe->batch : TEST_BATCH;
}

fv_status fv__train_equip(fv_context *ctx, fv_train_job *job) {
    const fv_graph *net = job->model->net.graph;
    const fv_op *loss = fv__losses[job->recipe.loss];
    fv_target_kind wants;
    if (!job->borrowed) fv__dataset_tell(ctx, &job->train);
    FV_TRY(fv__targets_check(ctx, &job->train, net, loss, true, &wants));
    FV_TRY(fv__targets_check(ctx, &job->test, net, loss, false, NULL));
    if (job->recipe.batch > job->train.count) {
        fv__log(
            ctx, FV_LOG_NOTE, "a batch of %lld is more than the %lld training images: it is %lld",
            (long long)job->recipe.batch, (long long)job->train.count, (long long)job->train.count);
        job->recipe.batch = job->train.count;
    }
    fv__train_unequip(job);
    FV_TRY(fv__train_describe(ctx, job));
    job->at.by_loss = wants == FV_TARGET_VECTOR;
    FV_TRY(ready(ctx, job));
    FV_TRY(fv__learner_new(ctx, job->model, &job->recipe, &job->learner));
    /* what speaks against the epoch's last, smaller batch is said before the first step */
    const int64_t last = job->train.count % job->recipe.batch;
    if (last) FV_TRY(fv__learner_reserve(ctx, job->learner, last));
    FV_TRY(fv__evaluator_new(ctx, job->model, loss, fv__train_tests(&job->recipe),
                             fv__learner_workspace(job->learner), &job->evaluator));
    FV_TRY(fv__watch_new(ctx, job->learner, &job->watch));
    job->order = fv__alloc(ctx, (size_t)job->train.count * sizeof *job->order, "an epoch's order");
    if (!job->order) return FV_EXHAUSTED;
    fv_learner_batch like;
    FV_TRY(fv__learner_batch(ctx, job->learner, job->recipe.batch, &like));
    return fv__loader_new(ctx, &job->train, &net->input, &like, job->recipe.batch, &job->loader);
}
