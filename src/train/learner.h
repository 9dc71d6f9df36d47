/* SPDX-License-Identifier: MIT */
/*
 * learner.h - a model being trained, step by step: forward, backward, the optimiser's update.
 */
#ifndef FV_TRAIN_LEARNER_H
#define FV_TRAIN_LEARNER_H

#include "format/model.h"
#include "plan/plan.h"

typedef struct fv_learner fv_learner;

/* Trains `model` (which must outlive it) by `recipe`; batches of up to recipe->batch pictures. */
FV_MUST_USE fv_status fv__learner_new(fv_context *ctx, fv_model *model, const fv_recipe *recipe,
                                      fv_learner **out);
void fv__learner_free(fv_learner *l);

/* Where the next n pictures (n*C*H*W floats, preprocessed) and their n labels go. */
FV_MUST_USE fv_status fv__learner_batch(fv_context *ctx, fv_learner *l, int64_t n, float **x,
                                        int32_t **labels);

typedef struct fv_step_result {
    double loss;     /* weighted sum over heads, the batch's mean, before the update */
    int64_t correct; /* pictures whose largest logit of the main head is their label */
} fv_step_result;

/* One step over the n pictures laid there: the rate `lr`, random numbers of (recipe seed, step
   count). FV_DIVERGED when a loss or gradient is not finite: the message names the first layer,
   pass and sample; the weights keep the values of before the step. */
FV_MUST_USE fv_status fv__learner_step(fv_context *ctx, fv_learner *l, int64_t n, double lr,
                                       fv_step_result *result);

/* Says the same of the n pictures laid there, which need not be trained on: always FV_DIVERGED. */
FV_MUST_USE fv_status fv__learner_diverged(fv_context *ctx, fv_learner *l, int64_t n, double lr);

/* Steps taken so far, also the time of dropout's random numbers and of Adam's correction. */
int64_t fv__learner_steps(const fv_learner *l);
void fv__learner_set_steps(fv_learner *l, int64_t steps);

/* The gradients of the last step: net->param_elements floats. */
const float *fv__learner_gradients(const fv_learner *l);

/* The optimiser's memory: fv__learner_states() blocks of net->param_elements floats each, with a
   name ("velocity"), to be saved and restored. */
int fv__learner_states(const fv_learner *l);
const char *fv__learner_state_name(const fv_learner *l, int i);
float *fv__learner_state(const fv_learner *l, int i);

/* Bytes of the plan for a full batch. */
fv_plan_memory fv__learner_memory(const fv_learner *l);

#endif
