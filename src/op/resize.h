/* SPDX-License-Identifier: MIT */
/* resize.h - the options of resize. Declared in resize.c; upsample and fast versions compute with
   it too. */
#ifndef FV_OP_RESIZE_H
#define FV_OP_RESIZE_H

#include "op/op.h"

typedef enum fv_resize_mode { FV_RESIZE_NEAREST, FV_RESIZE_BILINEAR } fv_resize_mode;
typedef enum fv_resize_coordinates {
    FV_RESIZE_HALF_PIXEL,
    FV_RESIZE_PYTORCH_HALF_PIXEL,
    FV_RESIZE_ALIGN_CORNERS,
    FV_RESIZE_ASYMMETRIC
} fv_resize_coordinates;
typedef enum fv_resize_rounding {
    FV_RESIZE_PREFER_FLOOR,
    FV_RESIZE_PREFER_CEIL,
    FV_RESIZE_FLOOR,
    FV_RESIZE_CEIL
} fv_resize_rounding;

typedef struct fv_resize_options {
    fv_size size;
    fv_reals scale; /* one or two: height, width; none where size says it */
    int mode, coordinates, rounding;
} fv_resize_options;

/* What upsample is told, as a resize. */
fv_resize_options fv__upsample_as_resize(const void *options);

/* Pixel `at` of an axis (0: rows) that grows from `in` to `out` is (1 - t) x[low] + t x[high]. */
typedef struct fv_resize_taps {
    int64_t low, high;
    double t;
} fv_resize_taps;
fv_resize_taps fv__resize_taps(const fv_resize_options *o, int axis, int64_t in, int64_t out,
                               int64_t at);

/* Where pixel `at` of an axis (0: rows) that grows from `in` to `out` lies in the input; and the
   pixel of the input that counts as the nearest to a place. */
double fv__resize_place(const fv_resize_options *o, int axis, int64_t in, int64_t out, int64_t at);
int64_t fv__resize_nearest(const fv_resize_options *o, int64_t in, double place);

#endif
