/* SPDX-License-Identifier: MIT */
/*
 * image.c - reads an image of any format we know, told by its first bytes and not by its name: a
 * photo called .png that is a JPEG is read, and a text called .png is named for what it is. This is
 * the one place where images are read, so what is done here is done to all: they stand upright.
 */
#include "data/image_format.h"
#include <string.h>

#define FV_IMAGE_FORMAT(name) extern const fv_image_format fv__image_format_##name;
#include "data/image_formats.h"
#undef FV_IMAGE_FORMAT

const fv_image_format *const fv__image_formats[] = {
#define FV_IMAGE_FORMAT(name) &fv__image_format_##name,
#include "data/image_formats.h"
#undef FV_IMAGE_FORMAT
    NULL,
};

fv_status fv__image_size(fv_context *ctx, const char *name, int64_t width, int64_t height) {
    if (width < 1 || height < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "%s: the image is %lldx%lld pixels; it has no content",
                        name, (long long)width, (long long)height);
    int64_t pixels;
    if (fv__mul_i64(width, height, &pixels) && pixels <= FV_IMAGE_PIXELS) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: the file says the image is %lldx%lld pixels (width x height); at most "
                    "%lld pixels are read",
                    name, (long long)width, (long long)height, (long long)FV_IMAGE_PIXELS);
}

fv_status fv__image_new(fv_context *ctx, const char *name, int64_t width, int64_t height,
                        int channels, fv_image *out) {
    *out = (fv_image){0};
    FV_TRY(fv__image_size(ctx, name, width, height));
    uint8_t *p = fv__alloc(ctx, (size_t)(width * height * channels), "an image");
    if (!p) return FV_EXHAUSTED;
    *out = (fv_image){width, height, channels, p};
    return FV_OK;
}

void fv__image_free(fv_image *p) {
    if (!p) return;
    fv__free(p->pixels);
    *p = (fv_image){0};
}

fv_image_view fv__image_view(const fv_image *p) {
    return (fv_image_view){.data = p->pixels,
                           .dtype = FV_U8,
                           .width = p->width,
                           .height = p->height,
                           .channels = p->channels,
                           .row = p->width * p->channels,
                           .column = p->channels,
                           .plane = 1};
}

/* The first bytes of files people mistake for images we read. */
typedef struct magic {
    int at, length;
    const char *bytes;
    const char *what;
} magic;

static const magic others[] = {
    {0, 4, "GIF8", "a GIF image"},
    {8, 4, "WEBP", "a WebP image"},
    {0, 4, "II*\0", "a TIFF image"},
    {0, 4, "MM\0*", "a TIFF image"},
    {4, 8, "ftypheic", "a HEIC image"},
    {4, 8, "ftypmif1", "a HEIF image"},
    {4, 8, "ftypavif", "an AVIF image"},
    {0, 4, "\0\0\1\0", "an icon"},
    {0, 2, "P1", "a PBM bitmap"},
    {0, 2, "P4", "a PBM bitmap"},
    {0, 2, "P7", "a PAM image"},
    {0, 2, "PF", "a PFM image"},
    {0, 5, "%PDF-", "a PDF document"},
    {0, 2, "\x1f\x8b", "a gzip file"},
    {0, 4, "PK\3\4", "a zip archive"},
    {0, 4,
     "\x7f"
     "ELF",
     "a program"},
};

/* Text: no control characters but white space in the first bytes, and mostly ASCII. */
static bool looks_like_text(const uint8_t *data, size_t size) {
    size_t n = size < 512 ? size : 512, high = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = data[i];
        if (c == 127 || (c < 32 && c != '\n' && c != '\r' && c != '\t' && c != '\f')) return false;
        high += c > 127;
    }
    return high <= n / 2;
}

static const char *describe(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const magic *m = &others[i];
        if (size >= (size_t)(m->at + m->length) &&
            memcmp(data + m->at, m->bytes, (size_t)m->length) == 0)
            return m->what;
    }
    if (size >= 3 && data[0] == 0 && data[1] == 0 && data[2] == 8) return "an IDX data file";
    if (looks_like_text(data, size)) return "a text file, not an image";
    return "not an image of a known kind";
}

/* "PNG, JPEG and PGM/PPM (P2, P3, P5, P6) files" */
static fv_status unknown(fv_context *ctx, const char *name, const uint8_t *data, size_t size) {
    fv_text known = {.ctx = ctx};
    for (size_t i = 0; fv__image_formats[i]; i++) {
        const fv_image_format *f = fv__image_formats[i];
        const char *before = i == 0 ? "" : fv__image_formats[i + 1] ? ", " : " and ";
        fv__text_addf(&known, f->variety ? "%s%s (%s)" : "%s%s", before, f->name, f->variety);
    }
    fv_status status = fv__text_done(ctx, &known);
    if (status == FV_OK)
        status = fv__fail(ctx, FV_BAD_INPUT, "%s: this is %s; %s files are read", name,
                          describe(data, size), known.data);
    fv__text_free(&known);
    return status;
}

static fv_status without(fv_context *ctx, const char *name, const fv_image_format *f) {
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: this is a %s image, and this Fovea was built without %s; convert it to "
                    "PGM or PPM, or build again with %s",
                    name, f->name, f->library, f->library);
}

fv_status fv__image_decode(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                           fv_image *out) {
    *out = (fv_image){0};
    if (size == 0) return fv__fail(ctx, FV_BAD_INPUT, "%s: the file is empty", name);
    FV_TRY(fv__refuse_lfs_pointer(ctx, name, data, size));
    const fv_image_format *const *f = fv__image_formats;
    while (*f && !(*f)->recognise(data, size)) f++;
    if (!*f) return unknown(ctx, name, data, size);
    if ((*f)->library) return without(ctx, name, *f);
    FV_TRY((*f)->decode(ctx, name, data, size, out));
    if (!(*f)->find_exif) return FV_OK;
    size_t exif_size = 0;
    const uint8_t *exif = (*f)->find_exif(data, size, &exif_size);
    fv_status status = fv__image_upright(ctx, out, fv__exif_orientation(exif, exif_size));
    if (status != FV_OK) fv__image_free(out);
    return status;
}

fv_status fv__image_read(fv_context *ctx, const char *path, fv_image *out) {
    *out = (fv_image){0};
    fv_bytes file = {0};
    FV_TRY(fv__file_read(ctx, path, (size_t)1 << 31, &file));
    fv_status status = fv__image_decode(ctx, path, file.data, file.size, out);
    fv__file_release(&file);
    return status;
}
