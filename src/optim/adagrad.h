/* SPDX-License-Identifier: MIT */
/* adagrad.h - the options of adagrad. Declared in adagrad.c; read by a device's own loops too. */
#ifndef FV_OPTIM_ADAGRAD_H
#define FV_OPTIM_ADAGRAD_H

#include "optim/optim.h"

typedef struct fv_adagrad_options {
    double epsilon;
} fv_adagrad_options;

#endif
