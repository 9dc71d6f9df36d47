/* SPDX-License-Identifier: MIT */
/*
 * preprocess.h - from an image to the input's numbers, shared by single images and batches; and a
 * map of classes moved along with its image.
 */
#ifndef FV_DATA_PREPROCESS_H
#define FV_DATA_PREPROCESS_H

#include "data/data.h"
#include "data/tint.h"
#include "data/warp.h"

/* What every byte becomes in each channel of the input: (v*scale - mean[c]) / std[c]. */
typedef struct fv_levels {
    float of[3][256];
} fv_levels;
void fv__levels(const fv_input *input, fv_levels *out);

fv_route fv__route(const fv_input *input, int64_t width, int64_t height);

/* Whether `input` takes images of this size as they are, pad aside. */
bool fv__fits_as_is(const fv_input *input, int64_t width, int64_t height);

/* The input that an image really meets: floats that have the input's size already, pad included,
   are taken untouched. */
fv_input fv__input_met(const fv_input *input, const fv_image_view *p);

/* The input that an image of this size would have had if it need not be fitted: resized and cropped
   as `input` says, then left as large as it is. */
FV_MUST_USE fv_status fv__input_own_size(fv_context *ctx, const fv_input *input,
                                         const fv_image_view *p, fv_input *out);

/* The image is seen through a map, its colours are changed, it is mirrored left-right, and then
   moved by (dx, dy) pixels of the input within its frame; what is left bare is filled as the pad
   is. */
typedef struct fv_move {
    int64_t dx, dy;
    bool flip;
    const fv_warp *warp; /* NULL: as `input` says */
    const fv_tint *tint; /* NULL: as they are; of bytes only, 1 or 3 channels */
} fv_move;

/* Preprocesses into out (C,H,W of the input). Floats go through resize, crop, fit and pad like
   bytes, but not through scale, mean, std and the order of colours. */
FV_MUST_USE fv_status fv__preprocess_view(fv_context *ctx, const fv_input *input,
                                          const fv_levels *levels, const fv_image_view *p,
                                          const fv_move *move, float *out);

/* The same way for the map of classes of an image of this size: every pixel of out (H,W) takes the
   nearest pixel's class; pad and what a move leaves bare become `ignored`. */
FV_MUST_USE fv_status fv__preprocess_map(fv_context *ctx, const fv_input *input,
                                         const fv_target *map, const fv_move *move, int32_t ignored,
                                         int32_t *out);

/* The checks of an input that need no image, and those that need its kind and channels. */
FV_MUST_USE fv_status fv__input_check(fv_context *ctx, const fv_input *input);
FV_MUST_USE fv_status fv__input_takes(fv_context *ctx, const fv_input *input, fv_dtype dtype,
                                      int64_t channels);

#endif
