/* SPDX-License-Identifier: MIT */
/*
 * options.h - the options of the operators that have some, as their field tables fill them.
 *
 * Each struct belongs to the operator's own file; they stand together here because fast versions,
 * plans and file formats read them too. The *_windows functions give the windows of a place whose
 * shape rule has said yes, and therefore cannot fail.
 */
#ifndef FV_OP_OPTIONS_H
#define FV_OP_OPTIONS_H

#include "op/op.h"

typedef struct fv_conv_options {
    int64_t channels; /* of the output: filters */
    fv_size kernel, stride;
    fv_pad pad;
    fv_size dilation;
    int64_t groups;
    bool bias;
} fv_conv_options;
void fv__conv_windows(const fv_shape *in, const fv_conv_options *o, fv_window out[2]); /* h, w */

/* Kept for backward (saved[0], I32): for every output the winner's place in its channel's plane,
   row * width + column; the first in reading order among equals. */
typedef struct fv_maxpool_options {
    fv_size kernel, stride; /* stride 0: as the window */
    fv_pad pad;
    fv_size dilation;
    bool ceil;
} fv_maxpool_options;
void fv__maxpool_windows(const fv_shape *in, const fv_maxpool_options *o, fv_window out[2]);

typedef struct fv_avgpool_options {
    fv_size kernel, stride; /* stride 0: as the window */
    fv_pad pad;
    bool ceil;
    bool count_pad;
} fv_avgpool_options;
void fv__avgpool_windows(const fv_shape *in, const fv_avgpool_options *o, fv_window out[2]);

typedef struct fv_fc_options {
    int64_t outputs;
    bool bias;
} fv_fc_options;

/* Parameters in this order: weight, bias, mean, variance. Kept for backward: the batch's mean,
   and 1/sqrt(variance + epsilon), one number per channel each. */
typedef struct fv_bn_options {
    double epsilon;
    double momentum;
} fv_bn_options;

/* Kept for backward: s = k + alpha/size * sum of squares, in the shape of x. */
typedef struct fv_lrn_options {
    int64_t size; /* odd */
    double alpha, beta, k;
} fv_lrn_options;

/* Kept for backward (U8): 1 where kept. Element i of the batch (sample * elements + place in the
   sample) is dropped when fv__random_unit(pass->random, i) < rate. */
typedef struct fv_dropout_options {
    double rate;
} fv_dropout_options;

typedef struct fv_leakyrelu_options {
    double slope; /* >= 0 */
} fv_leakyrelu_options;

typedef struct fv_elu_options {
    double alpha; /* >= 0 */
} fv_elu_options;

/* y = SCALE * tanh(SLOPE * x) */
#define FV_SCALED_TANH_SCALE 1.7159
#define FV_SCALED_TANH_SLOPE (2.0 / 3.0)

/* Kept for backward (I32): for every output which piece won, 0 … pieces - 1. */
typedef struct fv_maxout_options {
    int64_t pieces;
} fv_maxout_options;

typedef struct fv_shortcut_options {
    int64_t channels;
    int64_t stride;
} fv_shortcut_options;

#endif
