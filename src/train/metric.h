/* SPDX-License-Identifier: MIT */
/*
 * metric.h - what is counted of a head's predictions; which metric it is follows from its target.
 */
#ifndef FV_TRAIN_METRIC_H
#define FV_TRAIN_METRIC_H

#include "train/learner.h"

/* The label of a head's targets that counts nothing. */
int32_t fv__metric_ignored(const fv_graph *net, const fv_head *head);

/* Samples, or pixels, whose largest score is their label's (of shares that of the largest), added
 *to tally. `scores` are dense, [N,K] or [N,K,H,W]; `target` is what the head wants. */
void fv__metric_count(const float *scores, const fv_shape *shape, const fv_graph *net,
                      const fv_head *head, const void *target, fv_tally *tally);

#endif
