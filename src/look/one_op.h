/* SPDX-License-Identifier: MIT */
/*
 * one_op.h - one operator on numbers at hand: in double, by its own loops, without a network.
 */
#ifndef FV_LOOK_ONE_OP_H
#define FV_LOOK_ONE_OP_H

#include "op/op.h"

typedef struct fv_one_op {
    fv_arena arena; /* all but the numbers */
    const fv_op *op;
    void *options;
    fv_site site; /* one input, one sample */
    fv_tensor x, y, dx, dy, w[FV_OP_PARAMS], dw[FV_OP_PARAMS], saved[FV_OP_SAVED];
} fv_one_op;

/* The operator with its options at their defaults. Free it in any case. */
FV_MUST_USE fv_status fv__one_op_begin(fv_context *ctx, const fv_op *op, fv_one_op *one);
/* An option, as in key=value. */
FV_MUST_USE fv_status fv__one_op_set(fv_context *ctx, fv_one_op *one, const char *name,
                                     const char *value);
/* Asks its shape rule, without any memory yet. */
FV_MUST_USE fv_status fv__one_op_shape(fv_context *ctx, fv_one_op *one, fv_shape x);
/* Memory: zeros everywhere, but for an x that is there already; `backward`: for the gradients too.
 */
FV_MUST_USE fv_status fv__one_op_room(fv_context *ctx, fv_one_op *one, bool backward);
void fv__one_op_forward(fv_one_op *one);
void fv__one_op_backward(fv_one_op *one); /* adds to dx and dw */
void fv__one_op_free(fv_one_op *one);

#endif
