/* SPDX-License-Identifier: MIT */
/*
 * resize.h - one plane of an image, resized.
 */
#ifndef FV_DATA_RESIZE_H
#define FV_DATA_RESIZE_H

#include "data/image.h"

/* Resizes channel c to w1 x h1 with the triangle filter and cuts out w x h at (x0, y0); `out` is
   dense. Beside `out` it takes memory for a row and a column, never for an image. */
FV_MUST_USE fv_status fv__resize_plane(fv_context *ctx, const fv_image_view *from, int c,
                                       int64_t w1, int64_t h1, int64_t x0, int64_t y0, int64_t w,
                                       int64_t h, float *out);

#endif
