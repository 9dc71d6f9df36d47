/* SPDX-License-Identifier: MIT */
/*
 * image.h - images: decoded from files, seen in someone's memory, made into a network's input. A
 * decoded one is the public fv_image (fovea/image.h), its pixels from fv__alloc.
 */
#ifndef FV_DATA_IMAGE_H
#define FV_DATA_IMAGE_H

#include "base/file.h"
#include "net/settings.h"

/* The formats of data/image_formats.h, by content, not by name. Alpha is laid over white, 16 bits
   are rounded to 8, an image that EXIF says is turned or mirrored stands upright. FV_BAD_INPUT:
   "cat.png: this is a text file, not an image" and the like. */
FV_MUST_USE fv_status fv__image_read(fv_context *ctx, const char *path, fv_image *out);
FV_MUST_USE fv_status fv__image_decode(fv_context *ctx, const char *name, const uint8_t *data,
                                       size_t size, fv_image *out);
void fv__image_free(fv_image *p);

/* An image in someone else's memory: value (x, y) of channel c is element
   y*row + x*column + c*plane of `data`. */
typedef struct fv_image_view {
    const void *data;
    fv_dtype dtype; /* FV_U8: pixels, 0 … 255; FV_F32: numbers as the network takes them */
    int64_t width, height;
    int channels;
    int64_t row, column, plane;
} fv_image_view;
fv_image_view fv__image_view(const fv_image *image);

/* As the net's `input` says (net/settings.h) into `out`: channels*height*width floats, C,H,W. */
FV_MUST_USE fv_status fv__preprocess(fv_context *ctx, const fv_input *input, const fv_image *p,
                                     float *out);

#endif
