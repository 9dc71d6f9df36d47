/* SPDX-License-Identifier: MIT */
/* avgpool.h - the options of avgpool. Declared in avgpool.c; read by fast versions and file formats
 * too. */
#ifndef FV_OP_AVGPOOL_H
#define FV_OP_AVGPOOL_H

#include "op/op.h"

typedef struct fv_avgpool_options {
    fv_size kernel, stride; /* stride 0: as the window */
    fv_pad pad;
    bool ceil;
    bool count_pad;
} fv_avgpool_options;

/* The windows, height and width, of a site whose shape rule has accepted it. */
void fv__avgpool_windows(const fv_shape *in, const fv_avgpool_options *o, fv_window out[2]);

#endif
