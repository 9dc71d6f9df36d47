/* SPDX-License-Identifier: MIT */
/*
 * image_pnm.c - PGM and PPM, as text (P2, P3) and as bytes (P5, P6).
 *
 * After the two letters come width, height and the value of white, as decimal numbers between white
 * space and # comments; one white space character; then the pixels. Values are scaled to 0 … 255.
 * Source: the pgm(5) and ppm(5) pages of Netpbm.
 */
#include "data/image_format.h"
#include <string.h>

typedef struct reader {
    const uint8_t *at, *end;
} reader;

static bool is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next number, after white space and comments; -1: none there, or too large to be one. */
static int64_t number(reader *r) {
    for (;;) {
        while (r->at < r->end && is_space(*r->at)) r->at++;
        if (r->at == r->end || *r->at != '#') break;
        while (r->at < r->end && *r->at != '\n' && *r->at != '\r') r->at++;
    }
    if (r->at == r->end || *r->at < '0' || *r->at > '9') return -1;
    int64_t v = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        v = v * 10 + (*r->at++ - '0');
        if (v > INT32_MAX) return -1;
    }
    return v;
}

static fv_status text_pixels(fv_context *ctx, const char *name, reader *r, int64_t white,
                             int64_t count, uint8_t *out) {
    for (int64_t i = 0; i < count; i++) {
        int64_t v = number(r);
        if (v < 0)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s: %s value %lld of %lld; the image is cut short or damaged", name,
                            r->at == r->end ? "the file ends before"
                                            : "something that is no number stands for",
                            (long long)i + 1, (long long)count);
        if (v > white)
            return fv__fail(ctx, FV_BAD_INPUT, "%s: value %lld is %lld, above white, which is %lld",
                            name, (long long)i + 1, (long long)v, (long long)white);
        out[i] = fv__to_byte(v, white);
    }
    return FV_OK;
}

static fv_status byte_pixels(fv_context *ctx, const char *name, reader *r, int64_t white,
                             int64_t count, uint8_t *out) {
    bool wide = white > 255; /* two bytes a value, the high one first */
    for (int64_t i = 0; i < count; i++) {
        int64_t v = wide ? r->at[0] * 256 + r->at[1] : r->at[0];
        r->at += wide ? 2 : 1;
        if (v > white)
            return fv__fail(ctx, FV_BAD_INPUT, "%s: value %lld is %lld, above white, which is %lld",
                            name, (long long)i + 1, (long long)v, (long long)white);
        out[i] = fv__to_byte(v, white);
    }
    return FV_OK;
}

static bool recognise(const uint8_t *data, size_t size) {
    return size >= 2 && data[0] == 'P' && data[1] && strchr("2356", data[1]);
}

static fv_status decode(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                        fv_image *out) {
    reader r = {data + 2, data + size};
    int kind = data[1] - '0'; /* 2 3: text; 5 6: bytes; 3 6: colour */
    int channels = kind == 3 || kind == 6 ? 3 : 1;
    int64_t width = number(&r), height = number(&r), white = number(&r);
    if (width < 0 || height < 0 || white < 1 || white > 65535)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: this starts like a P%d image, but width, height and the value of "
                        "white (1 to 65535) do not follow as numbers",
                        name, kind);
    bool text = kind < 5;
    if (!text && r.at < r.end) r.at++;
    /* What the file can hold, before any memory: a text value takes a digit and a space. */
    size_t left = (size_t)(r.end - r.at);
    int64_t pixels, each = channels * (text || white > 255 ? 2 : 1);
    if (!fv__mul_i64(width, height, &pixels)) pixels = INT64_MAX / 8;
    if (pixels <= FV_IMAGE_PIXELS && (uint64_t)(pixels * each) > (uint64_t)left + (text ? 1 : 0))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: %lldx%lld pixels (width x height) need %lld bytes, and the file holds "
                        "%zu; it is cut short",
                        name, (long long)width, (long long)height, (long long)(pixels * each),
                        left);
    FV_TRY(fv__image_new(ctx, name, width, height, channels, out));
    fv_status status =
        (text ? text_pixels : byte_pixels)(ctx, name, &r, white, pixels * channels, out->pixels);
    if (status != FV_OK) fv__image_free(out);
    return status;
}

static const uint8_t example[] = "P5 1 1 255\n\xff";

const fv_image_format fv__image_format_pnm = {
    .name = "PGM/PPM",
    .variety = "P2, P3, P5, P6",
    .ends = "pgm ppm pnm",
    .recognise = recognise,
    .decode = decode,
    .example = example,
    .example_size = sizeof example - 1,
};
