/* SPDX-License-Identifier: MIT */
/* maxout.h - the options of maxout. Declared in maxout.c; read by fast versions and file formats
 * too. */
#ifndef FV_OP_MAXOUT_H
#define FV_OP_MAXOUT_H

#include "op/op.h"

/* Kept for backward (I32): for every output which piece won, 0 … pieces - 1. */
typedef struct fv_maxout_options {
    int64_t pieces;
} fv_maxout_options;

#endif
