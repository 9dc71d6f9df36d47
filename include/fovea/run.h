/* SPDX-License-Identifier: MIT */
/*
 * run.h - a model run on samples: its outputs and, where asked for, every value inside.
 *
 * Runs belong to the thread of their context.
 */
#ifndef FOVEA_RUN_H
#define FOVEA_RUN_H

#include "common.h"

FV_BEGIN

/* The memory to run a model on up to `batch` samples at a time. Plans the whole execution and takes
   all memory now: forward takes none. The model must outlive the run and keep its weights.
   FV_USAGE: a batch below 1. FV_EXHAUSTED: no memory for it (a smaller batch needs less). */
FV_MUST_USE FV_API fv_status fv_run_new(fv_context *ctx, const fv_model *model, int64_t batch,
                                        fv_run **out);
/* The same, and every value inside can be looked at after forward (fv_run_value). Takes more
   memory, for nothing is written over, and is slower. */
FV_MUST_USE FV_API fv_status fv_run_new_keeping(fv_context *ctx, const fv_model *model,
                                                int64_t batch, fv_run **out);
/* The same as fv_run_new for images of another height and width than the network's input says, with
   the same weights: samples are channels*height*width floats, and outputs that are maps are of
   another size too. FV_BAD_INPUT: the network takes no others, and the layer that does not; one
   that takes any ends its maps with globalavgpool or globalmaxpool before it comes to fc. */
FV_MUST_USE FV_API fv_status fv_run_new_sized(fv_context *ctx, const fv_model *model, int64_t batch,
                                              int64_t height, int64_t width, fv_run **out);
FV_API void fv_run_free(fv_run *run); /* NULL is allowed */

/* Where to write the samples before forward: sample k begins at k * fv_model_input() floats. The
   memory belongs to the run; forward leaves no promise about its content. */
FV_API float *fv_run_input(fv_run *run);

/* Computes the outputs of the first n samples, 1 … batch. The time is that of the whole batch: for
   single samples make a run with batch 1. FV_USAGE: n out of range. */
FV_MUST_USE FV_API fv_status fv_run_forward(fv_run *run, int64_t n);

/* Output i of the last forward: *count receives the floats of one sample (NULL: not wanted), sample
   k begins at k * *count. Whole numbers and truth values come as floats too. The memory belongs to
   the run and holds until the next forward. NULL when there is no such output (the context says
   which there are). */
FV_API const float *fv_run_output(fv_run *run, int i, int64_t *count);

/* Of a run that keeps values: how many there are, and the name of number i in the order they are
   computed; number 0 is the input. A value has the name of the layer that makes it, "conv1", or the
   label its text gives it. NULL when there is none of that number. */
FV_API int fv_run_values(const fv_run *run);
FV_API const char *fv_run_value_name(const fv_run *run, int i);

/* The value of that name after the last forward, its first dimension the batch. The numbers hold
   until the next forward. FV_BAD_INPUT: there is none ("did you mean …?"). FV_USAGE: the run keeps
   no values. */
FV_MUST_USE FV_API fv_status fv_run_value(fv_run *run, const char *name, fv_tensor_view *out);

/* The `k` largest of scores[0 … count-1]: their indices, largest first, into best[0 … k-1]; of
   equals the lower index comes first. Returns how many were stored: k, or count if that is less. */
FV_API int64_t fv_best(const float *scores, int64_t count, int64_t k, int64_t *best);

FV_END
#endif
