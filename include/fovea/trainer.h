/* SPDX-License-Identifier: MIT */
/*
 * trainer.h - a model trained step by step by your own loop. (training.h has the whole run: epochs,
 * tests, checkpoints.)
 *
 * A trainer belongs to the thread of its context.
 */
#ifndef FOVEA_TRAINER_H
#define FOVEA_TRAINER_H

#include "common.h"
#include "dataset.h"

FV_BEGIN

/* A trainer changes a model's weights, one batch per step. `settings` are those of a training
   recipe, as in "optimizer=adam lr=0.001 batch=64 decay=1e-4"; what they leave out is as the
   network's own recipe says (fv_training_setting() lists them all). NULL or "": the recipe as it
   is. The schedule of the learning rate is counted in epochs and so belongs to fv_training; here
   the rate is lr until fv_trainer_set_rate() changes it. The model must outlive the trainer, and
   nothing else may use it during a step.
   FV_USAGE: an unknown setting. FV_BAD_INPUT: a value out of range, a network that cannot be
   trained. */
FV_MUST_USE FV_API fv_status fv_trainer_new(fv_context *ctx, fv_model *model, const char *settings,
                                            fv_trainer **out);
FV_API void fv_trainer_free(fv_trainer *trainer); /* NULL is allowed */

/* The most samples of a step: the batch of its settings. 0 for NULL. */
FV_API int64_t fv_trainer_batch(const fv_trainer *trainer);

/* One step: forward, backward and update over n samples, 1 … the batch of the settings. `x` holds
   n * fv_model_input() floats, `labels` n classes, each 0 … classes-1. *loss (NULL: not wanted)
   receives the mean loss of these samples before the update. A step takes no memory, except when n
   differs from the step before.
   FV_USAGE: n out of range, or a network whose targets are not one class per sample. FV_BAD_INPUT:
   a label out of range (nothing was changed). FV_DIVERGED: the loss is not finite (nothing was
   changed in this step). */
FV_MUST_USE FV_API fv_status fv_trainer_step(fv_trainer *trainer, const float *x,
                                             const int32_t *labels, int64_t n, double *loss);

/* The targets that the network's heads want, each once: how many, and number i of them for one
   sample (its `data` is NULL). Returns 0 when there is none of that number. */
FV_API int fv_trainer_targets(const fv_trainer *trainer);
FV_API int fv_trainer_target(const fv_trainer *trainer, int i, fv_target_view *out);

/* A step over any targets: targets[i] holds those of target i for n samples, one after the other.
   Errors are those of fv_trainer_step. */
FV_MUST_USE FV_API fv_status fv_trainer_step_on(fv_trainer *trainer, const float *x,
                                                const void *const *targets, int64_t n,
                                                double *loss);

/* A step over samples of a data set: which[0 … n-1], or start … start+n-1 when `which` is NULL, as
   the `input` line of the network makes them, with all targets that the heads want. Errors are
   those of fv_trainer_step. FV_USAGE: no such sample. FV_BAD_INPUT: a set that does not fit. */
FV_MUST_USE FV_API fv_status fv_trainer_step_from(fv_trainer *trainer, const fv_dataset *set,
                                                  const int64_t *which, int64_t start, int64_t n,
                                                  double *loss);

/* The gradient of the loss for the parameter of that name, as the last step found it. It belongs to
   the trainer and holds until the next step. FV_BAD_INPUT: there is none ("did you mean …?").
   FV_USAGE: no step was made, or the name is that of running statistics. */
FV_MUST_USE FV_API fv_status fv_trainer_gradient(fv_trainer *trainer, const char *name,
                                                 fv_tensor_view *out);

/* The learning rate of the steps that follow. 0: a step finds gradients and changes no parameter.
   FV_USAGE: negative or not finite. */
FV_MUST_USE FV_API fv_status fv_trainer_set_rate(fv_trainer *trainer, double rate);

FV_END
#endif
