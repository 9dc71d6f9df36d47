/* SPDX-License-Identifier: MIT */
/*
 * picture.c - public: from a picture file, or pixels, to what a model takes in.
 */
#include "api/check.h"
#include "data/data.h"
#include "format/model.h"

#define SIDE_MAX ((int64_t)1 << 20) /* pixels; also keeps every product below 2^63 */

fv_status fv_model_read_picture(fv_context *ctx, const fv_model *model, const char *path,
                                float *dst) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, model);
    FV_NEED(ctx, path);
    FV_NEED(ctx, dst);
    fv_image picture;
    FV_TRY(fv__image_read(ctx, path, &picture));
    fv_status status = fv__preprocess(ctx, &model->net->input, &picture, dst);
    fv__image_free(&picture);
    return status;
}

fv_status fv_model_decode_picture(fv_context *ctx, const fv_model *model, const void *data,
                                  size_t size, float *dst) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, model);
    FV_NEED(ctx, data);
    FV_NEED(ctx, dst);
    fv_image picture;
    FV_TRY(fv__image_decode(ctx, "the picture in memory", data, size, &picture));
    fv_status status = fv__preprocess(ctx, &model->net->input, &picture, dst);
    fv__image_free(&picture);
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

fv_status fv_model_take_pixels(fv_context *ctx, const fv_model *model, const uint8_t *pixels,
                               int64_t width, int64_t height, int channels, float *dst) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, model);
    FV_NEED(ctx, pixels);
    FV_NEED(ctx, dst);
    if (width < 1 || height < 1 || width > SIDE_MAX || height > SIDE_MAX)
        return fv__fail(ctx, FV_USAGE, "a picture of %lld x %lld pixels: sides are 1 to %lld",
                        (long long)width, (long long)height, (long long)SIDE_MAX);
    if (channels != 1 && channels != 3 && channels != 4)
        return fv__fail(ctx, FV_USAGE,
                        "pixels have 1 (gray), 3 (red, green, blue) or 4 (and alpha) channels, "
                        "not %d",
                        channels);
    /* The picture is only read; the cast takes the const away for the struct. */
    fv_image picture = {width, height, channels, (uint8_t *)(uintptr_t)pixels};
    uint8_t *rgb = NULL;
    if (channels == 4) {
        size_t bytes;
        if (!fv__mul_size((size_t)width, 3 * (size_t)height, &bytes)) bytes = SIZE_MAX / 2;
        rgb = fv__alloc(ctx, bytes, "a picture without alpha");
        if (!rgb) return FV_EXHAUSTED;
        over_white(pixels, width * height, rgb);
        picture.channels = 3;
        picture.pixels = rgb;
    }
    fv_status status = fv__preprocess(ctx, &model->net->input, &picture, dst);
    fv__free(rgb);
    return status;
}
