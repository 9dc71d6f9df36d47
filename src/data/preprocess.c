/* SPDX-License-Identifier: MIT */
/*
 * preprocess.c - from an image to a network's input, in the order net/settings.h states: resize,
 * crop, fit, pad, colour, (v*scale - mean)/std.
 *
 * An image that has its size already goes through a table of 256 numbers per channel. Any other is
 * resized (resize.c). Gray from colour is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). A crop that
 * leaves an odd number of pixels begins where torchvision's does: at half of it, rounded to even.
 */
#include "data/preprocess.h"
#include "data/image_format.h"
#include "data/resize.h"
#include <stdio.h>
#include <math.h>
#include <string.h>

static double of_channel(const fv_reals *r, int c, double otherwise) {
    if (r->count == 0) return otherwise;
    return r->v[r->count == 1 ? 0 : c];
}

static float level(const fv_input *input, int c, int v) {
    return (float)((v * input->scale - of_channel(&input->mean, c, 0)) /
                   of_channel(&input->std, c, 1));
}

void fv__levels(const fv_input *input, fv_levels *out) {
    for (int c = 0; c < 3 && c < input->channels; c++)
        for (int v = 0; v < 256; v++) out->of[c][v] = level(input, c, v);
}

/* --- what fits ------------------------------------------------------------------------------ */

static fv_status check_reals(fv_context *ctx, const char *what, const fv_reals *r,
                             int64_t channels) {
    if (r->count <= 1 || r->count == channels) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "input: %s has %d numbers; give one, or one for each of the %lld channels",
                    what, r->count, (long long)channels);
}

fv_status fv__input_check(fv_context *ctx, const fv_input *input) {
    if (input->pad < 0 || input->height <= 2 * input->pad || input->width <= 2 * input->pad)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the network's input of %lldx%lld leaves no room for an image between its "
                        "pad of %lld on each side",
                        (long long)input->height, (long long)input->width, (long long)input->pad);
    FV_TRY(check_reals(ctx, "mean", &input->mean, input->channels));
    return check_reals(ctx, "std", &input->std, input->channels);
}

fv_status fv__input_takes(fv_context *ctx, const fv_input *input, fv_dtype dtype,
                          int64_t channels) {
    bool colours = input->channels == 1 || input->channels == 3;
    if (channels == input->channels && (colours || dtype == FV_F32)) return FV_OK;
    if (colours && (channels == 1 || channels == 3)) return FV_OK;
    char habit[96] = ""; /* height x width x channels */
    if (input->width == 1 || input->width == 3)
        snprintf(habit, sizeof habit, "; channels come first: input %lldx%lldx%lld",
                 (long long)input->width, (long long)input->channels, (long long)input->height);
    if (dtype == FV_U8 && (channels == 1 || channels == 3))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the network's input has %lld channels, and images have 1 (gray) or 3 "
                        "(colour)%s",
                        (long long)input->channels, habit);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "the network's input has %lld channels, and the images have %lld",
                    (long long)input->channels, (long long)channels);
}

/* --- the way through resize and crop -------------------------------------------------------- */

static int64_t scaled(int64_t side, int64_t to, int64_t shorter) {
    /* Rounded down, at least 1; in double because a side times a size may not fit. */
    double v = floor((double)side * (double)to / (double)shorter);
    return v < 1 ? 1 : (int64_t)v;
}

/* Half of what a crop leaves over, before it: torchvision's int(round(rest / 2.0)), and Python
   rounds halves to even: 1 -> 0, 3 -> 2, 5 -> 2, 7 -> 4. */
static int64_t before_crop(int64_t rest) {
    int64_t half = rest / 2;
    return rest % 2 ? half + half % 2 : half;
}

fv_route fv__route(const fv_input *in, int64_t width, int64_t height) {
    fv_route r = {.width = width, .height = height, .w1 = width, .h1 = height};
    r.w3 = in->width - 2 * in->pad;
    r.h3 = in->height - 2 * in->pad;
    if (in->resize > 0) {
        int64_t shorter = width < height ? width : height;
        r.w1 = width == shorter ? in->resize : scaled(width, in->resize, shorter);
        r.h1 = height == shorter ? in->resize : scaled(height, in->resize, shorter);
    }
    r.w2 = in->crop.w > 0 && in->crop.w < r.w1 ? in->crop.w : r.w1;
    r.h2 = in->crop.h > 0 && in->crop.h < r.h1 ? in->crop.h : r.h1;
    r.x0 = before_crop(r.w1 - r.w2);
    r.y0 = before_crop(r.h1 - r.h2);
    return r;
}

static bool is_direct(const fv_route *r) {
    return r->w1 == r->width && r->h1 == r->height && r->w2 == r->w3 && r->h2 == r->h3 &&
           r->w2 == r->width && r->h2 == r->height;
}

bool fv__fits_as_is(const fv_input *input, int64_t width, int64_t height) {
    fv_route r = fv__route(input, width, height);
    return is_direct(&r);
}

/* A long, narrow image grows with its shorter side: what is cut out of it must fit into memory. */
static fv_status check_route(fv_context *ctx, const fv_input *in, const fv_route *r) {
    int64_t pixels;
    if (fv__mul_i64(r->w2, r->h2, &pixels) && pixels <= FV_IMAGE_PIXELS) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "an image of %lldx%lld pixels (width x height) would be %lldx%lld with its "
                    "shorter side resized to %lld; at most %lld pixels are made: cut it first",
                    (long long)r->width, (long long)r->height, (long long)r->w1, (long long)r->h1,
                    (long long)in->resize, (long long)FV_IMAGE_PIXELS);
}

/* An input that changes no size. */
static fv_input as_large(const fv_input *in, int64_t width, int64_t height, int64_t pad) {
    fv_input out = *in;
    out.width = width;
    out.height = height;
    out.pad = pad;
    out.resize = 0;
    out.crop = (fv_size){0, 0};
    return out;
}

fv_input fv__input_met(const fv_input *in, const fv_image_view *p) {
    if (p->dtype == FV_F32 && p->width == in->width && p->height == in->height)
        return as_large(in, in->width, in->height, 0);
    return *in;
}

fv_status fv__input_own_size(fv_context *ctx, const fv_input *in, const fv_image_view *p,
                             fv_input *out) {
    if (p->dtype == FV_F32) {
        *out = as_large(in, p->width, p->height, 0);
        return FV_OK;
    }
    fv_route r = fv__route(in, p->width, p->height);
    FV_TRY(check_route(ctx, in, &r));
    *out = *in;
    out->width = r.w2 + 2 * in->pad;
    out->height = r.h2 + 2 * in->pad;
    return FV_OK;
}

/* Channel c of the image, resized and cut as the route says, into `out` (w3*h3). */
static fv_status one_plane(fv_context *ctx, const fv_image_view *p, int c, const fv_route *r,
                           float *out) {
    if (r->w2 == r->w3 && r->h2 == r->h3)
        return fv__resize_plane(ctx, p, c, r->w1, r->h1, r->x0, r->y0, r->w2, r->h2, out);
    if (r->w1 == p->width && r->h1 == p->height) {
        /* Not resized before: the crop is a window into the image itself. */
        fv_image_view cut = *p;
        int64_t skip = r->y0 * p->row + r->x0 * p->column;
        cut.data = p->dtype == FV_U8 ? (const void *)((const uint8_t *)p->data + skip)
                                     : (const void *)((const float *)p->data + skip);
        cut.width = r->w2;
        cut.height = r->h2;
        return fv__resize_plane(ctx, &cut, c, r->w3, r->h3, 0, 0, r->w3, r->h3, out);
    }
    float *cut = fv__alloc(ctx, (size_t)(r->w2 * r->h2) * sizeof(float), "resizing an image");
    if (!cut) return FV_EXHAUSTED;
    fv_status status = fv__resize_plane(ctx, p, c, r->w1, r->h1, r->x0, r->y0, r->w2, r->h2, cut);
    fv_image_view from = {cut, FV_F32, r->w2, r->h2, 1, r->w2, 1, 0};
    if (status == FV_OK)
        status = fv__resize_plane(ctx, &from, 0, r->w3, r->h3, 0, 0, r->w3, r->h3, out);
    fv__free(cut);
    return status;
}

/* --- rows into their frame ------------------------------------------------------------------ */

/* What a channel's values go through, and what the bare part of the frame holds: byte 0. */
typedef struct tone {
    double scale, mean, std;
    float bare;
} tone;

static tone tone_of(const fv_input *in, const fv_image_view *p, int c) {
    float bare = level(in, c, 0);
    if (p->dtype == FV_F32) return (tone){1, 0, 1, bare};
    return (tone){in->scale, of_channel(&in->mean, c, 0), of_channel(&in->std, c, 1), bare};
}

/* Which channel of the image becomes channel c of the input. */
static int source_channel(const fv_input *in, const fv_image_view *p, int c) {
    if (p->channels == 1) return 0;
    return p->dtype == FV_U8 && in->order == 1 ? (int)in->channels - 1 - c : c;
}

/* Puts w columns of a row at `at` in its frame, perhaps mirrored. */
static void frame_floats(const float *from, int64_t step, int64_t w, int64_t at, bool flip,
                         const tone *t, float *to, int64_t width) {
    for (int64_t x = 0; x < width; x++) {
        int64_t i = x - at;
        to[x] = i < 0 || i >= w
                    ? t->bare
                    : (float)((from[(flip ? w - 1 - i : i) * step] * t->scale - t->mean) / t->std);
    }
}

/* One row of bytes through the table. */
static inline void frame_bytes(const uint8_t *from, int64_t step, int64_t w, int64_t at, bool flip,
                               const float *restrict levels, float *restrict to, int64_t width) {
    int64_t low = at < 0 ? 0 : at > width ? width : at;
    int64_t high = at + w > width ? width : at + w < low ? low : at + w;
    for (int64_t x = 0; x < low; x++) to[x] = levels[0];
    if (flip)
        for (int64_t x = low; x < high; x++) to[x] = levels[from[(w - 1 - (x - at)) * step]];
    else if (step == 1)
        for (int64_t x = low; x < high; x++) to[x] = levels[from[x - at]];
    else
        for (int64_t x = low; x < high; x++) to[x] = levels[from[(x - at) * step]];
    for (int64_t x = high; x < width; x++) to[x] = levels[0];
}

/* The image's channels in the size of the window; what a map leaves bare is as byte 0. `memory`: as
   fv__warp_planes wants it. */
static fv_status all_planes(fv_context *ctx, const fv_input *in, const fv_image_view *p,
                            const fv_route *r, const fv_warp *warp, float *memory, float *planes) {
    const int64_t n = r->w3 * r->h3;
    if (!warp || !warp->bent) {
        for (int c = 0; c < p->channels; c++) FV_TRY(one_plane(ctx, p, c, r, planes + c * n));
        return FV_OK;
    }
    for (int64_t i = 0; p->dtype == FV_F32 && i < n * p->channels; i++)
        planes[i] = level(in, (int)(i / n), 0);
    fv__warp_planes(p, r, warp, memory, planes);
    return FV_OK;
}

/* Through floats: any size, any colour. */
static fv_status slow(fv_context *ctx, const fv_input *in, const fv_image_view *p,
                      const fv_route *r, const fv_move *m, float *out) {
    int64_t n = r->w3 * r->h3;
    const size_t more = m->warp && m->warp->bent ? fv__warp_floats(r, m->warp) : 0;
    FV_TRY(check_route(ctx, in, r));
    float *planes =
        fv__alloc(ctx, ((size_t)(n * p->channels) + more) * sizeof(float), "preprocessing");
    if (!planes) return FV_EXHAUSTED;
    fv_status status = all_planes(ctx, in, p, r, m->warp, planes + n * p->channels, planes);
    if (status == FV_OK && m->tint) fv__tint(m->tint, planes, n, p->channels);
    if (status == FV_OK && p->channels == 3 && in->channels == 1)
        for (int64_t i = 0; i < n; i++)
            planes[i] = 0.299f * planes[i] + 0.587f * planes[n + i] + 0.114f * planes[2 * n + i];
    for (int c = 0; c < in->channels && status == FV_OK; c++) {
        int k = in->channels == 1 ? 0 : source_channel(in, p, c);
        tone t = tone_of(in, p, c);
        for (int64_t y = 0; y < in->height; y++) {
            int64_t row = y - in->pad - m->dy;
            bool inside = row >= 0 && row < r->h3;
            frame_floats(planes + k * n + (inside ? row * r->w3 : 0), 1, inside ? r->w3 : 0,
                         in->pad + m->dx, m->flip, &t, out + (c * in->height + y) * in->width,
                         in->width);
        }
    }
    fv__free(planes);
    return status;
}

/* As it is, row by row. */
static void direct(const fv_input *in, const fv_levels *levels, const fv_image_view *p,
                   const fv_move *m, float *out) {
    for (int c = 0; c < in->channels; c++) {
        int64_t plane = source_channel(in, p, c) * p->plane;
        tone t = tone_of(in, p, c);
        for (int64_t y = 0; y < in->height; y++) {
            int64_t row = y - in->pad - m->dy;
            bool inside = row >= 0 && row < p->height;
            int64_t from = plane + (inside ? row * p->row : 0), w = inside ? p->width : 0;
            float *to = out + (c * in->height + y) * in->width;
            if (p->dtype == FV_U8)
                frame_bytes((const uint8_t *)p->data + from, p->column, w, in->pad + m->dx, m->flip,
                            levels->of[c], to, in->width);
            else
                frame_floats((const float *)p->data + from, p->column, w, in->pad + m->dx, m->flip,
                             &t, to, in->width);
        }
    }
}

fv_status fv__preprocess_view(fv_context *ctx, const fv_input *input, const fv_levels *levels,
                              const fv_image_view *p, const fv_move *m, float *out) {
    FV_TRY(fv__input_takes(ctx, input, p->dtype, p->channels));
    fv_input in = fv__input_met(input, p);
    fv_route r = fv__route(&in, p->width, p->height);
    bool to_gray = p->channels == 3 && in.channels == 1;
    r = fv__warp_route(&r, m->warp);
    if (to_gray || !is_direct(&r) || m->tint || (m->warp && m->warp->bent))
        return slow(ctx, &in, p, &r, m, out);
    direct(&in, levels, p, m, out);
    return FV_OK;
}

fv_status fv__preprocess(fv_context *ctx, const fv_input *input, const fv_image *p, float *out) {
    fv_levels levels;
    fv_image_view view = fv__image_view(p);
    fv_move still = {0};
    FV_TRY(fv__input_check(ctx, input));
    fv__levels(input, &levels);
    return fv__preprocess_view(ctx, input, &levels, &view, &still, out);
}
