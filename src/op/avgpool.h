/* SPDX-License-Identifier: MIT */
/* avgpool.h - the options of avgpool. Declared in avgpool.c; read by fast versions and file formats
 * too. */
#ifndef FV_OP_AVGPOOL_H
#define FV_OP_AVGPOOL_H

#include "op/maxpool.h"

typedef struct fv_avgpool_options {
    fv_size kernel, stride; /* stride 0: as the window */
    fv_pad pad;
    bool ceil;
    bool count_pad;
} fv_avgpool_options;

/* What maxpool calls the same windows. */
static inline fv_maxpool_options fv__avgpool_window(const fv_avgpool_options *o) {
    return (fv_maxpool_options){.kernel = o->kernel,
                                .stride = o->stride,
                                .pad = o->pad,
                                .dilation = {1, 1},
                                .ceil = o->ceil};
}

#endif
