/* SPDX-License-Identifier: MIT */
/*
 * steps.h - one convolution or pooling window by window, as fovea/step.h describes it.
 */
#ifndef FV_LOOK_STEPS_H
#define FV_LOOK_STEPS_H

#include "op/op.h"

/* The operators whose windows can be walked through; NULL-ended. */
extern const fv_op *const fv__step_operators[];

FV_MUST_USE fv_status fv__steps(fv_context *ctx, const fv_step_options *options, fv_steps **out);
void fv__steps_free(fv_steps *steps);

#endif
