/* SPDX-License-Identifier: MIT */
/*
 * reduce.h - what operators share that make one number of the elements along some dimensions, a
 * group. Their loops are in reduce_loops.h.
 */
#ifndef FV_OP_REDUCE_H
#define FV_OP_REDUCE_H

#include "op/axes.h"
#include "op/broadcast.h"

#include <math.h>

/* What has been seen of a group; starts at 0. `count` is the number of elements before this one. */
typedef struct fv_group {
    double sum, most;
    int64_t count, zeros, best;
} fv_group;

/* The options of those that reduce any dimensions. */
typedef struct fv_reduce_options {
    fv_ints axes;
    bool keep;
} fv_reduce_options;
extern const fv_field fv__reduce_fields[];

/* The options of those that say where in one dimension something is: argmax, argmin. */
typedef struct fv_pick_options {
    int64_t axis;
    bool keep, last;
} fv_pick_options;
extern const fv_field fv__pick_fields[];

/* The shape rule of those with fv_reduce_options; y has the type of x. */
FV_MUST_USE fv_status fv__shape_reduce(fv_context *ctx, fv_site *site);
/* The same of those with fv_pick_options; y is int32. */
FV_MUST_USE fv_status fv__shape_pick(fv_context *ctx, fv_site *site);

/* What goes over rows or columns of a map sees all of it. */
void fv__cost_reduce(const fv_site *site, fv_cost *cost);
void fv__cost_pick(const fv_site *site, fv_cost *cost);

/* The walk over x (tensor 0) along which y (tensor 1) stands still in every group. */
fv_walk fv__walk_reduce(const fv_tensor *x, const fv_tensor *y, const fv_ints *axes);
/* The same of a sum that was made in double. */
static inline int32_t fv__whole_i32(double v) {
    return fabs(v) < 0x1p62 ? fv__wrap_i32((int64_t)v) : 0;
}

#endif
