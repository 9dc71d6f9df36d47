/* SPDX-License-Identifier: MIT */
/* lars.h - the options of lars. Declared in lars.c; read by a device's own loops too. */
#ifndef FV_OPTIM_LARS_H
#define FV_OPTIM_LARS_H

#include "optim/optim.h"

typedef struct fv_lars_options {
    double momentum; /* share of the last step carried on */
    double trust;    /* share of its own norm that a parameter is changed by, for lr 1 */
} fv_lars_options;

/* The rate of a parameter: lr times its local one. */
float fv__lars_rate(const fv_optim_step *step);

#endif
