/* SPDX-License-Identifier: MIT */
/*
 * resize.c - the triangle filter ("bilinear"), widened when an image shrinks so that every pixel of
 * it counts, as Pillow and torchvision do it.
 */
#include "data/resize.h"
#include <math.h>

/* For each of `count` outputs: which inputs, and their weights (`most` places each). */
typedef struct taps {
    int64_t most;
    int64_t *first, *used;
    float *weight;
} taps;

static int64_t taps_most(int64_t from, int64_t to) {
    double ratio = (double)from / (double)to;
    return 2 * (int64_t)ceil(ratio > 1 ? ratio : 1) + 1;
}

/* Output j of `to` looks at from/to * (j + 0.5) with a triangle of half-width max(1, from/to). */
static void fill_taps(taps *t, int64_t from, int64_t to, int64_t start, int64_t count) {
    double ratio = (double)from / (double)to, reach = ratio > 1 ? ratio : 1;
    for (int64_t j = 0; j < count; j++) {
        double centre = ((double)(j + start) + 0.5) * ratio;
        int64_t low = (int64_t)floor(centre - reach + 0.5),
                high = (int64_t)floor(centre + reach + 0.5);
        if (low < 0) low = 0;
        if (high > from) high = from;
        float *w = t->weight + j * t->most;
        double sum = 0;
        for (int64_t i = low; i < high; i++)
            sum += fmax(0, 1 - fabs((double)i + 0.5 - centre) / reach);
        for (int64_t i = low; i < high; i++)
            w[i - low] = (float)(fmax(0, 1 - fabs((double)i + 0.5 - centre) / reach) / sum);
        t->first[j] = low;
        t->used[j] = high - low;
    }
}

static fv_status new_taps(fv_context *ctx, taps *t, int64_t from, int64_t to, int64_t start,
                          int64_t count) {
    t->most = taps_most(from, to);
    t->first = fv__alloc(ctx, (size_t)count * 2 * sizeof(int64_t), "resizing an image");
    t->weight = fv__alloc(ctx, (size_t)(count * t->most) * sizeof(float), "resizing an image");
    if (!t->first || !t->weight) return FV_EXHAUSTED;
    t->used = t->first + count;
    fill_taps(t, from, to, start, count);
    return FV_OK;
}

static void free_taps(taps *t) {
    fv__free(t->first);
    fv__free(t->weight);
}

static void read_row(const fv_image_view *p, int c, int64_t y, float *out) {
    int64_t at = y * p->row + c * p->plane;
    if (p->dtype == FV_U8) {
        const uint8_t *from = (const uint8_t *)p->data + at;
        for (int64_t x = 0; x < p->width; x++) out[x] = (float)from[x * p->column];
    } else {
        const float *from = (const float *)p->data + at;
        for (int64_t x = 0; x < p->width; x++) out[x] = from[x * p->column];
    }
}

static void narrow_row(const taps *t, const float *from, int64_t w, float *out) {
    for (int64_t x = 0; x < w; x++) {
        const float *weight = t->weight + x * t->most, *at = from + t->first[x];
        float sum = 0;
        for (int64_t i = 0; i < t->used[x]; i++) sum += weight[i] * at[i];
        out[x] = sum;
    }
}

/* Every row that counts is read once, narrowed, and added to the rows of `out` that look at it:
   theirs are `low` … `high`-1, and both only grow on the way down. */
static void pass(const fv_image_view *p, int c, const taps *tx, const taps *ty, int64_t w,
                 int64_t h, float *line, float *narrow, float *out) {
    int64_t low = 0, high = 0, last = ty->first[h - 1] + ty->used[h - 1];
    for (int64_t k = 0; k < w * h; k++) out[k] = 0;
    for (int64_t y = ty->first[0]; y < last; y++) {
        while (high < h && ty->first[high] <= y) high++;
        while (ty->first[low] + ty->used[low] <= y) low++;
        read_row(p, c, y, line);
        narrow_row(tx, line, w, narrow);
        for (int64_t j = low; j < high; j++) {
            float weight = ty->weight[j * ty->most + y - ty->first[j]], *to = out + j * w;
            for (int64_t x = 0; x < w; x++) to[x] += weight * narrow[x];
        }
    }
}

fv_status fv__resize_plane(fv_context *ctx, const fv_image_view *p, int c, int64_t w1, int64_t h1,
                           int64_t x0, int64_t y0, int64_t w, int64_t h, float *out) {
    taps tx = {0}, ty = {0};
    float *line = NULL;
    fv_status status = FV_OK;
    FV_GO(new_taps(ctx, &tx, p->width, w1, x0, w));
    FV_GO(new_taps(ctx, &ty, p->height, h1, y0, h));
    line = fv__alloc(ctx, (size_t)(p->width + w) * sizeof(float), "resizing an image");
    if (!line) FV_GO(FV_EXHAUSTED);
    pass(p, c, &tx, &ty, w, h, line, line + p->width, out);
done:
    fv__free(line);
    free_taps(&tx);
    free_taps(&ty);
    return status;
}
