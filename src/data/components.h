/* SPDX-License-Identifier: MIT */
/*
 * components.h - the principal components of the colours of a data set.
 */
#ifndef FV_DATA_COMPONENTS_H
#define FV_DATA_COMPONENTS_H

#include "data/data.h"

/* Of the covariance of the pixels' colours, each channel from 0 to 1: eigenvalues, the largest
   first, and unit eigenvectors [which][channel], whose largest number is positive. */
typedef struct fv_components {
    int channels; /* 1 or 3; 0: not known */
    double value[3], vector[3][3];
} fv_components;

/* From at most 512 images of the set, evenly spread, at most 64x64 pixels of each: the same for the
   same set. FV_BAD_INPUT where its images are not pictures of one number of channels, 1 or 3. */
FV_MUST_USE fv_status fv__components_of(fv_context *ctx, const fv_dataset *set, fv_components *out);
/* Of a symmetric matrix (Jacobi's rotations). */
void fv__components(double a[3][3], int channels, fv_components *out);

#endif
