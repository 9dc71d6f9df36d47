/* SPDX-License-Identifier: MIT */
/*
 * filter.h - one kernel over numbers or an image, as fovea/filter.h describes it.
 */
#ifndef FV_LOOK_FILTER_H
#define FV_LOOK_FILTER_H

#include "look/matrix.h"

FV_MUST_USE fv_status fv__filter(fv_context *ctx, const fv_matrix *x, const fv_matrix *kernel,
                                 const fv_filter_options *options, fv_matrix **out);
/* `out` is of the image's size and channels, its pixels there to be written. */
FV_MUST_USE fv_status fv__filter_image(fv_context *ctx, const fv_image *image,
                                       const fv_matrix *kernel, const fv_filter_options *options,
                                       fv_image *out);

#endif
