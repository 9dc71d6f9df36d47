/* SPDX-License-Identifier: MIT */
/*
 * strides.h - walking tensors of any rank by strides, several at once.
 *
 * A walk goes over the indices of a shape, in order; each of its tensors has a place for every
 * index: where it starts, and per dimension how many elements lie from one index to the next. With
 * 0 a tensor stands still, which is broadcasting; a negative stride reads backwards. A walk goes
 * row by row, and the caller through the row:
 *
 *     fv_walk w = fv__walk_over(&p->y[0].shape);
 *     fv__walk_aligned(&w, 0, &p->y[0]);
 *     fv__walk_aligned(&w, 1, &p->x[0]);
 *     fv__walk_aligned(&w, 2, &p->x[1]);
 *     for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
 *         for (int64_t i = 0; i < w.row; i++)
 *             y[w.at[0] + i * w.by[0]] = a[w.at[1] + i * w.by[1]] + b[w.at[2] + i * w.by[2]];
 */
#ifndef FV_OP_STRIDES_H
#define FV_OP_STRIDES_H

#include "op/op.h"

#define FV_WALK_DIMS    (2 * FV_RANK_MAX)
#define FV_WALK_TENSORS 4

typedef struct fv_walk {
    /* given */
    int rank;
    int64_t dim[FV_WALK_DIMS];
    int64_t stride[FV_WALK_TENSORS][FV_WALK_DIMS]; /* elements; 0: the tensor stands still */
    int64_t start[FV_WALK_TENSORS];                /* where index 0,0,… lies, in elements */
    /* found: the row the walk is in */
    int64_t row;                                      /* elements of a row */
    int64_t at[FV_WALK_TENSORS], by[FV_WALK_TENSORS]; /* where it begins; from one to the next */
    int64_t index[FV_WALK_DIMS];
} fv_walk;

/* Over all indices of a shape; its tensors stand still until they are placed. */
fv_walk fv__walk_over(const fv_shape *shape);
/* Places tensor k: its dimensions are the walk's last ones, and it stands still along those that it
   lacks or that are 1 (broadcasting, right-aligned as NumPy and ONNX do). Element 0 is t->data. */
void fv__walk_aligned(fv_walk *w, int k, const fv_tensor *t);
/* The first row, and the next one; false when there is none. Beginning joins dimensions that lie
   one behind the other in all tensors, so rows are as long as can be. */
bool fv__walk_begin(fv_walk *w);
bool fv__walk_next(fv_walk *w);
/* The dimensions along which tensor k moves, and those along which it stands still: for each index
   of `moves`, its places and those of `still` add up to the walk's. A sum over what was broadcast
   is a walk within a walk. */
void fv__walk_split(const fv_walk *w, int k, fv_walk *moves, fv_walk *still);

/* Elements of t from one index to the next, of each dimension. */
void fv__strides(const fv_tensor *t, int64_t stride[FV_RANK_MAX]);
/* The shape that both are broadcast to, right-aligned; false when a dimension differs and is 1 in
   neither. */
bool fv__broadcast(const fv_shape *a, const fv_shape *b, fv_shape *out);

/* Operators that only move data walk over pairs: y is tensor 0, x is tensor 1. Copies x to y, of
   elements of so many bytes; and adds dy to dx, of real numbers (a dx that stands still gets sums,
   reckoned in double). */
void fv__walk_copy(const fv_walk *w, void *y, const void *x, size_t bytes);
void fv__walk_give_back(const fv_walk *w, const void *dy, void *dx, fv_dtype dtype);

#endif
