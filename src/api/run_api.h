/* SPDX-License-Identifier: MIT */
/*
 * run_api.h - what the drawing functions need of a public run.
 */
#ifndef FV_API_RUN_API_H
#define FV_API_RUN_API_H

#include "format/model.h"
#include "plan/plan.h"

const fv_model *fv__run_model(const fv_run *run);
/* Output i of the last forward, dense, on the host; NULL: there is none. */
const fv_tensor *fv__run_output(const fv_run *run, int i);
/* A value of a run that keeps them, dense, on the host, until the next forward. FV_USAGE: it does
   not, or the value is one of training. */
FV_MUST_USE fv_status fv__run_tensor(fv_context *ctx, fv_run *run, int value, fv_tensor *out);

#endif
