/* SPDX-License-Identifier: MIT */
/*
 * mean_views.h - several views of a sample as one prediction: the mean of their probabilities.
 */
#ifndef FV_TRAIN_MEAN_VIEWS_H
#define FV_TRAIN_MEAN_VIEWS_H

#include "net/net.h"

/* Whether the main head of a network with losses tells classes of samples by cross-entropy of
   logits. */
FV_MUST_USE fv_status fv__views_fit(fv_context *ctx, const fv_graph *net);

/* Adds softmax(logits)/views of n samples to mean [n][classes]. */
void fv__views_add(const float *logits, int64_t n, int64_t classes, int views, double *mean);

/* The loss of the main head for these probabilities; their logarithms, which are logits of them, go
   to `logits`. */
float fv__views_loss(const fv_graph *net, const double *mean, void *target, int64_t n,
                     double divisor, float *logits);

#endif
