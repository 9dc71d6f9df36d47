/* SPDX-License-Identifier: MIT */
/*
 * added_op.h - operators that a program brings (fovea/operator.h), as the library's own.
 *
 * A context has a list of them. A net that uses one takes a copy into its arena, so that it
 * outlives the context; what the descriptor points to - texts, options, functions - is the
 * program's.
 */
#ifndef FV_OP_ADDED_OP_H
#define FV_OP_ADDED_OP_H

#include "op/op.h"

/* Adds an operator to the context. FV_USAGE says what its descriptor lacks. */
FV_MUST_USE fv_status fv__added_op_new(fv_context *ctx, const fv_operator *op);
void fv__added_ops_free(fv_context *ctx);

/* Number i of those that were added, in their order, or NULL. */
const fv_op *fv__added_op_at(const fv_context *ctx, int i);

/* The operator itself, or of an added one a copy in the arena; NULL when memory is refused. */
const fv_op *fv__op_adopt(fv_arena *arena, const fv_op *op);

#endif
