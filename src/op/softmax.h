/* SPDX-License-Identifier: MIT */
/*
 * softmax.h - what softmax, logsoftmax and hardmax share: their option, their shape rule, and the
 * lines of numbers along the axis. Defined in softmax.c; read by fast versions too.
 */
#ifndef FV_OP_SOFTMAX_H
#define FV_OP_SOFTMAX_H

#include "op/op.h"

typedef struct fv_softmax_options {
    int64_t axis; /* below 0: counted from the end */
} fv_softmax_options;

extern const fv_field fv__softmax_fields[];

/* The same shape out; refuses an axis that is not there, and the batch. */
FV_MUST_USE fv_status fv__softmax_shape(fv_context *ctx, fv_site *site);

/* The axis, counted from the front. */
int64_t fv__softmax_axis(const void *options, const fv_shape *shape);

/* Whether it is a softmax whose probabilities are those of classes, for a loss to read. */
bool fv__softmax_of_classes(const fv_op *op, const void *options, const fv_shape *shape);

/* All lines along the axis: so many in each sample (along axis 0, the only one: all in one), of so
   many numbers so far apart. */
typedef struct fv_lines {
    int64_t samples, count, length, apart;
} fv_lines;
fv_lines fv__softmax_lines(const void *options, const fv_shape *shape);

/* Where line i of a sample begins. */
static inline int64_t fv__line(const fv_lines *l, int64_t i) {
    return i / l->apart * l->length * l->apart + i % l->apart;
}

#endif
