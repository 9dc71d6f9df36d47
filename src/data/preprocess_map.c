/* SPDX-License-Identifier: MIT */
/*
 * preprocess_map.c - the map of classes of an image, moved as preprocess.c moves the image: every
 * pixel takes the class of the nearest one.
 */
#include "data/preprocess.h"
#include <math.h>

/* Which pixel of the image's side meets pixel u of the input's side without pad: back through fit,
   crop and resize, centres on centres. */
static int64_t nearest(int64_t u, int64_t w3, int64_t w2, int64_t x0, int64_t w1, int64_t width) {
    double at = ((double)u + 0.5) * (double)w2 / (double)w3 + (double)x0;
    int64_t i = (int64_t)floor(at * (double)width / (double)w1);
    return i < 0 ? 0 : i >= width ? width - 1 : i;
}

static void map_row(const fv_target *map, int64_t from, const int64_t *column, int64_t width,
                    int32_t ignored, int32_t *to) {
    for (int64_t x = 0; x < width; x++) {
        if (column[x] < 0)
            to[x] = ignored;
        else if (map->dtype == FV_U8)
            to[x] = ((const uint8_t *)map->data)[from + column[x]];
        else
            to[x] = ((const int32_t *)map->data)[from + column[x]];
    }
}

/* Pixel by pixel, through a map that bends. */
static void bent_row(const fv_route *r, const fv_target *map, const fv_warp *warp,
                     const int64_t *column, int64_t width, int64_t v, int32_t ignored,
                     int32_t *to) {
    for (int64_t x = 0; x < width; x++) {
        double at[2];
        int64_t one = -1;
        if (column[x] >= 0 && fv__warp_at(r, warp, column[x], v, at)) one = (int64_t)at[0];
        map_row(map, one < 0 ? 0 : (int64_t)at[1] * r->width, &one, 1, ignored, to + x);
    }
}

fv_status fv__preprocess_map(fv_context *ctx, const fv_input *in, const fv_target *map,
                             const fv_move *m, int32_t ignored, int32_t *out) {
    fv_route r = fv__route(in, map->shape.dim[1], map->shape.dim[0]);
    const bool bent = m->warp && m->warp->bent;
    r = fv__warp_route(&r, m->warp);
    int64_t *column = fv__alloc(ctx, (size_t)in->width * sizeof *column, "preprocessing a map");
    if (!column) return FV_EXHAUSTED;
    for (int64_t x = 0; x < in->width; x++) {
        int64_t u = x - in->pad - m->dx;
        bool inside = u >= 0 && u < r.w3;
        if (m->flip) u = r.w3 - 1 - u;
        if (inside && !bent) u = nearest(u, r.w3, r.w2, r.x0, r.w1, r.width);
        column[x] = inside ? u : -1;
    }
    for (int64_t y = 0; y < in->height; y++) {
        int64_t v = y - in->pad - m->dy;
        int32_t *to = out + y * in->width;
        if (bent && v >= 0 && v < r.h3)
            bent_row(&r, map, m->warp, column, in->width, v, ignored, to);
        else if (v >= 0 && v < r.h3)
            map_row(map, nearest(v, r.h3, r.h2, r.y0, r.h1, r.height) * r.width, column, in->width,
                    ignored, to);
        else
            for (int64_t x = 0; x < in->width; x++) to[x] = ignored;
    }
    fv__free(column);
    return FV_OK;
}
