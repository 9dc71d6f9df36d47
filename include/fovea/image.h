/* SPDX-License-Identifier: MIT */
/*
 * image.h - image files and pixels, and what a model takes in.
 *
 * Files are PNG, JPEG, BMP, PGM or PPM, told by content; turned upright where they say how they
 * were held. FV_BAD_INPUT: not there, not an image, damaged, or a kind this library was built
 * without.
 */
#ifndef FOVEA_IMAGE_H
#define FOVEA_IMAGE_H

#include "common.h"

FV_BEGIN

/* An image in memory: `height` rows of `width` pixels of `channels` bytes each (1 gray; 3 red,
   green, blue), without gaps. Pixels may be changed. */
typedef struct fv_image {
    int64_t width, height;
    int channels;
    uint8_t *pixels;
} fv_image;

FV_MUST_USE FV_API fv_status fv_image_read(fv_context *ctx, const char *path, fv_image **out);
/* From bytes as a file would have them; `name` is for messages, NULL: "the image in memory". */
FV_MUST_USE FV_API fv_status fv_image_decode(fv_context *ctx, const char *name, const void *data,
                                             size_t size, fv_image **out);
FV_API void fv_image_free(fv_image *image); /* NULL is allowed */

/* Makes of an image file what the model takes in: resized, cropped, padded, scaled and normalised
   as the `input` line of its network says. `dst` receives fv_model_input() floats, C, H, W. */
FV_MUST_USE FV_API fv_status fv_model_read_image(fv_context *ctx, const fv_model *model,
                                                 const char *path, float *dst);

/* The same from bytes in memory as a file would have them. */
FV_MUST_USE FV_API fv_status fv_model_decode_image(fv_context *ctx, const fv_model *model,
                                                   const void *data, size_t size, float *dst);

/* The same from pixels: `height` rows of `width` pixels of `channels` bytes each, without gaps.
   Channels: 1 (gray), 3 (red, green, blue), 4 (and alpha, laid over white). FV_USAGE: other numbers
   of channels, sides below 1 or above 2^20. */
FV_MUST_USE FV_API fv_status fv_model_take_pixels(fv_context *ctx, const fv_model *model,
                                                  const uint8_t *pixels, int64_t width,
                                                  int64_t height, int channels, float *dst);

/* The views of an image that a test may average over: as it is; and mirrored left-right; or the ten
   of Krizhevsky, Sutskever & Hinton 2012: what the network sees of the four corners and the middle
   of the resized image, and the same mirrored. */
typedef enum fv_views { FV_VIEWS_ONE, FV_VIEWS_FLIP, FV_VIEWS_TEN } fv_views;
FV_API int fv_views_count(fv_views views); /* 1, 2, 10; 0 of another number */

/* fv_model_take_pixels of view number `view`, 0 … count-1. Corners are those of what `crop` of the
   network's `input` line cuts from; where it cuts nothing, 7/8 of the width and height of an image
   that is larger than the input. FV_BAD_INPUT: ten views of one that is not. */
FV_MUST_USE FV_API fv_status fv_model_take_view(fv_context *ctx, const fv_model *model,
                                                const uint8_t *pixels, int64_t width,
                                                int64_t height, int channels, fv_views views,
                                                int view, float *dst);

FV_END
#endif
