/* SPDX-License-Identifier: MIT */
/* sgd.h - the options of sgd. Declared in sgd.c; read by a device's own loops too. */
#ifndef FV_OPTIM_SGD_H
#define FV_OPTIM_SGD_H

#include "optim/optim.h"

typedef struct fv_sgd_options {
    double momentum; /* share of the last step carried on */
    bool nesterov;
} fv_sgd_options;

#endif
