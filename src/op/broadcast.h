/* SPDX-License-Identifier: MIT */
/*
 * broadcast.h - what operators of several inputs share that compute element by element. Shapes are
 * broadcast right-aligned, as NumPy and ONNX do: a dimension that is missing or 1 is repeated.
 */
#ifndef FV_OP_BROADCAST_H
#define FV_OP_BROADCAST_H

#include "op/shapes.h"
#include "op/strides.h"

/* What these operators take: real numbers; int32 too; and truth values. */
#define FV_REALS_ONLY      (FV_TAKES(FV_F32) | FV_TAKES(FV_F64))
#define FV_NUMBERS         (FV_REALS_ONLY | FV_TAKES(FV_I32))
#define FV_NUMBERS_OR_BOOL (FV_NUMBERS | FV_TAKES(FV_BOOL8))

/* y has the shape that all inputs are broadcast to. What is of the batch has one and the same first
   dimension; a constant beside it may not reach the batch, or has 1 there. */
FV_MUST_USE fv_status fv__shape_broadcast(fv_context *ctx, fv_site *site);
/* The same, and all inputs are of one type, which y gets; or those from number `first` on. */
FV_MUST_USE fv_status fv__shape_alike(fv_context *ctx, fv_site *site);
FV_MUST_USE fv_status fv__shape_alike_from(fv_context *ctx, fv_site *site, int first);
/* The same of all inputs, but y holds truth values. */
FV_MUST_USE fv_status fv__shape_compare(fv_context *ctx, fv_site *site);

/* Over the indices of y; tensor 0 is y, tensor 1 is input j, tensor 2 input k. */
fv_walk fv__walk_pair(const fv_pass *p, int j, int k);

/* A hash of what `branch` says of each pair of elements of the inputs j and k, in double. */
uint64_t fv__branches_pairs(const fv_pass *p, int j, int k, int64_t (*branch)(double a, double b));

/* A whole number as int32: what does not fit wraps round. */
static inline int32_t fv__wrap_i32(int64_t v) {
    const uint32_t low = (uint32_t)(uint64_t)v;
    return low <= INT32_MAX ? (int32_t)low : (int32_t)(low - 0x80000000u) + INT32_MIN;
}

#endif
