/* SPDX-License-Identifier: MIT */
/*
 * depth.h - depthtospace and spacetodepth, the same pairs in both directions: channel by channel of
 * the wide map, its blocks of pixels lie in block^2 channels of the deep one.
 */
#ifndef FV_OP_DEPTH_H
#define FV_OP_DEPTH_H

#include "op/moves.h"

typedef enum fv_depth_mode { FV_DEPTH_DCR, FV_DEPTH_CRD } fv_depth_mode;

typedef struct fv_depth_options {
    int64_t block;
    int mode;
} fv_depth_options;

extern const fv_field fv__depth_fields[];

/* The walk's tensor k is the wide map, the other one the deep map. */
fv_walk fv__depth_pairs(const fv_depth_options *o, const fv_tensor *wide, const fv_tensor *deep,
                        int k);

#endif
