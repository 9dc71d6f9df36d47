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

typedef struct fv_epoch {
    double lr; /* at the epoch's last step */
    double train_loss, train_accuracy;
    double test_loss, test_accuracy;
    double seconds;
} fv_epoch;

/* How far a run is. */
typedef struct fv_position {
    int64_t epoch, step; /* the next step is number `step` of epoch `epoch`, both from 0 */
    int64_t steps;       /* taken in all */
    double loss_sum;     /* of this epoch's steps, weighted by their pictures */
    int64_t correct, seen;
    double seconds;    /* spent in this epoch so far */
    fv_epoch *history; /* [epoch] */
    size_t history_count, history_capacity;
} fv_position;

typedef struct fv_train_job {
    char *folder;
    char *command;                /* as typed */
    char *data;                   /* as given */
    const char *weights;          /* the file of those it began with; NULL: fresh ones */
    const char *weights_checksum; /* of those; NULL: none, or not known yet */
    fv_recipe recipe;
    fv_model *model;
    fv_dataset train, test;
    fv_learner *learner;
    fv_evaluator *evaluator;
    fv_position at;
    fv_arena arena;
    uint32_t *order;
} fv_train_job;

typedef struct fv_progress {
    int64_t epoch, epochs; /* epoch from 1 */
    int64_t step, steps;   /* within the epoch */
    double loss, accuracy; /* over the epoch so far */
    double images_per_second;
    double seconds_left;  /* of the whole run; < 0: not known yet */
    const fv_epoch *done; /* not NULL: the epoch has ended */
} fv_progress;

/* The library prints nothing: whoever runs a job watches it with these. Each may be NULL. */
typedef struct fv_hooks {
    void (*progress)(void *arg, const fv_progress *progress);
    bool (*stop)(void *arg); /* asked after each step; true: save and return FV_INTERRUPTED */
    void *arg;
} fv_hooks;

/* Prepares a new run: finds network and data, applies settings (names of recipe fields go to the
   recipe, `weights` is a file of weights to begin with, others go to the network's parameters;
   `classes` follows the data unless given), makes the folder. A net that is a model, or a run's
   folder, brings its weights along. folder NULL: runs/NAME-N with the next free N. */
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

/* start_weights.c: the model over `net` (taken over) with the weights to begin with. */
FV_MUST_USE fv_status fv__train_model(fv_context *ctx, fv_train_job *job, fv_net *net);

/* checkpoint.c */
FV_MUST_USE fv_status fv__checkpoint_save(fv_context *ctx, fv_train_job *job);
FV_MUST_USE fv_status fv__checkpoint_load(fv_context *ctx, fv_train_job *job); /* none: untouched */

#endif
