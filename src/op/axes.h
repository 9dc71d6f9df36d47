/* SPDX-License-Identifier: MIT */
/*
 * axes.h - options that name dimensions. They are counted as ONNX counts them: 0 is the first, the
 * batch of a batched value; negative numbers count from the end, -1 is the last.
 */
#ifndef FV_OP_AXES_H
#define FV_OP_AXES_H

#include "op/shapes.h"

/* The dimension that an option means, of so many. */
FV_MUST_USE fv_status fv__op_axis(fv_context *ctx, int64_t axis, int rank, int *out);
/* The same of a list, each at most once: out[i] is the i-th; *count, how many. `limits` of lists a
   program filled are checked too. */
FV_MUST_USE fv_status fv__op_axes(fv_context *ctx, const fv_ints *axes, int rank,
                                  int out[FV_RANK_MAX], int *count);
/* A list holds as many numbers as it says, at least `least` and at most FV_LIST_MAX. */
FV_MUST_USE fv_status fv__list(fv_context *ctx, const char *name, const fv_ints *list, int least);
/* The same of a long list, which may be empty. */
FV_MUST_USE fv_status fv__long_list(fv_context *ctx, const char *name, const fv_long_ints *list);
/* Refuses dimension d where it is the batch of input 0: "transpose cannot move the first dimension,
   which is the batch". `does` says "move", "cut" … */
FV_MUST_USE fv_status fv__not_batch(fv_context *ctx, const fv_site *site, int d, const char *does);

#endif
