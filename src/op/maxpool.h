/* SPDX-License-Identifier: MIT */
/* maxpool.h - the options of maxpool. Declared in maxpool.c; read by fast versions and file formats
 * too. */
#ifndef FV_OP_MAXPOOL_H
#define FV_OP_MAXPOOL_H

#include "op/op.h"

/* Kept for backward (saved[0], I32): for every output the winner's position in its channel's plane,
   row * width + column; the first in reading order among equals. */
typedef struct fv_maxpool_options {
    fv_size kernel, stride; /* stride 0: as the window */
    fv_pad pad;
    fv_size dilation;
    bool ceil;
} fv_maxpool_options;

/* A sequence [N,C,W] is a map of height 1, as for conv (op/conv.h): the input as maps, and the
   window that slides over them. */
fv_maxpool_options fv__pool_as_maps(const fv_shape *in, const fv_maxpool_options *o,
                                    fv_shape *maps);
/* The windows, height and width, of a site whose shape rule has accepted it. */
void fv__maxpool_windows(const fv_shape *in, const fv_maxpool_options *o, fv_window out[2]);

#endif
