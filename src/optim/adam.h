/* SPDX-License-Identifier: MIT */
/* adam.h - the options of adam and adamw. Declared in adam.c; read by a device's own loops too. */
#ifndef FV_OPTIM_ADAM_H
#define FV_OPTIM_ADAM_H

#include "optim/optim.h"

typedef struct fv_adam_options {
    double beta1, beta2; /* decay of the means of gradients and of their squares */
    double epsilon;
} fv_adam_options;

extern const fv_field fv__adam_fields[];

/* What adamw's decay leaves of a weight. */
static inline float fv__adamw_keep(const fv_optim_step *step) {
    return (float)(1 - step->lr * step->decay);
}

/* 1 - beta1^t and 1 - beta2^t of step t, counted from 1. */
void fv__adam_corrections(const fv_optim_step *step, float *first, float *second);

#endif
