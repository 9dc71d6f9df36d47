/* SPDX-License-Identifier: MIT */
/*
 * diverge.h - where the first number that is not finite came from.
 */
#ifndef FV_TRAIN_DIVERGE_H
#define FV_TRAIN_DIVERGE_H

#include "format/model.h"
#include "plan/plan.h"

/* Runs a batch again, every value kept, step by step, and fails with FV_DIVERGED and a sentence
   that names layer, pass and sample of the first number that is not finite. `x` and `labels` hold
   n pictures; `net` comes from fv__net_with_loss. Running statistics in `weights` are restored. */
FV_MUST_USE fv_status fv__diverged(fv_context *ctx, const fv_net *net, float *weights,
                                   const float *x, const int32_t *labels, int64_t n, uint64_t seed,
                                   uint64_t step, double lr);

#endif
