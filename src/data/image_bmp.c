/* SPDX-License-Identifier: MIT */
/*
 * image_bmp.c - BMP: 1, 4 and 8 bits with a palette, 16, 24 and 32 bits, uncompressed.
 *
 * "BM", sizes and the offset of the pixels (14 bytes); a header whose first number is its own
 * length: 12 bytes (OS/2), 40 (Windows), 52 to 124 (later ones, with masks); a palette of B,G,R,0;
 * the rows, the lowest first unless the height is negative, each padded to 4 bytes, pixels B,G,R.
 * With compression 3 or 6 four masks say which bits of a pixel are red, green, blue and alpha.
 * Source: Microsoft, "Bitmap Storage" and the pages on BITMAPV5HEADER.
 */
#include "data/image_format.h"
#include <string.h>

typedef struct header {
    int64_t width, height;
    bool top_down;
    int bits;
    uint32_t compression;
    uint32_t mask[4]; /* red, green, blue, alpha */
    const uint8_t *palette;
    int colours, entry; /* entries, and bytes of one */
    const uint8_t *pixels;
    size_t left; /* bytes from there on */
} header;

static uint32_t le(const uint8_t *at, int bytes) {
    uint32_t v = 0;
    for (int i = bytes - 1; i >= 0; i--) v = v << 8 | at[i];
    return v;
}

/* Which bits are whose: as said behind the first 40 bytes, or as usual. */
static void take_masks(const uint8_t *data, uint32_t length, size_t size, header *h) {
    static const uint32_t usual16[] = {0x7c00, 0x3e0, 0x1f, 0};
    static const uint32_t usual32[] = {0xff0000, 0xff00, 0xff, 0};
    const bool stated = h->compression == 3 || h->compression == 6;
    const int said = length >= 56 || h->compression == 6 ? 4 : 3;
    memcpy(h->mask, h->bits == 16 ? usual16 : usual32, sizeof h->mask);
    for (int i = 0; i < said && stated && size >= 14 + 40 + 16; i++)
        h->mask[i] = le(data + 14 + 40 + 4 * i, 4);
}

static fv_status take_header(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                             header *h) {
    const uint32_t offset = le(data + 10, 4), length = le(data + 14, 4);
    const bool old = length == 12;
    if (size < 14 + (size_t)length || (!old && length < 40))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: this starts like a BMP image, but its header is cut short", name);
    h->width = old ? (int32_t)le(data + 18, 2) : (int32_t)le(data + 18, 4);
    h->height = old ? (int32_t)le(data + 20, 2) : (int32_t)le(data + 22, 4);
    h->top_down = h->height < 0;
    if (h->top_down) h->height = -h->height;
    h->bits = (int)le(data + (old ? 24 : 28), 2);
    h->compression = old ? 0 : le(data + 30, 4);
    take_masks(data, length, size, h);
    const uint32_t colours = old ? 0 : le(data + 46, 4);
    const size_t masks = length == 40 && h->compression == 3   ? 12
                         : length == 40 && h->compression == 6 ? 16
                                                               : 0;
    const size_t palette = 14 + (size_t)length + masks;
    h->entry = old ? 3 : 4;
    h->colours = h->bits > 8 ? 0 : 1 << h->bits;
    if (h->bits <= 8 && colours && colours < (uint32_t)h->colours) h->colours = (int)colours;
    h->palette = data + palette;
    if (palette + (size_t)(h->colours * h->entry) > size || offset > size)
        return fv__fail(ctx, FV_BAD_INPUT, "%s: this BMP image ends before its %s", name,
                        offset > size ? "pixels" : "palette does");
    h->pixels = data + offset;
    h->left = size - offset;
    return FV_OK;
}

static fv_status check(fv_context *ctx, const char *name, const header *h, size_t *row) {
    const int b = h->bits;
    const bool masks = h->compression == 3 || h->compression == 6;
    size_t bits, bytes = 0;
    if (h->compression != 0 && !(masks && (b == 16 || b == 32)))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: this BMP image is compressed (kind %u), and only uncompressed ones "
                        "are read; save it as PNG",
                        name, (unsigned)h->compression);
    if (b != 1 && b != 4 && b != 8 && b != 16 && b != 24 && b != 32)
        return fv__fail(ctx, FV_BAD_INPUT, "%s: a BMP image has no %d bits a pixel", name, b);
    FV_TRY(fv__image_size(ctx, name, h->width, h->height));
    bits = (size_t)h->width * (size_t)b;
    *row = (bits + 31) / 32 * 4;
    if (!fv__mul_size(*row, (size_t)h->height, &bytes) || bytes > h->left)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: %lldx%lld pixels (width x height) need %zu bytes, and the file holds "
                        "%zu; it is cut short",
                        name, (long long)h->width, (long long)h->height, bytes, h->left);
    return FV_OK;
}

/* A palette of grays makes a gray image. */
static bool gray(const header *h) {
    for (int i = 0; i < h->colours; i++) {
        const uint8_t *c = h->palette + i * h->entry;
        if (c[0] != c[1] || c[1] != c[2]) return false;
    }
    return h->colours > 0;
}

/* The bits of a mask as 0 … 255. */
static uint8_t part(uint32_t pixel, uint32_t mask) {
    if (!mask) return 0;
    const int shift = __builtin_ctz(mask);
    return fv__to_byte((int64_t)((pixel & mask) >> shift), (int64_t)(mask >> shift));
}

static void by_masks(const header *h, uint32_t pixel, uint8_t *out) {
    const int alpha = h->mask[3] ? part(pixel, h->mask[3]) : 255;
    for (int c = 0; c < 3; c++)
        out[c] = fv__to_byte(part(pixel, h->mask[c]) * alpha + 255 * (255 - alpha), 255 * 255);
}

static void by_palette(const header *h, int index, int channels, uint8_t *out) {
    static const uint8_t black[4];
    const uint8_t *c = index < h->colours ? h->palette + index * h->entry : black;
    for (int k = 0; k < channels; k++) out[k] = c[2 - k];
}

static void take_row(const header *h, const uint8_t *row, int channels, uint8_t *out) {
    for (int64_t x = 0; x < h->width; x++, out += channels) {
        if (h->bits == 24)
            out[0] = row[3 * x + 2], out[1] = row[3 * x + 1], out[2] = row[3 * x];
        else if (h->bits > 8)
            by_masks(h, le(row + x * h->bits / 8, h->bits / 8), out);
        else {
            const int at = (int)(x * h->bits % 8);
            const int index = row[x * h->bits / 8] >> (8 - h->bits - at) & ((1 << h->bits) - 1);
            by_palette(h, index, channels, out);
        }
    }
}

static bool recognise(const uint8_t *data, size_t size) {
    return size >= 26 && data[0] == 'B' && data[1] == 'M' && le(data + 14, 4) >= 12 &&
           le(data + 14, 4) <= 124;
}

static fv_status decode(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                        fv_image *out) {
    header h = {0};
    size_t row = 0;
    FV_TRY(take_header(ctx, name, data, size, &h));
    FV_TRY(check(ctx, name, &h, &row));
    const int channels = gray(&h) ? 1 : 3;
    FV_TRY(fv__image_new(ctx, name, h.width, h.height, channels, out));
    for (int64_t y = 0; y < h.height; y++) {
        const int64_t from = h.top_down ? y : h.height - 1 - y;
        take_row(&h, h.pixels + (size_t)from * row, channels, out->pixels + y * h.width * channels);
    }
    return FV_OK;
}

static const uint8_t example[] =
    "BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0\1\0\x18\0"
    "\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\0";

const fv_image_format fv__image_format_bmp = {
    .name = "BMP",
    .variety = "uncompressed",
    .ends = "bmp dib",
    .recognise = recognise,
    .decode = decode,
    .example = example,
    .example_size = sizeof example - 1,
};
