/* SPDX-License-Identifier: MIT */
/*
 * picture_png.c - PNG through libpng.
 *
 * libpng reports a failure by longjmp. Everything that must be released lives in a struct of the
 * caller, and the function that calls setjmp keeps nothing in variables of its own, so no value is
 * lost and nothing leaks. Memory is asked for through fv__alloc.
 */
#include "data/decode.h"

#ifndef FV_HAVE_PNG

fv_status fv__decode_png(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                         fv_picture *out) {
    (void)data, (void)size, (void)out;
    return fv__fail(
        ctx, FV_BAD_INPUT,
        "%s: this is a PNG picture, and this Fovea was built without libpng; convert it "
        "to PGM or PPM, or build again with libpng",
        name);
}

#else

#include <png.h>
#include <stdio.h>
#include <string.h>

/* One decoding. */
typedef struct work {
    fv_context *ctx;
    const char *name;
    const uint8_t *at;
    size_t left, size;
    png_structp png;
    png_infop info;
    png_bytep *rows;
    fv_picture picture; /* with as many channels as libpng gives; alpha is removed at the end */
    fv_status refused;  /* our own failure, with its message set */
    char error[160];    /* libpng's */
} work;

static void on_error(png_structp png, png_const_charp message) {
    work *w = png_get_error_ptr(png);
    snprintf(w->error, sizeof w->error, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png, (void)message;
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t bytes) {
    work *w = png_get_mem_ptr(png);
    void *p = fv__alloc(w->ctx, bytes, "decoding a PNG picture");
    if (!p) w->refused = FV_EXHAUSTED;
    return p;
}

static void on_free(png_structp png, png_voidp p) {
    (void)png;
    fv__free(p);
}

static void on_read(png_structp png, png_bytep out, size_t bytes) {
    work *w = png_get_io_ptr(png);
    if (bytes > w->left) png_error(png, "the file ends before the picture does");
    memcpy(out, w->at, bytes);
    w->at += bytes;
    w->left -= bytes;
}

/* Deflate makes data at most 1032 times smaller, so a small file cannot hold a huge picture. */
static bool plausible(const work *w, int64_t height, size_t row_bytes) {
    return (uint64_t)height * row_bytes / 1032 <= (uint64_t)w->size + 64;
}

static void read_picture(work *w) {
    png_structp png = w->png;
    png_set_read_fn(png, w, on_read);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
    png_read_info(png, w->info);
    int64_t width = png_get_image_width(png, w->info), height = png_get_image_height(png, w->info);
    /* Before libpng asks for the memory of a row. */
    w->refused = fv__picture_size(w->ctx, w->name, width, height);
    if (w->refused != FV_OK) png_error(png, "size");
    if (!plausible(w, height, png_get_rowbytes(png, w->info))) {
        w->refused = fv__fail(w->ctx, FV_BAD_INPUT,
                              "%s: %lldx%lld pixels (width x height) cannot be in a PNG file of "
                              "%zu bytes; it is cut short or damaged",
                              w->name, (long long)width, (long long)height, w->size);
        png_error(png, "size");
    }
    png_set_expand(png);   /* palette to RGB, gray to 8 bits, a transparent colour to alpha */
    png_set_strip_16(png); /* 16 bits to the upper 8 */
    png_set_interlace_handling(png); /* png_read_image does all passes */
    png_read_update_info(png, w->info);
    int channels = png_get_channels(png, w->info);
    w->refused = fv__picture_new(w->ctx, w->name, width, height, channels, &w->picture);
    if (w->refused != FV_OK) png_error(png, "size");
    w->rows = fv__alloc(w->ctx, (size_t)height * sizeof *w->rows, "decoding a PNG picture");
    if (!w->rows) {
        w->refused = FV_EXHAUSTED;
        png_error(png, "memory");
    }
    for (int64_t y = 0; y < height; y++)
        w->rows[y] = w->picture.pixels + (size_t)(y * width) * (size_t)channels;
    png_read_image(png, w->rows);
}

static bool guarded(work *w) {
    w->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, w, on_error, on_warning, w, on_alloc,
                                      on_free);
    if (!w->png) return false;
    if (setjmp(png_jmpbuf(w->png))) return false;
    w->info = png_create_info_struct(w->png);
    if (!w->info) return false;
    read_picture(w);
    return true;
}

/* Lays pixels with alpha over white, in place: v*a + 255*(1 - a). */
static void over_white(fv_picture *p) {
    int kept = p->channels - 1;
    const uint8_t *from = p->pixels;
    uint8_t *to = p->pixels;
    for (int64_t i = 0; i < p->width * p->height; i++, from += kept + 1, to += kept) {
        int a = from[kept];
        for (int c = 0; c < kept; c++)
            to[c] = (uint8_t)((from[c] * a + 255 * (255 - a) + 127) / 255);
    }
    p->channels = kept;
}

fv_status fv__decode_png(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                         fv_picture *out) {
    *out = (fv_picture){0};
    work w = {.ctx = ctx, .name = name, .at = data, .left = size, .size = size};
    bool done = guarded(&w);
    if (w.png) png_destroy_read_struct(&w.png, w.info ? &w.info : NULL, NULL);
    fv__free(w.rows);
    if (!done) {
        fv__picture_free(&w.picture);
        if (w.refused != FV_OK) return w.refused;
        if (!w.error[0])
            return fv__fail(ctx, FV_EXHAUSTED, "%s: libpng could not be started", name);
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: this PNG picture is damaged (%s); fetch or save it again", name,
                        w.error);
    }
    if (w.picture.channels == 2 || w.picture.channels == 4) over_white(&w.picture);
    *out = w.picture;
    return FV_OK;
}

#endif
