/* SPDX-License-Identifier: MIT */
/* constant.h - the options of constant. Declared in constant.c; read where graphs become text. */
#ifndef FV_OP_CONSTANT_H
#define FV_OP_CONSTANT_H

#include "op/op.h"

typedef struct fv_constant_options {
    fv_ints shape;        /* empty: as many as there are values */
    int type;             /* one of fv__constant_types */
    fv_long_reals values; /* one, which counts everywhere, or as many as the shape has */
} fv_constant_options;

#define FV_CONSTANT_TYPES 4
extern const fv_dtype fv__constant_types[FV_CONSTANT_TYPES];

#endif
