/* SPDX-License-Identifier: MIT */
/*
 * activation_options.h - the options of activations, declared in their own files; read by fast
 * versions too.
 */
#ifndef FV_OP_ACTIVATION_OPTIONS_H
#define FV_OP_ACTIVATION_OPTIONS_H

#include "op/op.h"

typedef struct fv_clip_options {
    double min, max; /* min may be the larger: then y is max */
} fv_clip_options;

typedef struct fv_celu_options {
    double alpha; /* > 0 */
} fv_celu_options;

enum { FV_GELU_EXACT, FV_GELU_TANH };
typedef struct fv_gelu_options {
    int approximate; /* one of these */
} fv_gelu_options;

typedef struct fv_hardsigmoid_options {
    double alpha, beta;
} fv_hardsigmoid_options;

typedef struct fv_selu_options {
    double alpha, gamma; /* alpha >= 0, gamma > 0 */
} fv_selu_options;

typedef struct fv_shrink_options {
    double lambda, bias; /* lambda >= 0 */
} fv_shrink_options;

typedef struct fv_softplus_options {
    double beta; /* > 0 */
} fv_softplus_options;

typedef struct fv_thresholdedrelu_options {
    double alpha;
} fv_thresholdedrelu_options;

#endif
