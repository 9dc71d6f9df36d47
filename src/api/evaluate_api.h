/* SPDX-License-Identifier: MIT */
/*
 * evaluate_api.h - evaluations, for those of several models together.
 */
#ifndef FV_API_EVALUATE_API_H
#define FV_API_EVALUATE_API_H

#include "train/evaluate.h"

typedef struct fv_ensemble {
    const fv_model *const *models;
    int count;
    const fv_dataset *set;
    const fv_evaluation_options *options;
    fv_evaluation **each; /* [count], or NULL */
    double *seconds;      /* of all of them */
} fv_ensemble;

FV_MUST_USE fv_status fv__evaluation_options(fv_context *ctx, const fv_evaluation_options *given,
                                             fv_evaluation_options *out);
/* One model; `summed` as in fv_scores. */
FV_MUST_USE fv_status fv__evaluation_of(fv_context *ctx, const fv_model *model,
                                        const fv_dataset *set, const fv_evaluation_options *options,
                                        float *summed, fv_evaluation **out);
/* What all of them say together. */
FV_MUST_USE fv_status fv__evaluation_summed(fv_context *ctx, const fv_ensemble *of, int64_t classes,
                                            float *summed, fv_evaluation **out);

#endif
