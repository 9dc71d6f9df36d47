/* SPDX-License-Identifier: MIT */
/*
 * picture.c - reads a picture of any format we know, told by its first bytes and not by its name:
 * a photo called .png that is a JPEG is read, and a text called .png is named for what it is.
 */
#include "data/decode.h"
#include <string.h>

fv_status fv__picture_size(fv_context *ctx, const char *name, int64_t width, int64_t height) {
    if (width < 1 || height < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "%s: the picture is %lldx%lld pixels; it has no content",
                        name, (long long)width, (long long)height);
    int64_t pixels;
    if (fv__mul_i64(width, height, &pixels) && pixels <= FV_PICTURE_PIXELS) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: the file says the picture is %lldx%lld pixels (width x height); at most "
                    "%lld pixels are read",
                    name, (long long)width, (long long)height, (long long)FV_PICTURE_PIXELS);
}

fv_status fv__picture_new(fv_context *ctx, const char *name, int64_t width, int64_t height,
                          int channels, fv_picture *out) {
    *out = (fv_picture){0};
    FV_TRY(fv__picture_size(ctx, name, width, height));
    uint8_t *p = fv__alloc(ctx, (size_t)(width * height * channels), "a picture");
    if (!p) return FV_EXHAUSTED;
    *out = (fv_picture){width, height, channels, p};
    return FV_OK;
}

void fv__picture_free(fv_picture *p) {
    if (!p) return;
    fv__free(p->pixels);
    *p = (fv_picture){0};
}

/* The first bytes of files people mistake for pictures we read. */
typedef struct magic {
    int at, length;
    const char *bytes;
    const char *what;
} magic;

static const magic others[] = {
    {0, 2, "BM", "a BMP picture"},
    {0, 4, "GIF8", "a GIF picture"},
    {8, 4, "WEBP", "a WebP picture"},
    {0, 4, "II*\0", "a TIFF picture"},
    {0, 4, "MM\0*", "a TIFF picture"},
    {4, 8, "ftypheic", "a HEIC picture"},
    {4, 8, "ftypmif1", "a HEIF picture"},
    {4, 8, "ftypavif", "an AVIF picture"},
    {0, 4, "\0\0\1\0", "an icon"},
    {0, 2, "P1", "a PBM bitmap"},
    {0, 2, "P4", "a PBM bitmap"},
    {0, 2, "P7", "a PAM picture"},
    {0, 2, "PF", "a PFM picture"},
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
    if (looks_like_text(data, size)) return "a text file, not a picture";
    return "not a picture of a known kind";
}

fv_status fv__picture_decode(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                             fv_picture *out) {
    *out = (fv_picture){0};
    if (size == 0) return fv__fail(ctx, FV_BAD_INPUT, "%s: the file is empty", name);
    if (size >= 2 && data[0] == 'P' && strchr("2356", data[1]) && data[1])
        return fv__decode_pnm(ctx, name, data, size, out);
    if (size >= 4 && memcmp(data, "\x89PNG", 4) == 0)
        return fv__decode_png(ctx, name, data, size, out);
    if (size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
        return fv__decode_jpeg(ctx, name, data, size, out);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: this is %s; PNG, JPEG and PGM/PPM (P2, P3, P5, P6) files are read", name,
                    describe(data, size));
}

fv_status fv__picture_read(fv_context *ctx, const char *path, fv_picture *out) {
    *out = (fv_picture){0};
    fv_bytes file = {0};
    FV_TRY(fv__file_read(ctx, path, (size_t)1 << 31, &file));
    fv_status status = fv__picture_decode(ctx, path, file.data, file.size, out);
    fv__file_release(&file);
    return status;
}
