/* SPDX-License-Identifier: MIT */
/*
 * gather.h - places that are looked up: what gather, gatherelements and embedding share.
 */
#ifndef FV_OP_GATHER_H
#define FV_OP_GATHER_H

#include "op/axes.h"
#include "op/moves.h"

#define FV_TAKES_INDICES (FV_TAKES(FV_I32) | FV_TAKES(FV_I64))

/* Element i of indices into a dimension of so many places, counted from the end where negative; -1
   where there is no such place, which gives NaN (0 where numbers are whole), since passes cannot
   fail. */
int64_t fv__index_at(const fv_tensor *indices, int64_t i, int64_t places);

/* y[a.., i.., b..] = x[a.., indices[i..], b..], where x has a.. before dimension `axis` and b..
   behind it; and back: adds dy to dx (`x` and `y` are those then). */
void fv__gather(const fv_tensor *x, const fv_tensor *indices, int axis, const fv_tensor *y);
void fv__gather_back(const fv_tensor *dx, const fv_tensor *indices, int axis, const fv_tensor *dy);

#endif
