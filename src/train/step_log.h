/* SPDX-License-Identifier: MIT */
/*
 * step_log.h - steps.csv: a row for each step of a run.
 *
 *   step,epoch,lr,loss
 *   1,1,0.1,2.3518
 *
 * Rows are kept until a checkpoint is saved and are in the file before it is. Those of steps that a
 * killed run took behind its last checkpoint are cut off when it goes on, as it takes them again:
 * so the file of a run that was killed is that of one that was not.
 */
#ifndef FV_TRAIN_STEP_LOG_H
#define FV_TRAIN_STEP_LOG_H

#include "base/text.h"

struct fv_train_job;

typedef struct fv_step_log {
    fv_text rows;   /* not in the file yet */
    bool continued; /* the file ends where this run's position was when it was taken up */
} fv_step_log;

/* The step that was taken just now, behind which the job's position is. */
void fv__step_log_add(struct fv_train_job *job, double lr, double loss);
/* Into the file, cut to the steps before these first. FV_EXHAUSTED, FV_FAILED as for any file. */
FV_MUST_USE fv_status fv__step_log_write(fv_context *ctx, struct fv_train_job *job);
void fv__step_log_free(fv_step_log *log);

#endif
