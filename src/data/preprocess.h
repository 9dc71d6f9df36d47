/* SPDX-License-Identifier: MIT */
/*
 * preprocess.h - from bytes to the input's numbers, shared by single pictures and batches.
 */
#ifndef FV_DATA_PREPROCESS_H
#define FV_DATA_PREPROCESS_H

#include "data/data.h"

/* What every byte becomes in each channel of the input: (v*scale - mean[c]) / std[c]. */
typedef struct fv_levels {
    float of[3][256];
} fv_levels;
void fv__levels(const fv_input *input, fv_levels *out);

/* Bytes as they lie: pixel (x, y) of channel c is at y*row + x*column + c*plane. */
typedef struct fv_pixels {
    const uint8_t *data;
    int64_t width, height;
    int channels; /* 1 or 3 */
    int64_t row, column, plane;
} fv_pixels;

/* Whether `input` takes pictures of this size as they are, pad aside. */
bool fv__fits_as_is(const fv_input *input, int64_t width, int64_t height);

/* Preprocesses into out (C,H,W of the input). The picture is moved by (dx, dy) pixels of the input
   within its frame, what is left bare filled as the pad is; flip mirrors it left-right before. */
typedef struct fv_move {
    int64_t dx, dy;
    bool flip;
} fv_move;
FV_MUST_USE fv_status fv__preprocess_pixels(fv_context *ctx, const fv_input *input,
                                            const fv_levels *levels, const fv_pixels *p,
                                            const fv_move *move, float *out);

/* The size checks of an input that need no picture. */
FV_MUST_USE fv_status fv__input_check(fv_context *ctx, const fv_input *input);

#endif
