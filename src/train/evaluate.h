/* SPDX-License-Identifier: MIT */
/*
 * evaluate.h - how well a model does on labelled images.
 */
#ifndef FV_TRAIN_EVALUATE_H
#define FV_TRAIN_EVALUATE_H

#include "data/data.h"
#include "format/model.h"

typedef struct fv_evaluator fv_evaluator;

/* Reads `model`'s weights as they are at each call; `model` must outlive it. */
FV_MUST_USE fv_status fv__evaluator_new(fv_context *ctx, const fv_model *model, int64_t batch,
                                        fv_evaluator **out);
void fv__evaluator_free(fv_evaluator *e);

typedef struct fv_scores {
    int64_t images, correct, correct5; /* first choice right; right among the first five */
    double loss;                       /* mean over images, main head */
    /* Per image, when not NULL (set->count entries, the caller's): the class predicted, and its
       softmax probability. */
    int32_t *predicted;
    float *confidence;
} fv_scores;

FV_MUST_USE fv_status fv__evaluate(fv_context *ctx, fv_evaluator *e, const fv_dataset *set,
                                   fv_scores *scores);

#endif
