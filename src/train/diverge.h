/* SPDX-License-Identifier: MIT */
/*
 * diverge.h - where the first number that is not finite came from.
 */
#ifndef FV_TRAIN_DIVERGE_H
#define FV_TRAIN_DIVERGE_H

#include "train/learner.h"

/* A batch that went wrong. */
typedef struct fv_diverged {
    const fv_graph *net; /* from fv__net_with_loss */
    float *weights;      /* on the host; only read */
    const float *x;      /* n images, and their targets by kind */
    const void *target[FV_TARGET_KINDS];
    int64_t n;
    const bool *frozen; /* [nodes], as in fv_plan_options */
    uint64_t seed, step;
    double lr;
} fv_diverged;

/* Runs the batch again, every value kept, step by step, and fails with FV_DIVERGED and a sentence
   that names layer, pass and sample of the first number that is not finite. */
FV_MUST_USE fv_status fv__diverged(fv_context *ctx, const fv_diverged *d);

#endif
