/* SPDX-License-Identifier: MIT */
/*
 * rows.h - the rows of a walk (op/strides.h) as units that are shared out: a walk that has begun is
 * put at any of its rows.
 */
#ifndef FV_CPU_ROWS_H
#define FV_CPU_ROWS_H

#include "cpu/cpu.h"
#include "op/strides.h"

/* The rows of a walk that has begun. */
static inline int64_t fv__cpu_rows(const fv_walk *w) {
    int64_t rows = 1;
    for (int d = 0; d < w->rank - 1; d++) rows *= w->dim[d];
    return rows;
}

/* The same walk, at row number `row`. */
static inline fv_walk fv__cpu_row(const fv_walk *walk, int64_t row) {
    fv_walk w = *walk;
    for (int d = w.rank - 2; d >= 0; d--) {
        w.index[d] = row % w.dim[d];
        row /= w.dim[d];
        for (int k = 0; k < FV_WALK_TENSORS; k++) w.at[k] += w.index[d] * w.stride[k][d];
    }
    return w;
}

#endif
