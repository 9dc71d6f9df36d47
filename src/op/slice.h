/* SPDX-License-Identifier: MIT */
/* slice.h - what a slice takes. Declared in slice.c; the ONNX import asks beforehand. */
#ifndef FV_OP_SLICE_H
#define FV_OP_SLICE_H

#include "op/op.h"

typedef struct fv_slice_options {
    fv_ints starts, ends, axes, steps;
} fv_slice_options;

/* How many places of a dimension are taken, as ONNX and Python count; 0 is none, which the operator
   refuses. `step` is not 0. */
int64_t fv__slice_count(int64_t start, int64_t end, int64_t step, int64_t dim);

#endif
