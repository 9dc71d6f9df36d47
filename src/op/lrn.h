/* SPDX-License-Identifier: MIT */
/* lrn.h - the options of lrn. Declared in lrn.c; read by fast versions and file formats too. */
#ifndef FV_OP_LRN_H
#define FV_OP_LRN_H

#include "op/op.h"

/* Kept for backward: s = k + alpha/size * sum of squares, in the shape of x. */
typedef struct fv_lrn_options {
    int64_t size; /* odd */
    double alpha, beta, k;
} fv_lrn_options;

#endif
