/* SPDX-License-Identifier: MIT */
/* bn.h - the options of bn. Declared in bn.c; read by fast versions and file formats too. */
#ifndef FV_OP_BN_H
#define FV_OP_BN_H

#include "op/op.h"

/* Parameters in this order: weight, bias, mean, variance. Kept for backward: the batch's mean,
   and 1/sqrt(variance + epsilon), one number per channel each. */
typedef struct fv_bn_options {
    double epsilon;
    double momentum;
} fv_bn_options;

#endif
