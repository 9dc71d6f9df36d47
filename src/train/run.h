/* SPDX-License-Identifier: MIT */
/*
 * run.h - a training run in its folder.
 *
 *   run.json                what the run is: network, data, settings, command; never changes
 *   checkpoint.safetensors  weights, optimiser, position, history; all that resuming needs
 *   log.csv                 one row per epoch
 *   best.safetensors        the model of the epoch with the best test accuracy
 *   model.safetensors       the model at the end; the same bytes for the same network, data,
 *                           settings and seed, however often the run was killed and resumed
 *
 * The folder appears with run.json in it, so a run can be resumed from the moment it exists.
 */
#ifndef FV_TRAIN_RUN_H
#define FV_TRAIN_RUN_H

#include "data/data.h"
#include "train/evaluate.h"
#include "train/learner.h"

/* How far a run is. */
typedef struct fv_position {
    int64_t epoch, step; /* the next step is number `step` of epoch `epoch`, both from 0 */
    int64_t steps;       /* taken in all */
    double loss_sum;     /* of this epoch's steps, weighted by their samples */
    int64_t correct, counted,
        seen;          /* predicted right, of all that count (pixels of maps); samples */
    double seconds;    /* spent in this epoch so far */
    fv_epoch *history; /* [epoch] */
    size_t history_count, history_capacity;
} fv_position;

typedef struct fv_train_job {
    char *folder;
    char *command; /* as typed */
    char *data;    /* as given */
    fv_recipe recipe;
    fv_model *model;
    fv_dataset train, test;
    fv_learner *learner;
    fv_evaluator *evaluator;
    fv_position at;
    fv_arena arena;
    uint32_t *order;
} fv_train_job;

/* The library prints nothing: whoever runs a job watches it with these. Each may be NULL. */
typedef struct fv_hooks {
    void (*progress)(void *arg, const fv_progress *progress);
    bool (*stop)(void *arg); /* asked after each step; true: save and return FV_INTERRUPTED */
    void *arg;
} fv_hooks;

/* Prepares a new run: finds network and data, applies settings (names of recipe fields go to the
   recipe, others to the network's parameters; `classes` follows the data unless given), makes the
   folder. folder NULL: runs/NAME-N with the next free N. */
FV_MUST_USE fv_status fv__train_start(fv_context *ctx, const char *net, const char *data,
                                      const fv_setting *settings, size_t setting_count,
                                      const char *folder, const char *command, fv_train_job **out);
/* Takes up the run of a folder where its last checkpoint stands. */
FV_MUST_USE fv_status fv__train_resume(fv_context *ctx, const char *folder, fv_train_job **out);
void fv__train_free(fv_train_job *job);

/* Trains to the end, with a checkpoint after each epoch, every few minutes and when stopped; then
   writes model.safetensors. FV_INTERRUPTED, FV_DIVERGED (checkpoint left as it was). */
FV_MUST_USE fv_status fv__train_run(fv_context *ctx, fv_train_job *job, const fv_hooks *hooks);

/* The path of a file in the run's folder, in the job's arena; NULL when memory is refused. */
char *fv__train_path(fv_train_job *job, const char *file);

/* The epoch with the best test accuracy (the first of equals); -1: none yet. */
int64_t fv__train_best(const fv_position *at);

/* checkpoint.c */
FV_MUST_USE fv_status fv__checkpoint_save(fv_context *ctx, fv_train_job *job);
FV_MUST_USE fv_status fv__checkpoint_load(fv_context *ctx, fv_train_job *job); /* none: untouched */

#endif
