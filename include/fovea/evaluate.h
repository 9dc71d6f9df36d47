/* SPDX-License-Identifier: MIT */
/*
 * evaluate.h - how well a model does on labelled samples.
 */
#ifndef FOVEA_EVALUATE_H
#define FOVEA_EVALUATE_H

#include "image.h"

FV_BEGIN

typedef struct fv_evaluation_options {
    size_t size;   /* FV_INIT(fv_evaluation_options) */
    int64_t batch; /* samples at a time; 0: 100. The result does not depend on it */
    int each;      /* 1: also what it predicts for each sample, and the confusion matrix */
    fv_views
        views; /* whose probabilities are averaged; the loss is that of the average. FV_USAGE but
                  of one where the model does not learn one class per sample by crossentropy */
} fv_evaluation_options;

/* Of the model's first output. Yours, to be freed with fv_evaluation_free(). */
typedef struct fv_evaluation {
    int64_t images;
    int64_t counted;           /* samples; pixels, where the target is a map of classes */
    int64_t correct, correct5; /* the label is the first choice; is among the first five */
    double accuracy, top5;     /* their shares, 0 … 1 */
    double loss;               /* mean over the samples */
    double seconds;            /* of computing */
    int64_t classes;
    /* NULL unless `each` was asked for: */
    const int32_t *predicted;       /* [images] the class with the largest score */
    const float *confidence;        /* [images] its softmax probability */
    const float *label_probability; /* [images] that of the label */
    const int32_t *labels;          /* [images] */
    const int64_t *confusion;       /* [classes][classes]: label, predicted */
} fv_evaluation;

/* FV_BAD_INPUT: a set that does not fit the model, or outputs that are not finite. FV_USAGE: `each`
   of a model that learns from something else than one class per sample. */
FV_MUST_USE FV_API fv_status fv_evaluate(fv_context *ctx, const fv_model *model,
                                         const fv_dataset *set,
                                         const fv_evaluation_options *options, fv_evaluation **out);
/* Several models as one: the mean of their softmax outputs says the classes, as Krizhevsky et al.
   (2012) averaged seven networks. All must have the same classes. *out is the ensemble's; its loss
   is -log of the mean probability of the label. `each` (NULL: not wanted) receives the evaluation
   of every model: `count` of them, to be freed one by one. FV_BAD_INPUT: classes that differ, a set
   that does not fit, outputs that are not finite. FV_USAGE: no model, or one that learns from
   something else than one class per sample. */
FV_MUST_USE FV_API fv_status fv_evaluate_ensemble(fv_context *ctx, const fv_model *const *models,
                                                  int count, const fv_dataset *set,
                                                  const fv_evaluation_options *options,
                                                  fv_evaluation **each, fv_evaluation **out);
/* How well one class is told from the others. */
typedef struct fv_class_score {
    int64_t images, predicted, right; /* of this class; taken for it; both */
    double precision;                 /* right / predicted; NaN: nothing was taken for it */
    double recall;                    /* right / images; NaN: the set has none */
    double f1;                        /* 2 right / (images + predicted); NaN: neither */
} fv_class_score;
/* Class k, from 0. 0: there is none of that number, or no confusion matrix. */
FV_API int fv_evaluation_class(const fv_evaluation *evaluation, int64_t k, fv_class_score *out);
FV_API void fv_evaluation_free(fv_evaluation *evaluation); /* NULL is allowed */

FV_END
#endif
