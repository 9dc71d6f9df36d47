/* SPDX-License-Identifier: MIT */
/* dropout.h - the options of dropout. Declared in dropout.c; read by fast versions and file formats
 * too. */
#ifndef FV_OP_DROPOUT_H
#define FV_OP_DROPOUT_H

#include "op/op.h"

/* Kept for backward (U8): 1 where kept. Element i of the whole batch (sample * elements + position
   in the sample) is dropped when fv__random_unit(pass->random, i) < rate. */
typedef struct fv_dropout_options {
    double rate;
} fv_dropout_options;

#endif
