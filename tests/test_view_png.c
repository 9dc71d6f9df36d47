/* SPDX-License-Identifier: MIT */
/*
 * test_view_png.c - PNG and the compression behind it. What was encoded is decoded again by other
 * means: a reader of fixed Huffman blocks written here from RFC 1951, zlib, and libpng, as far as
 * they are there.
 */
#include "view/parts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#ifdef FV_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef FV_HAVE_PNG
#include <png.h>
#endif

static fv_context context;

/* --- reading back ----------------------------------------------------------------------------- */

typedef struct reader {
    const uint8_t *data;
    size_t size, at; /* bits */
    bool ended;
} reader;

static unsigned bits(reader *r, int n) {
    unsigned v = 0;
    for (int i = 0; i < n; i++, r->at++) {
        if (r->at / 8 >= r->size) {
            r->ended = true;
            return 0;
        }
        v |= ((unsigned)r->data[r->at / 8] >> (r->at % 8) & 1u) << i;
    }
    return v;
}

static unsigned code_bits(reader *r, int n, unsigned v) {
    while (n--) v = v << 1 | bits(r, 1);
    return v;
}

static unsigned symbol(reader *r) {
    unsigned v = code_bits(r, 7, 0);
    if (v < 24) return 256 + v;
    v = code_bits(r, 1, v);
    if (v >= 0x30 && v < 0xc0) return v - 0x30;
    if (v >= 0xc0 && v < 0xc8) return v - 0xc0 + 280;
    return code_bits(r, 1, v) - 0x190 + 144;
}

/* zlib format, fixed Huffman codes only; the number of bytes, or -1. */
static long inflate_fixed(const uint8_t *data, size_t size, uint8_t *out, size_t room) {
    static const unsigned length_from[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                           15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                           67, 83, 99, 115, 131, 163, 195, 227, 258};
    reader r = {data, size, 16, false};
    size_t n = 0;
    if (((unsigned)data[0] << 8 | data[1]) % 31 != 0 || (data[0] & 15) != 8) return -1;
    if (bits(&r, 1) != 1 || bits(&r, 2) != 1) return -1;
    for (;;) {
        unsigned s = symbol(&r);
        if (r.ended || s > 285) return -1;
        if (s == 256) break;
        if (s < 256) {
            if (n == room) return -1;
            out[n++] = (uint8_t)s;
            continue;
        }
        unsigned length = length_from[s - 257];
        if (s >= 265 && s < 285) length += bits(&r, (int)(s - 261) / 4);
        unsigned d = code_bits(&r, 5, 0), distance = d + 1;
        if (d >= 4) {
            int extra = (int)(d - 2) / 2;
            distance = ((2 + d % 2) << extra) + 1 + bits(&r, extra);
        }
        if (distance > n || n + length > room) return -1;
        while (length--) out[n] = out[n - distance], n++;
    }
    size_t end = (r.at + 7) / 8;
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < n; i++) a = (a + out[i]) % 65521, b = (b + a) % 65521;
    uint32_t sum = b << 16 | a;
    if (end + 4 != size) return -1;
    for (int i = 0; i < 4; i++)
        if (data[end + (size_t)i] != (uint8_t)(sum >> (24 - 8 * i))) return -1;
    return (long)n;
}

static uint32_t word(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t crc_by_bits(const uint8_t *p, size_t n) {
    uint32_t crc = 0xffffffffu;
    while (n--) {
        crc ^= *p++;
        for (int k = 0; k < 8; k++) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

/* Walks the chunks, checks their sums, and compares every pixel with the canvas. */
static void read_png(const fv_text *png, const fv_canvas *c) {
    const uint8_t *p = (const uint8_t *)png->data, *end = p + png->length;
    const uint8_t *palette = NULL, *packed = NULL;
    size_t packed_size = 0;
    assert_memory_equal(p, "\x89PNG\r\n\x1a\n", 8);
    for (p += 8; p < end; p += 12 + word(p)) {
        assert_int_equal(crc_by_bits(p + 4, word(p) + 4), word(p + 8 + word(p)));
        if (!memcmp(p + 4, "IHDR", 4)) {
            assert_int_equal(word(p + 8), c->width);
            assert_int_equal(word(p + 12), c->height);
            assert_int_equal(p[16], 8);
        }
        if (!memcmp(p + 4, "PLTE", 4)) palette = p + 8;
        if (!memcmp(p + 4, "IDAT", 4)) packed = p + 8, packed_size = word(p);
    }
    assert_ptr_equal(p, end);
    assert_non_null(packed);
    size_t line = (size_t)c->width * (palette ? 1 : 3) + 1, size = line * (size_t)c->height;
    uint8_t *raw = malloc(size + 1);
    assert_non_null(raw);
#ifdef FV_HAVE_ZLIB
    uLongf got = (uLongf)size + 1;
    assert_int_equal(uncompress(raw, &got, packed, (uLong)packed_size), Z_OK);
    assert_int_equal(got, size);
#else
    assert_int_equal(inflate_fixed(packed, packed_size, raw, size), (long)size);
#endif
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            const uint8_t *row = raw + line * (size_t)y + 1;
            const uint8_t *pixel = palette ? palette + 3 * row[x] : row + 3 * x;
            assert_memory_equal(pixel, c->rgb + ((size_t)y * (size_t)c->width + (size_t)x) * 3, 3);
        }
    free(raw);
}

static void check_png(const fv_canvas *c) {
    fv_text png = {0};
    assert_int_equal(fv__png_encode(&context, c, &png), FV_OK);
    read_png(&png, c);
#ifdef FV_HAVE_PNG
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_memory(&image, png.data, png.length));
    image.format = PNG_FORMAT_RGB;
    size_t size = PNG_IMAGE_SIZE(image);
    uint8_t *back = malloc(size);
    assert_non_null(back);
    assert_true(png_image_finish_read(&image, NULL, back, 0, NULL));
    assert_int_equal(size, (size_t)c->width * (size_t)c->height * 3);
    assert_memory_equal(back, c->rgb, size);
    free(back);
#endif
    fv__text_free(&png);
}

/* --- PNG -------------------------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void png_reads_back(void **state) {
    (void)state;
    static const int sides[][2] = {{1, 1}, {1, 7}, {257, 1}, {33, 65}, {300, 200}};
    for (size_t s = 0; s < sizeof sides / sizeof sides[0]; s++)
        for (uint32_t colours = 1; colours <= 70000; colours = colours * 4 + 1) {
            fv_canvas c;
            assert_int_equal(fv__canvas_new(&context, sides[s][0], sides[s][1], 0, &c), FV_OK);
            uint32_t random = colours;
            for (size_t i = 0; i < (size_t)c.width * (size_t)c.height; i++) {
                uint32_t v = next_random(&random) % colours * 2654435761u;
                c.rgb[3 * i] = (uint8_t)v;
                c.rgb[3 * i + 1] = (uint8_t)(v >> 8);
                c.rgb[3 * i + 2] = (uint8_t)(v >> 16);
            }
            check_png(&c);
            fv__canvas_free(&c);
        }
}

/* 256 colours fit a palette, 257 do not. */
static void png_of_256_and_257_colours(void **state) {
    (void)state;
    for (int colours = 255; colours <= 258; colours++) {
        fv_canvas c;
        fv_text png = {0};
        assert_int_equal(fv__canvas_new(&context, colours, 2, 0, &c), FV_OK);
        for (int x = 0; x < colours; x++) fv__canvas_rect(&c, x, 0, 1, 2, (fv_colour)(x * 65537));
        assert_int_equal(fv__png_encode(&context, &c, &png), FV_OK);
        assert_int_equal(png.data[25], colours <= 256 ? 3 : 2);
        read_png(&png, &c);
        fv__text_free(&png);
        fv__canvas_free(&c);
    }
}

static void png_into_a_file(void **state) {
    (void)state;
    fv_canvas c;
    assert_int_equal(fv__canvas_new(&context, 20, 10, 0x123456, &c), FV_OK);
    assert_int_equal(fv__png_write(&context, &c, "view.png"), FV_OK);
    fv_bytes bytes;
    assert_int_equal(fv__file_read(&context, "view.png", 0, &bytes), FV_OK);
    fv_text png = {.data = (char *)(uintptr_t)bytes.data, .length = bytes.size};
    read_png(&png, &c);
    fv__file_release(&bytes);
    assert_int_not_equal(fv__png_write(&context, &c, "no/such/folder/view.png"), FV_OK);
    assert_non_null(strstr(context.message, "no/such/folder"));
    fv__canvas_free(&c);
}

static void check_deflate(const uint8_t *data, size_t size) {
    fv_text packed = {0};
    fv__deflate_small(&context, &packed, data, size);
    assert_int_equal(fv__text_done(&context, &packed), FV_OK);
    uint8_t *back = malloc(size + 1);
    assert_non_null(back);
    assert_int_equal(inflate_fixed((uint8_t *)packed.data, packed.length, back, size + 1), size);
    if (size) assert_memory_equal(back, data, size);
#ifdef FV_HAVE_ZLIB
    uLongf got = (uLongf)size + 1;
    assert_int_equal(uncompress(back, &got, (Bytef *)packed.data, (uLong)packed.length), Z_OK);
    assert_int_equal(got, size);
    if (size) assert_memory_equal(back, data, size);
#endif
    free(back);
    fv__text_free(&packed);
}

static void deflate_without_zlib(void **state) {
    (void)state;
    enum { MOST = 200000 };
    uint8_t *data = malloc(MOST);
    assert_non_null(data);
    static const size_t sizes[] = {0, 1, 2, 3, 4, 257, 258, 259, 260, 261, 5000, 33000, MOST};
    for (int kind = 0; kind < 5; kind++) {
        uint32_t random = 7;
        for (size_t i = 0; i < MOST; i++) {
            uint32_t r = next_random(&random);
            data[i] = (uint8_t)(kind == 0   ? 0
                                : kind == 1 ? r
                                : kind == 2 ? i / 700             /* runs */
                                : kind == 3 ? i % 32769 * 31 >> 3 /* far repeats */
                                            : (r % 100 ? 200 : r / 100));
        }
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) check_deflate(data, sizes[s]);
    }
    /* Every length at every kind of distance: a period of p, broken after n bytes. */
    for (size_t n = 3; n <= 262; n++) {
        size_t period = n * n % 3000 + 1, size = 0;
        uint32_t random = (uint32_t)n;
        while (size < period) data[size++] = (uint8_t)next_random(&random);
        for (size_t i = 0; i < n; i++, size++) data[size] = data[size - period];
        data[size] = (uint8_t)(data[size - period] + 1);
        check_deflate(data, size + 1);
    }
    free(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_reads_back),
        cmocka_unit_test(png_of_256_and_257_colours),
        cmocka_unit_test(png_into_a_file),
        cmocka_unit_test(deflate_without_zlib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
