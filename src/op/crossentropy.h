/* SPDX-License-Identifier: MIT */
/* crossentropy.h - the options of crossentropy. Declared in crossentropy.c; read by fast versions.
 */
#ifndef FV_OP_CROSSENTROPY_H
#define FV_OP_CROSSENTROPY_H

#include "op/op.h"

enum { FV_CROSSENTROPY_CLASS, FV_CROSSENTROPY_SHARES };
enum { FV_CROSSENTROPY_LOGITS, FV_CROSSENTROPY_LOG_PROBABILITIES };

/* Kept for backward: of logits the probabilities, in the shape of x. */
typedef struct fv_crossentropy_options {
    int64_t ignore;        /* labels of this value count nothing */
    double smooth;         /* share of the target that all classes have alike */
    int reads;             /* what x is */
    int target;            /* labels, or how much of each class */
    fv_long_reals weights; /* how much each class counts; one number: all alike */
} fv_crossentropy_options;

/* What the labels of a target count: their classes' weights; of shares 1 where any is not 0. */
double fv__crossentropy_weigh(const void *options, const fv_tensor *target);

#endif
