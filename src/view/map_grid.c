/* SPDX-License-Identifier: MIT */
/*
 * map_grid.c - maps of floats (filters, feature maps) and images of bytes (samples, mistakes) as
 * tiles.
 */
#include "view/mosaic.h"
#include <math.h>

typedef struct maps {
    const fv_grid *grid;
    float *range; /* of each: from, to; to <= from: nothing to tell apart */
} maps;

/* What is no number is shown as such and not as black or white. */
#define NOT_A_NUMBER 0xd4a017u

static unsigned gray_of(float v, float from, float to) {
    if (!(to > from)) return 0;
    double t = ((double)v - from) / ((double)to - from);
    return (unsigned)(255 * (t < 0 ? 0 : t > 1 ? 1 : t) + 0.5);
}

static fv_colour map_pixel(const void *source, int64_t i, int64_t y, int64_t x) {
    const maps *m = source;
    const fv_grid *g = m->grid;
    int64_t plane = g->h * g->w;
    const float *p = g->maps + i * g->channels * plane + y * g->w + x;
    float from = m->range[2 * i], to = m->range[2 * i + 1];
    for (int64_t k = 0; k < g->channels; k++)
        if (isnan(p[k * plane])) return NOT_A_NUMBER;
    if (g->channels == 3)
        return gray_of(p[0], from, to) << 16 | gray_of(p[plane], from, to) << 8 |
               gray_of(p[2 * plane], from, to);
    if (g->diverging) return fv__diverging(to > 0 ? (double)p[0] / to : 0);
    return gray_of(p[0], from, to) * 0x010101u;
}

/* Least and largest finite value of each map; for diverging ones the largest magnitude. */
static void ranges(const fv_grid *g, int64_t count, float *range) {
    int64_t size = g->channels * g->h * g->w;
    for (int64_t i = 0; i < count; i++) {
        float from = INFINITY, to = -INFINITY;
        for (int64_t j = 0; j < size; j++) {
            float v = g->maps[i * size + j];
            if (!isfinite(v)) continue;
            if (g->diverging) v = fabsf(v);
            if (v < from) from = v;
            if (v > to) to = v;
        }
        range[2 * i] = g->diverging ? 0 : from;
        range[2 * i + 1] = to;
    }
}

fv_status fv__draw_grid(fv_context *ctx, const fv_grid *grid, fv_canvas *out) {
    *out = (fv_canvas){0};
    int64_t elements;
    if (grid->count < 1 || grid->h < 1 || grid->w < 1 ||
        (grid->channels != 1 && grid->channels != 3) ||
        !fv__mul_i64(grid->count, grid->channels, &elements) ||
        !fv__mul_i64(elements, grid->h, &elements) || !fv__mul_i64(elements, grid->w, &elements))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "a grid needs at least one map, of 1 or 3 channels; it was given %lld of "
                        "%lld channels and %lld x %lld values",
                        (long long)grid->count, (long long)grid->channels, (long long)grid->h,
                        (long long)grid->w);
    size_t bytes;
    maps source = {.grid = grid};
    if (!fv__mul_size((size_t)grid->count, 2 * sizeof(float), &bytes))
        return fv__fail_memory(ctx, SIZE_MAX, "the ranges of maps");
    source.range = fv__alloc(ctx, bytes, "the ranges of maps");
    if (!source.range) return FV_EXHAUSTED;
    ranges(grid, grid->count, source.range);
    bool signs = grid->diverging && grid->channels == 1;
    fv_mosaic m = {.title = grid->title,
                   .note = signs ? "blue above zero, red below, white zero; each scaled on its own"
                                 : NULL,
                   .count = grid->count,
                   .columns = grid->columns,
                   .h = grid->h,
                   .w = grid->w,
                   .captions = grid->captions,
                   .caption_width = 90,
                   .pixel = map_pixel,
                   .source = &source};
    fv_status status = fv__draw_mosaic(ctx, &m, out);
    fv__free(source.range);
    return status;
}

static fv_colour byte_pixel(const void *source, int64_t i, int64_t y, int64_t x) {
    const fv_gallery *g = source;
    const uint8_t *p = g->images[i];
    if (!p) return 0xf4f5f7u;
    int64_t plane = g->interleaved ? 1 : g->h * g->w;
    p += (y * g->w + x) * (g->interleaved ? g->channels : 1);
    if (g->channels == 1) return p[0] * 0x010101u;
    return (fv_colour)p[0] << 16 | (fv_colour)p[plane] << 8 | p[2 * plane];
}

fv_mosaic fv__gallery_mosaic(const fv_gallery *gallery) {
    return (fv_mosaic){.title = gallery->title,
                       .count = gallery->count,
                       .columns = gallery->columns,
                       .h = gallery->h,
                       .w = gallery->w,
                       .captions = gallery->captions,
                       .caption_width = 150,
                       .pixel = byte_pixel,
                       .source = gallery};
}

fv_status fv__draw_gallery(fv_context *ctx, const fv_gallery *gallery, fv_canvas *out) {
    *out = (fv_canvas){0};
    if (gallery->channels != 1 && gallery->channels != 3)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "images of 1 channel (gray) or 3 (RGB) can be drawn, not of %lld",
                        (long long)gallery->channels);
    const fv_mosaic m = fv__gallery_mosaic(gallery);
    return fv__draw_mosaic(ctx, &m, out);
}
