/* SPDX-License-Identifier: MIT */
/*
 * run_wishes.h - settings of a run that no recipe has: they find the values of settings that one
 * has, which alone are recorded.
 *
 *   memory=2G   finds shards and tests, so that what is planned fits
 *   lr=auto     finds lr, by a range test
 *   time=30m    finds epochs, by steps that are measured
 */
#ifndef FV_TRAIN_RUN_WISHES_H
#define FV_TRAIN_RUN_WISHES_H

#include "train/run.h"

/* Takes weights=, from=, memory=, time= and lr=auto out of a list of settings. FV_USAGE where one
   contradicts another setting, FV_BAD_INPUT where its value says nothing. */
FV_MUST_USE fv_status fv__wishes_take(fv_context *ctx, fv_train_job *job, fv_setting *settings,
                                      size_t *count);
/* Before the job is equipped: what fits into memory. */
FV_MUST_USE fv_status fv__wish_memory(fv_context *ctx, fv_train_job *job);
/* Behind it: the rate, then the number of epochs. */
FV_MUST_USE fv_status fv__wish_rate(fv_context *ctx, fv_train_job *job);
FV_MUST_USE fv_status fv__wish_time(fv_context *ctx, fv_train_job *job);
/* rate_range.c: lr.csv and lr.png into the folder, where the rate was looked for. */
FV_MUST_USE fv_status fv__rate_range_write(fv_context *ctx, fv_train_job *job);

#endif
