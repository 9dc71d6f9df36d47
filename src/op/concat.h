/* SPDX-License-Identifier: MIT */
/* concat.h - the options of concat. Declared in concat.c; read by fast versions too. */
#ifndef FV_OP_CONCAT_H
#define FV_OP_CONCAT_H

#include "op/op.h"

typedef struct fv_concat_options {
    int64_t axis;
} fv_concat_options;

#endif
