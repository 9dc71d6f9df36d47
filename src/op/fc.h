/* SPDX-License-Identifier: MIT */
/* fc.h - the options of fc. Declared in fc.c; read by fast versions and file formats too. */
#ifndef FV_OP_FC_H
#define FV_OP_FC_H

#include "op/op.h"

typedef struct fv_fc_options {
    int64_t outputs;
    bool bias;
} fv_fc_options;

#endif
