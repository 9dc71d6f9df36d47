/* SPDX-License-Identifier: MIT */
/*
 * class_scores.h - what a confusion matrix says of each class and of each pair of classes.
 */
#ifndef FV_TRAIN_CLASS_SCORES_H
#define FV_TRAIN_CLASS_SCORES_H

#include "base/memory.h"
#include "fovea.h"

/* Of the matrix [label][predicted]. */
fv_class_score fv__class_score(const int64_t *confusion, int64_t classes, int64_t k);
/* The mean F1 of all classes that have one. */
double fv__class_f1(const int64_t *confusion, int64_t classes);

typedef struct fv_class_pair {
    int64_t label, predicted, count;
} fv_class_pair;
/* The `most` pairs most often confused, the most frequent first; in the arena. */
FV_MUST_USE fv_status fv__class_pairs(fv_arena *arena, const int64_t *confusion, int64_t classes,
                                      int64_t most, fv_class_pair **out, int64_t *count);

#endif
