/* SPDX-License-Identifier: MIT */
/* adadelta.h - the options of adadelta. Declared in adadelta.c; read by a device's own loops too.
 */
#ifndef FV_OPTIM_ADADELTA_H
#define FV_OPTIM_ADADELTA_H

#include "optim/optim.h"

typedef struct fv_adadelta_options {
    double rho; /* decay of the means of squares */
    double epsilon;
} fv_adadelta_options;

#endif
