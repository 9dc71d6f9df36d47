/* SPDX-License-Identifier: MIT */
/*
 * op_draw.h - random problems, written as the samples of operators are: options from the table of
 * fields, shapes like those of one of the operator's own samples.
 */
#ifndef OP_DRAW_H
#define OP_DRAW_H

#include "op/op.h"

/* Numbers of one drawing. */
typedef struct op_draw {
    uint64_t seed, at;
} op_draw;
int64_t op_pick(op_draw *draw, int64_t low, int64_t high);

/* The value of a field, as one writes it; `blocks`: whole numbers are multiples of 16. */
void op_draw_field(op_draw *draw, const fv_field *f, bool blocks, char out[64]);

/* Largest sizes of a drawn problem. */
typedef struct op_sizes {
    int64_t batch, channels, side;
    bool blocks; /* now and then channels in multiples of 16 */
} op_sizes;

#define OP_SAMPLE 512
/* A problem of the operator, which its shape rule may refuse. */
void op_draw_sample(op_draw *draw, const fv_op *op, const op_sizes *most, char out[OP_SAMPLE]);

#endif
