/* SPDX-License-Identifier: MIT */
/*
 * mosaic.h - equal tiles in a grid with captions below: what fv__draw_grid and fv__draw_gallery
 * have in common.
 */
#ifndef FV_VIEW_MOSAIC_H
#define FV_VIEW_MOSAIC_H

#include "view/parts.h"

typedef struct fv_mosaic {
    const char *title, *note; /* each may be NULL */
    int64_t count, columns, h, w;
    const char *const *captions; /* or NULL */
    double caption_width;        /* the most room a caption may claim, in pixels at scale 1 */
    /* The colour of pixel (y, x) of tile i. */
    fv_colour (*pixel)(const void *source, int64_t i, int64_t y, int64_t x);
    const void *source;
} fv_mosaic;

/* A gallery as tiles. */
fv_mosaic fv__gallery_mosaic(const fv_gallery *gallery);
/* The mean colour of step x step pixels of tile i whose first is (y, x), as far as they are there.
 */
fv_colour fv__mosaic_mean(const fv_mosaic *m, int64_t i, int64_t y, int64_t x, int64_t step);
FV_MUST_USE fv_status fv__draw_mosaic(fv_context *ctx, const fv_mosaic *m, fv_canvas *out);

#endif
