/* SPDX-License-Identifier: MIT */
/*
 * augment.h - how training changes its images, each in its own way in every epoch. One table of
 * fields, which every recipe has (net/settings.h).
 *
 * In this order, whatever order they are given in: where pixels lie (one map: area, zoom, shear,
 * rotate, elastic, flip, shift, sampled once), colour (brightness, contrast, saturation and hue in
 * an order drawn for each image, pca), what is hidden (cutout), what is mixed with another image of
 * the batch (mixup, cutmix). data/ does all of it.
 */
#ifndef FV_NET_AUGMENT_H
#define FV_NET_AUGMENT_H

#include "base/field.h"

typedef struct fv_augment {
    bool flip;                     /* mirrored left-right, every second image by chance */
    int64_t shift;                 /* moved by up to so many pixels of the input each way */
    double zoom;                   /* larger or smaller by a factor of up to 1 + zoom */
    double rotate, shear;          /* degrees each way */
    double elastic, elastic_sigma; /* pixels of the input: how far points move, how smoothly */
    double area, aspect;           /* a part of at least this share, of at most this aspect */
    double brightness, contrast, saturation; /* factors within 1 - v and 1 + v */
    double hue;                              /* turned by up to this share of the circle each way */
    double pca;           /* deviation of the multiples of the colours' components */
    int64_t cutout;       /* side of the square that is hidden, in pixels */
    double mixup, cutmix; /* alpha of the Beta distribution of what an image keeps */
} fv_augment;
extern const fv_field fv__augment_fields[];

/* Whether pixels move otherwise than by flip and shift; whether colours change. */
bool fv__augment_warps(const fv_augment *a);
bool fv__augment_colours(const fv_augment *a);
/* Whether images of a batch are mixed, and targets with them. */
bool fv__augment_mixes(const fv_augment *a);

#endif
