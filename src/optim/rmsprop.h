/* SPDX-License-Identifier: MIT */
/* rmsprop.h - the options of rmsprop. Declared in rmsprop.c; read by a device's own loops too. */
#ifndef FV_OPTIM_RMSPROP_H
#define FV_OPTIM_RMSPROP_H

#include "optim/optim.h"

typedef struct fv_rmsprop_options {
    double rho; /* decay of the means of gradients and of their squares */
    double epsilon;
    double momentum; /* share of the last step carried on */
    bool centered;   /* divides by the deviation instead of the root of the mean square */
} fv_rmsprop_options;

#endif
