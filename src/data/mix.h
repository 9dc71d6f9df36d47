/* SPDX-License-Identifier: MIT */
/*
 * mix.h - samples of a batch mixed with each other, images and targets.
 */
#ifndef FV_DATA_MIX_H
#define FV_DATA_MIX_H

#include "data/data.h"

/* What one sample keeps of itself: everywhere `keep` of each number (mixup), or with `box` all but
   a part of the image, of which `keep` is the share that is left (cutmix). */
typedef struct fv_mix {
    double keep;
    bool box;
    int64_t left, top, right, bottom; /* the part: right and bottom are not in it */
} fv_mix;

/* Of the batch's sample `number`, for images of this size. */
fv_mix fv__mix_draw(const fv_batch *batch, int64_t number, int64_t width, int64_t height);

/* Beta(alpha, alpha), from blocks `first` and on of a stream. */
double fv__mix_beta(fv_key key, uint64_t first, double alpha);

/* Two samples with `planes` planes of height x width each, every one with what the other was. */
void fv__mix_planes(const fv_mix *one, const fv_mix *other, int64_t planes, int64_t height,
                    int64_t width, float *a, float *b);
/* Two targets, n numbers each: as much of each as of the images. */
void fv__mix_numbers(const fv_mix *one, const fv_mix *other, int64_t n, float *a, float *b);

#endif
