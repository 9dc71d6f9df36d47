/* SPDX-License-Identifier: MIT */
/*
 * diverge.h - where the first number that is not finite came from, and why.
 */
#ifndef FV_TRAIN_DIVERGE_H
#define FV_TRAIN_DIVERGE_H

#include "train/learner.h"

/* A batch that went wrong. */
typedef struct fv_diverged {
    const fv_graph *net; /* from fv__net_with_loss */
    const fv_recipe *recipe;
    float *weights; /* on the host; only read */
    const float *x; /* n images, and their targets by kind */
    const void *target[FV_TARGET_KINDS];
    int64_t n;
    const bool *frozen; /* [nodes], as in fv_plan_options */
    uint64_t seed, step;
    double lr;
    const fv_learner_origin *origin;
} fv_diverged;

/* The first number that is not finite. */
typedef struct fv_culprit {
    int node;           /* of the net; -1: no layer's */
    const char *pass;   /* "forward", "loss", "backward", "update"; "" for what comes before */
    char what[160];     /* "the output of 'fc1' (fc)" */
    int64_t sample;     /* of the batch; -1: none in particular */
    double least, most; /* of the numbers that the layer read, forward; least > most: not known */
    bool zero;          /* there was a 0 among those of its last input */
} fv_culprit;

/* Runs the batch again, every value kept, step by step, and fails with FV_DIVERGED and a sentence
   that names layer, pass, tensor and sample of the first number that is not finite, and one thing
   to do about it. */
FV_MUST_USE fv_status fv__diverged(fv_context *ctx, const fv_diverged *d);

/* diverge_cause.c: what to do, by what is seen in the batch, the weights and the layer; into out.
 */
void fv__diverge_advise(fv_context *ctx, const fv_diverged *d, const fv_culprit *c, fv_text *out);
/* The first sample of n whose numbers, `each` of them, are not all finite; -1: none. */
int64_t fv__first_bad(const float *v, int64_t n, int64_t each, int64_t step);

#endif
