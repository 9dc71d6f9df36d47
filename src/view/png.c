/* SPDX-License-Identifier: MIT */
/*
 * png.c - a canvas as a PNG file (W3C PNG, third edition).
 *
 * Images of at most 256 colours, which is most plots and all gray maps, are written with a
 * palette: one byte a pixel instead of three.
 */
#include "view/parts.h"
#include <string.h>
#ifdef FV_HAVE_ZLIB
#include <zlib.h>
#endif

/* Colours by open addressing; empty slots hold NONE, which is no colour. */
#define SLOTS 1024
#define NONE  0xffffffffu
typedef struct palette {
    uint32_t colour[SLOTS];
    uint8_t index[SLOTS];
    int count;
    uint8_t rgb[256 * 3];
} palette;

static uint32_t pixel(const uint8_t *p) {
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static uint32_t slot(const palette *p, uint32_t colour) {
    uint32_t s = colour * 2654435761u >> 22;
    while (p->colour[s] != NONE && p->colour[s] != colour) s = (s + 1) % SLOTS;
    return s;
}

/* False when there are more than 256 colours. */
static bool collect(palette *p, const fv_canvas *c) {
    memset(p->colour, 0xff, sizeof p->colour);
    p->count = 0;
    size_t pixels = (size_t)c->width * (size_t)c->height;
    uint32_t before = NONE;
    for (size_t i = 0; i < pixels; i++) {
        uint32_t colour = pixel(c->rgb + 3 * i);
        if (colour == before) continue;
        before = colour;
        uint32_t s = slot(p, colour);
        if (p->colour[s] != NONE) continue;
        if (p->count == 256) return false;
        p->colour[s] = colour;
        p->index[s] = (uint8_t)p->count;
        memcpy(p->rgb + 3 * p->count++, c->rgb + 3 * i, 3);
    }
    return true;
}

static void big_endian(uint8_t out[4], uint32_t v) {
    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void chunk(fv_text *out, const char *kind, const void *data, size_t size) {
    uint8_t word[4];
    big_endian(word, (uint32_t)size);
    fv__text_addn(out, (const char *)word, 4);
    fv__text_addn(out, kind, 4);
    if (size) fv__text_addn(out, data, size);
    uint32_t crc = fv__crc32(0, kind, 4);
    if (size) crc = fv__crc32(crc, data, size);
    big_endian(word, crc);
    fv__text_addn(out, (const char *)word, 4);
}

/* Rows, each after its filter byte (0: none), into one block. */
static uint8_t *rows(fv_context *ctx, const fv_canvas *c, const palette *p, size_t *size) {
    size_t width = (size_t)c->width, height = (size_t)c->height, bytes = width * (p ? 1 : 3);
    *size = (bytes + 1) * height;
    uint8_t *raw = fv__alloc(ctx, *size, "an image's rows");
    if (!raw) return NULL;
    for (size_t y = 0; y < height; y++) {
        uint8_t *to = raw + y * (bytes + 1) + 1;
        const uint8_t *from = c->rgb + y * width * 3;
        if (!p)
            memcpy(to, from, bytes);
        else
            for (size_t x = 0; x < width; x++) to[x] = p->index[slot(p, pixel(from + 3 * x))];
    }
    return raw;
}

#ifdef FV_HAVE_ZLIB

static fv_status pack_rows(fv_context *ctx, const uint8_t *raw, size_t size, fv_text *out) {
    uLongf packed = compressBound((uLong)size);
    uint8_t *block = fv__alloc(ctx, packed, "a compressed image");
    if (!block) return FV_EXHAUSTED;
    int code = compress2(block, &packed, raw, (uLong)size, 6);
    if (code == Z_OK) fv__text_addn(out, (const char *)block, packed);
    fv__free(block);
    if (code != Z_OK) return fv__fail_memory(ctx, size, "compressing an image");
    return fv__text_done(ctx, out);
}

#else

static uint32_t adler32(const uint8_t *data, size_t size) {
    uint32_t a = 1, b = 0;
    while (size) {
        size_t n = size < 5552 ? size : 5552; /* the most that cannot overflow 32 bits */
        size -= n;
        while (n--) {
            a += *data++;
            b += a;
        }
        a %= 65521;
        b %= 65521;
    }
    return b << 16 | a;
}

/* Stored, not compressed: RFC 1950 around blocks of RFC 1951, 3.2.4, each a byte that says whether
   it is the last, its length, the length's complement, and as many bytes. */
static fv_status pack_rows(fv_context *ctx, const uint8_t *raw, size_t size, fv_text *out) {
    fv__text_addn(out, "\x78\x01", 2);
    for (size_t at = 0; at < size;) {
        const size_t n = size - at < 65535 ? size - at : 65535;
        const char head[5] = {at + n == size, (char)(n & 255), (char)(n >> 8), (char)(~n & 255),
                              (char)(~n >> 8 & 255)};
        fv__text_addn(out, head, sizeof head);
        fv__text_addn(out, (const char *)raw + at, n);
        at += n;
    }
    uint8_t sum[4];
    big_endian(sum, adler32(raw, size));
    fv__text_addn(out, (const char *)sum, sizeof sum);
    return fv__text_done(ctx, out);
}

#endif

fv_status fv__png_encode(fv_context *ctx, const fv_canvas *c, fv_text *out) {
    fv_status status = FV_OK;
    fv_text packed = {.ctx = ctx};
    uint8_t *raw = NULL;
    palette *p = fv__alloc(ctx, sizeof *p, "an image's colours");
    if (!p) return FV_EXHAUSTED;
    bool few = collect(p, c);
    size_t size;
    raw = rows(ctx, c, few ? p : NULL, &size);
    if (!raw) {
        status = FV_EXHAUSTED;
        goto done;
    }
    FV_GO(pack_rows(ctx, raw, size, &packed));
    uint8_t head[13] = {[8] = 8, [9] = few ? 3 : 2}; /* 8 bits; palette or RGB */
    big_endian(head, (uint32_t)c->width);
    big_endian(head + 4, (uint32_t)c->height);
    fv__text_addn(out, "\x89PNG\r\n\x1a\n", 8);
    chunk(out, "IHDR", head, sizeof head);
    if (few) chunk(out, "PLTE", p->rgb, (size_t)p->count * 3);
    chunk(out, "IDAT", packed.data, packed.length);
    chunk(out, "IEND", NULL, 0);
    status = fv__text_done(ctx, out);
done:
    fv__text_free(&packed);
    fv__free(raw);
    fv__free(p);
    return status;
}

fv_status fv__png_write(fv_context *ctx, const fv_canvas *c, const char *path) {
    fv_text png = {.ctx = ctx};
    fv_status status = fv__png_encode(ctx, c, &png);
    if (status == FV_OK) status = fv__file_write(ctx, path, png.data, png.length);
    fv__text_free(&png);
    return status;
}
