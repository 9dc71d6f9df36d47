/* SPDX-License-Identifier: MIT */
/*
 * views.h - the views of an image that a test averages over (fovea/image.h).
 */
#ifndef FV_DATA_VIEWS_H
#define FV_DATA_VIEWS_H

#include "data/preprocess.h"

/* View number `view` of the image, as `in` meets it. `move` points at `warp`. */
FV_MUST_USE fv_status fv__view_of(fv_context *ctx, const fv_input *in, const fv_image_view *p,
                                  int views, int view, fv_warp *warp, fv_move *move);

#endif
