/* SPDX-License-Identifier: MIT */
/* leakyrelu.h - the options of leakyrelu. Declared in leakyrelu.c; read by fast versions and file
 * formats too. */
#ifndef FV_OP_LEAKYRELU_H
#define FV_OP_LEAKYRELU_H

#include "op/op.h"

typedef struct fv_leakyrelu_options {
    double slope; /* >= 0 */
} fv_leakyrelu_options;

#endif
