/* SPDX-License-Identifier: MIT */
/*
 * forecast.h - what a run will take, told before its first step: memory as planned, time from steps
 * that are measured and thrown away.
 */
#ifndef FV_TRAIN_FORECAST_H
#define FV_TRAIN_FORECAST_H

#include "train/run.h"

/* Bytes that a training by `recipe` over `net` plans, tests on `images` included: `out` gets the
   parts. */
FV_MUST_USE fv_status fv__forecast_memory(fv_context *ctx, const fv_graph *net,
                                          const fv_recipe *recipe, int64_t images,
                                          fv_forecast *out);
/* Of a job that is equipped: memory, time, disk. Takes steps and leaves the job as it was, fresh.
 */
FV_MUST_USE fv_status fv__forecast(fv_context *ctx, fv_train_job *job, fv_forecast *out);

/* A part of a training that is undone: weights, position and the learner are then what they were
   before the first step. Zero-initialise. */
typedef struct fv_trial {
    float *weights;
    fv_position at;
} fv_trial;
FV_MUST_USE fv_status fv__trial_begin(fv_context *ctx, fv_train_job *job, fv_trial *trial);
FV_MUST_USE fv_status fv__trial_end(fv_context *ctx, fv_train_job *job, fv_trial *trial);

#endif
