/* SPDX-License-Identifier: MIT */
/* lrn.h - the options of lrn. Declared in lrn.c; read by fast versions and file formats too. */
#ifndef FV_OP_LRN_H
#define FV_OP_LRN_H

#include "op/op.h"

enum { FV_LRN_ACROSS, FV_LRN_WITHIN };

/* Kept for backward: s = k + alpha * mean of squares, in the shape of x. */
typedef struct fv_lrn_options {
    int64_t size; /* odd */
    double alpha, beta, k;
    int region;
} fv_lrn_options;

#endif
