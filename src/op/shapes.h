/* SPDX-License-Identifier: MIT */
/*
 * shapes.h - shape rules and branch counts that several operators share.
 */
#ifndef FV_OP_SHAPES_H
#define FV_OP_SHAPES_H

#include "op/op.h"

/* One input, the same shape out, no parameters. */
FV_MUST_USE fv_status fv__shape_same(fv_context *ctx, fv_site *site);

/* A hash of the signs (negative, zero, positive) of x[0], in double. */
uint64_t fv__branches_sign(const fv_pass *pass);

#endif
