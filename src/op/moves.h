/* SPDX-License-Identifier: MIT */
/*
 * moves.h - what operators share that compute nothing: each number of y is one of x. They take
 * values of every type, and the gradient goes back where the number came from.
 */
#ifndef FV_OP_MOVES_H
#define FV_OP_MOVES_H

#include "op/shapes.h"
#include "op/strides.h"

#define FV_TAKES_ALL (FV_TAKES(FV_DTYPES) - 1)

/* How a shape rule of such an operator begins: y is of x's type, and of its shape until the rule
   says another. */
FV_MUST_USE fv_status fv__move_shape(fv_context *ctx, fv_site *site);

/* From where x[i] goes to y[j]: a walk over pairs, y its tensor 0 and x its tensor 1. The same
   pairs serve forward and backward, where x and y are dx and dy. */
typedef fv_walk fv_pairs_fn(const void *options, const fv_tensor *x, const fv_tensor *y);
void fv__move(const fv_pass *p, fv_pairs_fn *pairs);
void fv__move_back(const fv_pass *p, fv_pairs_fn *pairs);

/* Those of the operators that are nothing but a walk. */
fv_pairs_fn fv__transpose_pairs, fv__slice_pairs, fv__crop_pairs, fv__tile_pairs, fv__expand_pairs,
    fv__depthtospace_pairs, fv__spacetodepth_pairs;

/* The pairs of y and x under another shape, in the same order; as passes, for operators that are
   views (FV_VIEW, FV_IDENTITY), where a plan keeps every value apart. */
void fv__view_forward(const fv_pass *p);
void fv__view_backward(const fv_pass *p);

/* Fills tensor 0 of a walk with a number, in the tensor's type; what a type of whole numbers cannot
   hold becomes 0. */
void fv__walk_fill(const fv_walk *w, const fv_tensor *y, double value);

/* A walk over all of `part`, which lies in `whole` from index `first` on along dimension d: tensor
   k of the walk is the whole, the other one the part. */
fv_walk fv__walk_part(const fv_tensor *part, const fv_tensor *whole, int d, int64_t first, int k);

#endif
