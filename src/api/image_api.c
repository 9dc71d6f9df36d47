/* SPDX-License-Identifier: MIT */
/*
 * image_api.c - public: image files, pixels, and what a model takes in.
 */
#include "api/given.h"
#include "data/views.h"
#include "format/model.h"

#define IN_MEMORY "the image in memory"
#define SIDE_MAX  ((int64_t)1 << 20) /* pixels; also keeps every product below 2^63 */

/* A decoded image handed out. */
static fv_status hand_out(fv_context *ctx, fv_image *decoded, fv_image **out) {
    *out = fv__alloc(ctx, sizeof **out, "an image");
    if (*out)
        **out = *decoded;
    else
        fv__image_free(decoded);
    return *out ? FV_OK : FV_EXHAUSTED;
}

fv_status fv_image_read(fv_context *ctx, const char *path, fv_image **out) {
    fv_image decoded;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, path);
    FV_TRY(fv__image_read(ctx, path, &decoded));
    return hand_out(ctx, &decoded, out);
}

fv_status fv_image_decode(fv_context *ctx, const char *name, const void *data, size_t size,
                          fv_image **out) {
    fv_image decoded;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, data);
    FV_TRY(fv__image_decode(ctx, name ? name : IN_MEMORY, data, size, &decoded));
    return hand_out(ctx, &decoded, out);
}

void fv_image_free(fv_image *image) {
    if (!image) return;
    fv__image_free(image);
    fv__free(image);
}

fv_status fv_model_read_image(fv_context *ctx, const fv_model *model, const char *path,
                              float *dst) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, model);
    FV_NEED(ctx, path);
    FV_NEED(ctx, dst);
    fv_image image;
    FV_TRY(fv__image_read(ctx, path, &image));
    fv_status status = fv__preprocess(ctx, &model->net.graph->input, &image, dst);
    fv__image_free(&image);
    return status;
}

fv_status fv_model_decode_image(fv_context *ctx, const fv_model *model, const void *data,
                                size_t size, float *dst) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, model);
    FV_NEED(ctx, data);
    FV_NEED(ctx, dst);
    fv_image image;
    FV_TRY(fv__image_decode(ctx, IN_MEMORY, data, size, &image));
    fv_status status = fv__preprocess(ctx, &model->net.graph->input, &image, dst);
    fv__image_free(&image);
    return status;
}

/* Red, green, blue, alpha over white: c * a + 255 * (1 - a), rounded. */
static void over_white(const uint8_t *rgba, int64_t count, uint8_t *rgb) {
    for (int64_t i = 0; i < count; i++) {
        unsigned a = rgba[4 * i + 3];
        for (int c = 0; c < 3; c++)
            rgb[3 * i + c] = (uint8_t)((rgba[4 * i + c] * a + 255 * (255 - a) + 127) / 255);
    }
}

/* A view of the image as the input takes it. */
static fv_status see(fv_context *ctx, const fv_input *input, const fv_image *image, fv_views views,
                     int view, float *dst) {
    const fv_image_view p = fv__image_view(image);
    fv_levels levels;
    fv_warp warp;
    fv_move move;
    FV_TRY(fv__input_check(ctx, input));
    FV_TRY(fv__view_of(ctx, input, &p, views, view, &warp, &move));
    fv__levels(input, &levels);
    return fv__preprocess_view(ctx, input, &levels, &p, &move, dst);
}

fv_status fv_model_take_view(fv_context *ctx, const fv_model *model, const uint8_t *pixels,
                             int64_t width, int64_t height, int channels, fv_views views, int view,
                             float *dst) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, model);
    FV_NEED(ctx, pixels);
    FV_NEED(ctx, dst);
    if (width < 1 || height < 1 || width > SIDE_MAX || height > SIDE_MAX)
        return fv__fail(ctx, FV_USAGE, "an image of %lld x %lld pixels: sides are 1 to %lld",
                        (long long)width, (long long)height, (long long)SIDE_MAX);
    if (channels != 1 && channels != 3 && channels != 4)
        return fv__fail(ctx, FV_USAGE,
                        "pixels have 1 (gray), 3 (red, green, blue) or 4 (and alpha) channels, "
                        "not %d",
                        channels);
    if (view < 0 || view >= fv_views_count(views))
        return fv__fail(ctx, FV_USAGE, "there is no view %d of %d", view, fv_views_count(views));
    /* The image is only read; the cast takes the const away for the struct. */
    fv_image image = {width, height, channels, (uint8_t *)(uintptr_t)pixels};
    uint8_t *rgb = NULL;
    if (channels == 4) {
        size_t bytes;
        if (!fv__mul_size((size_t)width, 3 * (size_t)height, &bytes)) bytes = SIZE_MAX / 2;
        rgb = fv__alloc(ctx, bytes, "an image without alpha");
        if (!rgb) return FV_EXHAUSTED;
        over_white(pixels, width * height, rgb);
        image.channels = 3;
        image.pixels = rgb;
    }
    fv_status status = see(ctx, &model->net.graph->input, &image, views, view, dst);
    fv__free(rgb);
    return status;
}

fv_status fv_model_take_pixels(fv_context *ctx, const fv_model *model, const uint8_t *pixels,
                               int64_t width, int64_t height, int channels, float *dst) {
    return fv_model_take_view(ctx, model, pixels, width, height, channels, FV_VIEWS_ONE, 0, dst);
}
