/* SPDX-License-Identifier: MIT */
/*
 * image_png.c - PNG through libpng.
 *
 * Before libpng sees a file its chunks are walked through: one that claims to be longer than the
 * file is refused (libpng would ask for the memory first), Apple's variety is named, and the EXIF
 * block is found, which may lie behind the pixels. Of all chunks libpng reads those alone that the
 * pixels need.
 *
 * libpng reports a failure by longjmp. Everything that must be released lives in a struct of the
 * caller, and the function that calls setjmp keeps nothing in variables of its own, so no value is
 * lost and nothing leaks. Memory is asked for through fv__alloc.
 */
#include "data/image_format.h"
#include <string.h>

static bool recognise(const uint8_t *data, size_t size) {
    return size >= 4 && memcmp(data, "\x89PNG", 4) == 0;
}

/* 1x1, gray, white, in one of deflate's stored blocks. */
static const uint8_t example[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
    0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00,
    0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78,
    0x01, 0x01, 0x02, 0x00, 0xfd, 0xff, 0x00, 0xff, 0x01, 0x01, 0x01, 0x00, 0x60, 0x87,
    0x12, 0xb5, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
};

#ifndef FV_HAVE_PNG

const fv_image_format fv__image_format_png = {
    .name = "PNG",
    .ends = "png",
    .library = "libpng",
    .recognise = recognise,
    .example = example,
    .example_size = sizeof example,
};

#else

#include <png.h>
#include <stdio.h>

#define SIGNATURE 8  /* bytes before the first chunk */
#define FRAME     12 /* length, type and sum of a chunk */

/* A chunk of the file: false at its end. `claims` is what its length says; `held` of it are there.
 */
typedef struct chunk {
    const uint8_t *type, *data;
    size_t claims, held;
} chunk;

static bool next_chunk(const uint8_t *data, size_t size, size_t *at, chunk *out) {
    if (*at > size || size - *at < FRAME - 4) return false;
    const uint8_t *p = data + *at;
    size_t left = size - *at - 8;
    out->claims = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    out->type = p + 4;
    out->data = p + 8;
    out->held = out->claims < left ? out->claims : left;
    *at += out->held + FRAME;
    return true;
}

static bool is(const chunk *c, const char *type) {
    return memcmp(c->type, type, 4) == 0;
}

static const uint8_t *find_exif(const uint8_t *data, size_t size, size_t *exif_size) {
    chunk c;
    for (size_t at = SIGNATURE; next_chunk(data, size, &at, &c);) {
        if (!is(&c, "eXIf") || c.held < c.claims) continue;
        *exif_size = c.held;
        return c.data;
    }
    return NULL;
}

static fv_status overlong(fv_context *ctx, const char *name, const chunk *c) {
    char type[5] = {0};
    for (int i = 0; i < 4; i++) {
        uint8_t letter = c->type[i];
        type[i] = letter > ' ' && letter < 127 ? (char)letter : '?';
    }
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: this PNG image is damaged (its chunk %s claims %zu bytes, and %zu are "
                    "left); fetch or save it again",
                    name, type, c->claims, c->held);
}

/* What can be said before libpng is asked. Pixels that are cut short are libpng's to report. */
static fv_status check_chunks(fv_context *ctx, const char *name, const uint8_t *data, size_t size) {
    chunk c;
    for (size_t at = SIGNATURE; next_chunk(data, size, &at, &c);) {
        if (is(&c, "CgBI"))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s: this is a PNG of Apple's own variety (CgBI), made for iPhones "
                            "alone; on a Mac, open it in Preview and export it, or run `xcrun "
                            "-sdk iphoneos pngcrush -revert-iphone-optimizations IN.png OUT.png`",
                            name);
        if (is(&c, "IDAT")) return FV_OK;
        if (c.held < c.claims) return overlong(ctx, name, &c);
    }
    return FV_OK;
}

/* One decoding. */
typedef struct work {
    fv_context *ctx;
    const char *name;
    const uint8_t *at;
    size_t left, size;
    png_structp png;
    png_infop info;
    fv_image image;    /* with as many channels as libpng gives; alpha is removed at the end */
    fv_status refused; /* our own failure, with its message set */
    char error[160];   /* libpng's */
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
    void *p = fv__alloc(w->ctx, bytes, "decoding a PNG image");
    if (!p) w->refused = FV_EXHAUSTED;
    return p;
}

static void on_free(png_structp png, png_voidp p) {
    (void)png;
    fv__free(p);
}

static void on_read(png_structp png, png_bytep out, size_t bytes) {
    work *w = png_get_io_ptr(png);
    if (bytes > w->left) png_error(png, "the file ends before the image does");
    memcpy(out, w->at, bytes);
    w->at += bytes;
    w->left -= bytes;
}

/* Deflate makes data at most 1032 times smaller, so a small file cannot hold a huge image. */
static bool plausible(const work *w, int64_t height, size_t row_bytes) {
    return (uint64_t)height * row_bytes / 1032 <= (uint64_t)w->size + 64;
}

static void refuse(work *w, fv_status status) {
    w->refused = status;
    if (status != FV_OK) png_error(w->png, "refused");
}

static void read_header(work *w) {
    png_structp png = w->png;
    png_set_read_fn(png, w, on_read);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff); /* ours are in fv__image_size */
    png_set_chunk_malloc_max(png, w->size);           /* no chunk is larger than its file */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL,
                                -1); /* all the pixels need not */
    png_read_info(png, w->info);
    int64_t width = png_get_image_width(png, w->info), height = png_get_image_height(png, w->info);
    /* Before libpng asks for the memory of a row. */
    refuse(w, fv__image_size(w->ctx, w->name, width, height));
    if (!plausible(w, height, png_get_rowbytes(png, w->info)))
        refuse(w, fv__fail(w->ctx, FV_BAD_INPUT,
                           "%s: %lldx%lld pixels (width x height) cannot be in a PNG file of %zu "
                           "bytes; it is cut short or damaged",
                           w->name, (long long)width, (long long)height, w->size));
}

static void read_image(work *w) {
    png_structp png = w->png;
    read_header(w);
    png_set_expand(png);   /* palette to RGB, gray to 8 bits, a transparent colour to alpha */
    png_set_scale_16(png); /* 16 bits to 8, rounded as fv__to_byte does */
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, w->info);
    int64_t width = png_get_image_width(png, w->info), height = png_get_image_height(png, w->info);
    int channels = png_get_channels(png, w->info);
    refuse(w, fv__image_new(w->ctx, w->name, width, height, channels, &w->image));
    while (passes-- > 0)
        for (int64_t y = 0; y < height; y++)
            png_read_row(png, w->image.pixels + (size_t)(y * width) * (size_t)channels, NULL);
}

static bool guarded(work *w) {
    w->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, w, on_error, on_warning, w, on_alloc,
                                      on_free);
    if (!w->png) return false;
    if (setjmp(png_jmpbuf(w->png))) return false;
    w->info = png_create_info_struct(w->png);
    if (!w->info) return false;
    read_image(w);
    return true;
}

/* Lays pixels with alpha over white, in place: v*a + 255*(1 - a). */
static void over_white(fv_image *p) {
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

static fv_status decode(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                        fv_image *out) {
    FV_TRY(check_chunks(ctx, name, data, size));
    work w = {.ctx = ctx, .name = name, .at = data, .left = size, .size = size};
    bool done = guarded(&w);
    if (w.png) png_destroy_read_struct(&w.png, w.info ? &w.info : NULL, NULL);
    if (!done) {
        fv__image_free(&w.image);
        if (w.refused != FV_OK) return w.refused;
        if (!w.error[0])
            return fv__fail(ctx, FV_EXHAUSTED, "%s: libpng could not be started", name);
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: this PNG image is damaged (%s); fetch or save it again", name,
                        w.error);
    }
    if (w.image.channels == 2 || w.image.channels == 4) over_white(&w.image);
    *out = w.image;
    return FV_OK;
}

const fv_image_format fv__image_format_png = {
    .name = "PNG",
    .ends = "png",
    .recognise = recognise,
    .decode = decode,
    .find_exif = find_exif,
    .example = example,
    .example_size = sizeof example,
};

#endif
