/* SPDX-License-Identifier: MIT */
/* crossentropy.h - the options of crossentropy. Declared in crossentropy.c; read by fast versions.
 */
#ifndef FV_OP_CROSSENTROPY_H
#define FV_OP_CROSSENTROPY_H

#include "op/op.h"

/* Kept for backward: the probabilities, in the shape of x. */
typedef struct fv_crossentropy_options {
    int64_t ignore; /* labels of this value count nothing */
} fv_crossentropy_options;

/* Labels that count, of a target. */
double fv__crossentropy_weigh(const void *options, const fv_tensor *target);

#endif
