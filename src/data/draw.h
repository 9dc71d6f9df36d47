/* SPDX-License-Identifier: MIT */
/*
 * draw.h - what chance does to one sample: from (seed, epoch, sample) alone, and for each kind of
 * augmentation from numbers of its own, so that one more changes nothing about the others.
 */
#ifndef FV_DATA_DRAW_H
#define FV_DATA_DRAW_H

#include "data/components.h"
#include "data/preprocess.h"

typedef struct fv_drawn {
    fv_move move; /* points at the two below where they do something */
    fv_warp warp;
    fv_tint tint;
} fv_drawn;

/* Of the batch's sample `number`, whose image is `p`. `in`: the input it meets. What it points at
   lies in it or in `scratch`. */
FV_MUST_USE fv_status fv__draw(const fv_batch *batch, int64_t number, const fv_input *in,
                               const fv_image_view *p, fv_arena *scratch, fv_drawn *out);

/* Hides a square of the preprocessed image x (C,H,W of the input): it becomes 0, which is the mean
   colour where the input subtracts it. The square's centre is anywhere in the image. */
void fv__draw_cutout(const fv_batch *batch, int64_t number, const fv_input *in, float *x);

/* Displacements of the points of a window of w x h, drawn from a stream: uniform numbers, smoothed
   by a Gaussian of deviation `sigma`, times what makes their deviation `strength` (Simard,
   Steinkraus & Platt 2003, section 2). NULL where memory is refused. */
float *fv__draw_elastic(fv_key key, uint64_t first, int64_t w, int64_t h, double strength,
                        double sigma, fv_arena *scratch);

#endif
