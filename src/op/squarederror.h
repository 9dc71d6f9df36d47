/* SPDX-License-Identifier: MIT */
/* squarederror.h - the options of squarederror. Declared in squarederror.c. */
#ifndef FV_OP_SQUAREDERROR_H
#define FV_OP_SQUAREDERROR_H

#include "op/op.h"

typedef enum fv_squarederror_target { FV_SQUARED_CLASS, FV_SQUARED_VECTOR } fv_squarederror_target;

typedef struct fv_squarederror_options {
    int target; /* fv_squarederror_target: labels, or numbers */
} fv_squarederror_options;

#endif
