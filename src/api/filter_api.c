/* SPDX-License-Identifier: MIT */
/*
 * filter_api.c - public: named kernels, and one kernel over an image or numbers.
 */
#include "api/blob.h"
#include "api/given.h"
#include "look/filter.h"
#include "look/kernels.h"

static int tell(const fv_kernel_facts *k, fv_kernel_facts *out) {
    if (!k || !k->name || !out) return 0;
    return fv__give_struct(NULL, __func__, k, sizeof *k, out) == FV_OK;
}

int fv_kernel_at(int i, fv_kernel_facts *out) {
    const fv_kernel_facts *k = fv__kernel_table;
    if (i < 0) return 0;
    while (k->name && i-- > 0) k++;
    return tell(k, out);
}

int fv_kernel_find(const char *name, fv_kernel_facts *out) {
    return tell(name ? fv__kernel_named(name) : NULL, out);
}

fv_status fv_kernel_make(fv_context *ctx, const char *what, int dimensions, double sigma,
                         fv_matrix **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, what);
    if (dimensions != 1 && dimensions != 2)
        return fv__fail(ctx, FV_USAGE, "a kernel has 1 or 2 dimensions, not %d", dimensions);
    return fv__kernel_make(ctx, what, dimensions, sigma, out);
}

static fv_status take(fv_context *ctx, const fv_filter_options *given, fv_filter_options *o) {
    FV_TAKE(ctx, given, *o);
    if ((unsigned)o->border > FV_BORDER_REFLECT || (unsigned)o->range > FV_RANGE_CENTRE)
        return fv__fail(ctx, FV_USAGE, "a filter's border is 0 to %d and its range 0 to %d",
                        (int)FV_BORDER_REFLECT, (int)FV_RANGE_CENTRE);
    return FV_OK;
}

fv_status fv_filter(fv_context *ctx, const fv_matrix *x, const fv_matrix *kernel,
                    const fv_filter_options *options, fv_matrix **out) {
    fv_filter_options o = {0};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, x);
    FV_NEED(ctx, kernel);
    FV_TRY(take(ctx, options, &o));
    return fv__filter(ctx, x, kernel, &o, out);
}

/* Pixels that are there, and sides whose product is a number of bytes. */
static fv_status check_image(fv_context *ctx, const fv_image *image) {
    const int64_t most = (int64_t)1 << 20;
    if (image->pixels && image->width >= 1 && image->height >= 1 && image->width <= most &&
        image->height <= most && (image->channels == 1 || image->channels == 3))
        return FV_OK;
    return fv__fail(ctx, FV_USAGE,
                    "an image has sides of 1 to %lld pixels and 1 or 3 channels; this one is "
                    "%lld x %lld with %d",
                    (long long)most, (long long)image->width, (long long)image->height,
                    image->channels);
}

static fv_status new_image(fv_context *ctx, const fv_image *like, fv_image **out) {
    fv_image *image = fv__alloc(ctx, sizeof *image, "an image");
    if (!image) return FV_EXHAUSTED;
    *image = *like;
    image->pixels =
        fv__alloc(ctx, (size_t)(like->width * like->height * like->channels), "an image");
    if (!image->pixels) {
        fv__free(image);
        return FV_EXHAUSTED;
    }
    *out = image;
    return FV_OK;
}

fv_status fv_filter_image(fv_context *ctx, const fv_image *image, const fv_matrix *kernel,
                          const fv_filter_options *options, fv_image **out) {
    fv_filter_options o = {0};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, image);
    FV_NEED(ctx, kernel);
    FV_TRY(take(ctx, options, &o));
    FV_TRY(check_image(ctx, image));
    FV_TRY(new_image(ctx, image, out));
    const fv_status status = fv__filter_image(ctx, image, kernel, &o, *out);
    if (status == FV_OK) return FV_OK;
    fv_image_free(*out);
    *out = NULL;
    return status;
}

fv_status fv_image_png(fv_context *ctx, const fv_image *image, fv_blob **out) {
    fv_canvas canvas;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, image);
    FV_TRY(check_image(ctx, image));
    FV_TRY(fv__canvas_new(ctx, (int)image->width, (int)image->height, 0, &canvas));
    const int64_t pixels = image->width * image->height;
    for (int64_t i = 0; i < pixels; i++)
        for (int64_t c = 0; c < 3; c++)
            canvas.rgb[3 * i + c] =
                image->pixels[i * image->channels + (image->channels == 3 ? c : 0)];
    return fv__blob_of_canvas(ctx, &canvas, out);
}
