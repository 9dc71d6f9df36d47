/* SPDX-License-Identifier: MIT */
/* elu.h - the options of elu. Declared in elu.c; read by fast versions and file formats too. */
#ifndef FV_OP_ELU_H
#define FV_OP_ELU_H

#include "op/op.h"

typedef struct fv_elu_options {
    double alpha; /* >= 0 */
} fv_elu_options;

#endif
