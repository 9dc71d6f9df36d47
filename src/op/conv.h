/* SPDX-License-Identifier: MIT */
/* conv.h - the options of conv, which its relatives begin with too. Declared in conv.c; read by
   fast versions and file formats too. */
#ifndef FV_OP_CONV_H
#define FV_OP_CONV_H

#include "op/op.h"

typedef struct fv_conv_options {
    int64_t channels; /* of the output: filters */
    fv_size kernel, stride;
    fv_pad pad;
    fv_size dilation;
    int64_t groups;
    bool bias;
    bool flip; /* the kernel is mirrored: a convolution as mathematics has it */
    int init;  /* 0: the weights start as the recipe says; 1: at zero */
} fv_conv_options;

/* A sequence [N,C,W] is a map of height 1. What slides over it, as maps have it; of maps, the same
   again. */
void fv__conv_as_maps(const fv_shape *in, const fv_conv_options *o, fv_shape *maps,
                      fv_conv_options *flat);
/* The windows, height and width, of a site whose shape rule has accepted it. */
void fv__conv_windows(const fv_shape *in, const fv_conv_options *o, fv_window out[2]);

#endif
