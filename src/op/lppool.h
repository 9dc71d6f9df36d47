/* SPDX-License-Identifier: MIT */
/* lppool.h - what lppool and globallppool share of their declaration; read by fast versions too. */
#ifndef FV_OP_LPPOOL_H
#define FV_OP_LPPOOL_H

#include "op/pool.h"

typedef struct fv_lppool_options {
    fv_maxpool_options window;
    double p;
} fv_lppool_options;

typedef struct fv_globallppool_options {
    double p;
} fv_globallppool_options;

#define FV_LP_FIELD(options)                                                                       \
    {                                                                                              \
        "p", "which norm: 1 adds absolute values, 2 is the root of squares", FV_REAL,              \
            offsetof(options, p), "2", 1, 1e3, 0, NULL, "p"                                        \
    }

#endif
