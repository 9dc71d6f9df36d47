/* SPDX-License-Identifier: MIT */
/*
 * warp.h - where the pixels of an augmented image come from: one map from the window (the input
 * without its pad) to the image, through which both are sampled once, the image and its map of
 * classes.
 */
#ifndef FV_DATA_WARP_H
#define FV_DATA_WARP_H

#include "data/image.h"

/* Sizes of an image on its way: resized, the part cut out of it, what the input takes. */
typedef struct fv_route {
    int64_t width, height; /* of the image */
    int64_t w1, h1;        /* the whole image resized */
    int64_t x0, y0;        /* of the crop */
    int64_t w2, h2;        /* after the crop */
    int64_t w3, h3;        /* the input without pad: the window */
} fv_route;

typedef struct fv_warp {
    bool cut; /* this part of the image, instead of what resize and crop leave of it */
    int64_t x, y, width, height;
    int corner; /* the crop is not in the middle of the resized image but in a corner: number + 1 */
    bool bent;  /* and of that is seen, at the point p of the window, centre c, what was at
                   c + back (p + d - c): */
    double back[2][2];    /* [x, y of what was][x, y of what is seen] */
    const float *dx, *dy; /* d at each pixel of the window, [h3][w3]; NULL: 0 */
} fv_warp;

/* Where a part begins that leaves `rest` pixels over, along x (axis 0) or y: corners 0 to 3 are the
   upper left, upper right, lower left and lower right, 4 is the middle. */
int64_t fv__corner(int corner, int axis, int64_t rest);

/* The route with the part in it. */
fv_route fv__warp_route(const fv_route *r, const fv_warp *w);

/* Where pixel (u, v) of the window lies in the image, in pixels of it; false: outside. */
bool fv__warp_at(const fv_route *r, const fv_warp *w, int64_t u, int64_t v, double at[2]);

/* Floats of memory that sampling along this route needs. */
size_t fv__warp_floats(const fv_route *r, const fv_warp *w);
/* All channels of the image into planes [channels][h3][w3]; what lies outside is left as it is.
   `memory`: as many floats as that. */
void fv__warp_planes(const fv_image_view *p, const fv_route *r, const fv_warp *w, float *memory,
                     float *planes);

#endif
