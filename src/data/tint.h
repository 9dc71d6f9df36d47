/* SPDX-License-Identifier: MIT */
/*
 * tint.h - the colours of an augmented image changed.
 */
#ifndef FV_DATA_TINT_H
#define FV_DATA_TINT_H

#include "base/error.h"
#include <stdint.h>

enum { FV_TINT_BRIGHTNESS, FV_TINT_CONTRAST, FV_TINT_SATURATION, FV_TINT_HUE, FV_TINTS };

/* What is done, in this order: `which` with the number `by`, a factor, or of the hue the share of
   the circle that it is turned by; then `added` to each channel (pca). */
typedef struct fv_tint {
    int count, which[FV_TINTS];
    double by[FV_TINTS];
    bool adds;
    double added[3];
} fv_tint;

/* In place, planes [channels][n] of values 0 … 255, one channel (gray: saturation and hue change
   nothing) or three. */
void fv__tint(const fv_tint *t, float *planes, int64_t n, int channels);

#endif
