/* SPDX-License-Identifier: MIT */
/* clip.h - the options of clip. Declared in clip.c; read by fast versions too. */
#ifndef FV_OP_CLIP_H
#define FV_OP_CLIP_H

#include "op/op.h"

typedef struct fv_clip_options {
    double min, max; /* min may be the larger: then y is max */
} fv_clip_options;

#endif
