/* SPDX-License-Identifier: MIT */
/*
 * views.c - where the ten views of Krizhevsky, Sutskever & Hinton 2012, section 4.1, lie: the
 * corners (upper left, upper right, lower left, lower right) and the middle, then the same
 * mirrored.
 */
#include "data/views.h"

#define CORNERS 5

int fv_views_count(fv_views views) {
    switch (views) {
    case FV_VIEWS_ONE:
        return 1;
    case FV_VIEWS_FLIP:
        return 2;
    case FV_VIEWS_TEN:
        return 2 * CORNERS;
    default:
        return 0;
    }
}

/* AlexNet's share of a side: 224 of 256. */
static int64_t most_of(int64_t side) {
    return side - side / 8;
}

fv_status fv__view_of(fv_context *ctx, const fv_input *in, const fv_image_view *p, int views,
                      int view, fv_warp *warp, fv_move *move) {
    const fv_route r = fv__route(in, p->width, p->height);
    const int corner = view % CORNERS;
    *warp = (fv_warp){0};
    *move = (fv_move){.flip = view >= fv_views_count((fv_views)views) / 2 && views != FV_VIEWS_ONE};
    if (views != FV_VIEWS_TEN) return FV_OK;
    if (r.w2 == r.w1 && r.h2 == r.h1 && (p->width <= r.w3 || p->height <= r.h3))
        return fv__fail(
            ctx, FV_BAD_INPUT,
            "an image of %lldx%lld pixels (width x height) has no corners for ten views: "
            "the network takes all of it at %lldx%lld; its `input` line has to cut, as "
            "in resize 256 crop 224, or take views=flip",
            (long long)p->width, (long long)p->height, (long long)r.w3, (long long)r.h3);
    move->warp = warp;
    if (r.w2 < r.w1 || r.h2 < r.h1) {
        warp->corner = corner + 1;
        return FV_OK;
    }
    warp->cut = true;
    warp->width = most_of(p->width);
    warp->height = most_of(p->height);
    warp->x = fv__corner(corner, 0, p->width - warp->width);
    warp->y = fv__corner(corner, 1, p->height - warp->height);
    return FV_OK;
}
