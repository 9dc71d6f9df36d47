/* SPDX-License-Identifier: MIT */
/*
 * preprocess.c - from a decoded picture to a network's input, in the order net/settings.h states:
 * resize, crop, fit, pad, colour, (v*scale - mean)/std.
 *
 * A picture that has its size already goes through a table of 256 numbers per channel. Any other is
 * resized with the triangle filter ("bilinear"), widened when it shrinks so that every pixel of the
 * picture counts - as Pillow and torchvision do it. Gray from colour is 0.299 R + 0.587 G + 0.114 B
 * (ITU-R BT.601).
 */
#include "data/preprocess.h"
#include <math.h>

static double of_channel(const fv_reals *r, int c, double otherwise) {
    if (r->count == 0) return otherwise;
    return r->v[r->count == 1 ? 0 : c];
}

void fv__levels(const fv_input *input, fv_levels *out) {
    for (int c = 0; c < 3 && c < input->channels; c++) {
        double mean = of_channel(&input->mean, c, 0), std = of_channel(&input->std, c, 1);
        for (int v = 0; v < 256; v++) out->of[c][v] = (float)((v * input->scale - mean) / std);
    }
}

static fv_status check_reals(fv_context *ctx, const char *what, const fv_reals *r,
                             int64_t channels) {
    if (r->count <= 1 || r->count == channels) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "input: %s has %d numbers; give one, or one for each of the %lld channels",
                    what, r->count, (long long)channels);
}

fv_status fv__input_check(fv_context *ctx, const fv_input *input) {
    if (input->channels != 1 && input->channels != 3)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the network's input has %lld channels, and pictures have 1 (gray) or 3 "
                        "(colour)",
                        (long long)input->channels);
    if (input->pad < 0 || input->height <= 2 * input->pad || input->width <= 2 * input->pad)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the network's input of %lldx%lld leaves no room for a picture between its "
                        "pad of %lld on each side",
                        (long long)input->height, (long long)input->width, (long long)input->pad);
    FV_TRY(check_reals(ctx, "mean", &input->mean, input->channels));
    return check_reals(ctx, "std", &input->std, input->channels);
}

/* Sizes of the picture on its way: after resize, the part cut out, and what the input takes. */
typedef struct route {
    int64_t w1, h1; /* the whole picture resized */
    int64_t x0, y0; /* of the crop */
    int64_t w2, h2; /* after the crop */
    int64_t w3, h3; /* the input without pad */
} route;

static int64_t scaled(int64_t side, int64_t to, int64_t shorter) {
    /* Rounded down, at least 1; in double because a side times a size may not fit. */
    double v = floor((double)side * (double)to / (double)shorter);
    return v < 1 ? 1 : (int64_t)v;
}

static route plan_route(const fv_input *in, int64_t width, int64_t height) {
    route r = {.w1 = width, .h1 = height};
    r.w3 = in->width - 2 * in->pad;
    r.h3 = in->height - 2 * in->pad;
    if (in->resize > 0) {
        int64_t shorter = width < height ? width : height;
        r.w1 = width == shorter ? in->resize : scaled(width, in->resize, shorter);
        r.h1 = height == shorter ? in->resize : scaled(height, in->resize, shorter);
    }
    r.w2 = in->crop.w > 0 && in->crop.w < r.w1 ? in->crop.w : r.w1;
    r.h2 = in->crop.h > 0 && in->crop.h < r.h1 ? in->crop.h : r.h1;
    r.x0 = (r.w1 - r.w2) / 2;
    r.y0 = (r.h1 - r.h2) / 2;
    return r;
}

bool fv__fits_as_is(const fv_input *input, int64_t width, int64_t height) {
    route r = plan_route(input, width, height);
    return r.w1 == width && r.h1 == height && r.w2 == r.w3 && r.h2 == r.h3 && r.w2 == width &&
           r.h2 == height;
}

/* One plane to read: bytes of a picture or floats of a step before. */
typedef struct plane {
    const uint8_t *bytes;
    const float *floats;
    int64_t width, height, row, column;
} plane;

static void read_row(const plane *p, int64_t y, float *out) {
    for (int64_t x = 0; x < p->width; x++)
        out[x] = p->bytes ? (float)p->bytes[y * p->row + x * p->column]
                          : p->floats[y * p->row + x * p->column];
}

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
    t->first = fv__alloc(ctx, (size_t)count * 2 * sizeof(int64_t), "resizing a picture");
    t->weight = fv__alloc(ctx, (size_t)(count * t->most) * sizeof(float), "resizing a picture");
    if (!t->first || !t->weight) return FV_EXHAUSTED;
    t->used = t->first + count;
    fill_taps(t, from, to, start, count);
    return FV_OK;
}

static void free_taps(taps *t) {
    fv__free(t->first);
    fv__free(t->weight);
}

/* Resizes a plane to w1 x h1 and cuts out w x h at (x0, y0); `out` is dense. Columns first, so that
   the rows between are short. */
static fv_status resize(fv_context *ctx, const plane *p, int64_t w1, int64_t h1, int64_t x0,
                        int64_t y0, int64_t w, int64_t h, float *out) {
    taps tx = {0}, ty = {0};
    float *line = NULL, *between = NULL;
    fv_status status = FV_OK;
    FV_GO(new_taps(ctx, &tx, p->width, w1, x0, w));
    FV_GO(new_taps(ctx, &ty, p->height, h1, y0, h));
    line = fv__alloc(ctx, (size_t)p->width * sizeof(float), "resizing a picture");
    between = fv__alloc(ctx, (size_t)(p->height * w) * sizeof(float), "resizing a picture");
    if (!line || !between) FV_GO(FV_EXHAUSTED);
    int64_t first = ty.first[0], last = ty.first[h - 1] + ty.used[h - 1];
    for (int64_t y = first; y < last; y++) {
        read_row(p, y, line);
        for (int64_t x = 0; x < w; x++) {
            const float *weight = tx.weight + x * tx.most, *from = line + tx.first[x];
            float sum = 0;
            for (int64_t i = 0; i < tx.used[x]; i++) sum += weight[i] * from[i];
            between[y * w + x] = sum;
        }
    }
    for (int64_t y = 0; y < h; y++) {
        float *to = out + y * w;
        for (int64_t x = 0; x < w; x++) to[x] = 0;
        for (int64_t i = 0; i < ty.used[y]; i++) {
            const float *from = between + (ty.first[y] + i) * w;
            float weight = ty.weight[y * ty.most + i];
            for (int64_t x = 0; x < w; x++) to[x] += weight * from[x];
        }
    }
done:
    fv__free(line);
    fv__free(between);
    free_taps(&tx);
    free_taps(&ty);
    return status;
}

/* Channel c of the picture, resized and cut as the route says, into `out` (w3*h3). */
static fv_status one_plane(fv_context *ctx, const fv_pixels *p, int c, const route *r, float *out) {
    plane from = {p->data + c * p->plane, NULL, p->width, p->height, p->row, p->column};
    if (r->w2 == r->w3 && r->h2 == r->h3)
        return resize(ctx, &from, r->w1, r->h1, r->x0, r->y0, r->w2, r->h2, out);
    float *cut = NULL;
    fv_status status = FV_OK;
    if (r->w1 != p->width || r->h1 != p->height) {
        cut = fv__alloc(ctx, (size_t)(r->w2 * r->h2) * sizeof(float), "resizing a picture");
        if (!cut) return FV_EXHAUSTED;
        status = resize(ctx, &from, r->w1, r->h1, r->x0, r->y0, r->w2, r->h2, cut);
        from = (plane){NULL, cut, r->w2, r->h2, r->w2, 1};
    } else {
        /* Not resized before: the crop is a window into the picture itself. */
        from.bytes += r->y0 * p->row + r->x0 * p->column;
        from.width = r->w2;
        from.height = r->h2;
    }
    if (status == FV_OK) status = resize(ctx, &from, r->w3, r->h3, 0, 0, r->w3, r->h3, out);
    fv__free(cut);
    return status;
}

/* What a channel's values go through, and what the bare part of the frame holds: byte 0. */
typedef struct tone {
    double scale, mean, std;
    float bare;
} tone;

/* Puts w columns of a row at `at` in its frame, perhaps mirrored. */
static void place_floats(const float *from, int64_t w, int64_t at, bool flip, const tone *t,
                         float *to, int64_t width) {
    for (int64_t x = 0; x < width; x++) {
        int64_t i = x - at;
        to[x] = i < 0 || i >= w
                    ? t->bare
                    : (float)((from[flip ? w - 1 - i : i] * t->scale - t->mean) / t->std);
    }
}

/* Through floats: any size, any colour. */
static fv_status slow(fv_context *ctx, const fv_input *in, const fv_levels *levels,
                      const fv_pixels *p, const fv_move *m, float *out) {
    route r = plan_route(in, p->width, p->height);
    int64_t n = r.w3 * r.h3;
    float *planes = fv__alloc(ctx, (size_t)(n * p->channels) * sizeof(float), "preprocessing");
    if (!planes) return FV_EXHAUSTED;
    fv_status status = FV_OK;
    for (int c = 0; c < p->channels && status == FV_OK; c++)
        status = one_plane(ctx, p, c, &r, planes + c * n);
    if (status == FV_OK && p->channels == 3 && in->channels == 1)
        for (int64_t i = 0; i < n; i++)
            planes[i] = 0.299f * planes[i] + 0.587f * planes[n + i] + 0.114f * planes[2 * n + i];
    for (int c = 0; c < in->channels && status == FV_OK; c++) {
        int k = in->order == 1 ? (int)in->channels - 1 - c : c;
        const float *from = planes + (p->channels == 3 && in->channels == 3 ? k : 0) * n;
        tone t = {in->scale, of_channel(&in->mean, c, 0), of_channel(&in->std, c, 1),
                  levels->of[c][0]};
        for (int64_t y = 0; y < in->height; y++) {
            int64_t row = y - in->pad - m->dy;
            bool inside = row >= 0 && row < r.h3;
            place_floats(from + (inside ? row * r.w3 : 0), inside ? r.w3 : 0, in->pad + m->dx,
                         m->flip, &t, out + (c * in->height + y) * in->width, in->width);
        }
    }
    fv__free(planes);
    return status;
}

/* One row through the table. */
static inline void place_bytes(const uint8_t *from, int64_t step, int64_t w, int64_t at, bool flip,
                               const float *restrict level, float *restrict to, int64_t width) {
    int64_t low = at < 0 ? 0 : at > width ? width : at;
    int64_t high = at + w > width ? width : at + w < low ? low : at + w;
    for (int64_t x = 0; x < low; x++) to[x] = level[0];
    if (flip)
        for (int64_t x = low; x < high; x++) to[x] = level[from[(w - 1 - (x - at)) * step]];
    else if (step == 1)
        for (int64_t x = low; x < high; x++) to[x] = level[from[x - at]];
    else
        for (int64_t x = low; x < high; x++) to[x] = level[from[(x - at) * step]];
    for (int64_t x = high; x < width; x++) to[x] = level[0];
}

fv_status fv__preprocess_pixels(fv_context *ctx, const fv_input *in, const fv_levels *levels,
                                const fv_pixels *p, const fv_move *m, float *out) {
    bool to_gray = p->channels == 3 && in->channels == 1;
    if (to_gray || !fv__fits_as_is(in, p->width, p->height))
        return slow(ctx, in, levels, p, m, out);
    for (int c = 0; c < in->channels; c++) {
        int k = p->channels == 1 ? 0 : in->order == 1 ? 2 - c : c;
        for (int64_t y = 0; y < in->height; y++) {
            int64_t row = y - in->pad - m->dy;
            bool inside = row >= 0 && row < p->height;
            place_bytes(p->data + k * p->plane + (inside ? row * p->row : 0), p->column,
                        inside ? p->width : 0, in->pad + m->dx, m->flip, levels->of[c],
                        out + (c * in->height + y) * in->width, in->width);
        }
    }
    return FV_OK;
}

fv_status fv__preprocess(fv_context *ctx, const fv_input *input, const fv_picture *p, float *out) {
    fv_levels levels;
    FV_TRY(fv__input_check(ctx, input));
    fv__levels(input, &levels);
    fv_pixels pixels = {p->pixels,   p->width, p->height, p->channels, p->width * p->channels,
                        p->channels, 1};
    fv_move still = {0};
    return fv__preprocess_pixels(ctx, input, &levels, &pixels, &still, out);
}
