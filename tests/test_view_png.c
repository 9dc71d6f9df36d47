/* SPDX-License-Identifier: MIT */
/*
 * test_view_png.c - PNG, deflated with zlib and stored without. What was encoded is decoded again
 * by other means: zlib, or a reader of stored blocks written here from RFC 1951, and libpng.
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

#ifndef FV_HAVE_ZLIB
/* zlib format of stored blocks only (RFC 1951, 3.2.4); the number of bytes, or -1. */
static long inflate_stored(const uint8_t *data, size_t size, uint8_t *out, size_t room) {
    size_t at = 2, n = 0;
    if (size < 11 || ((unsigned)data[0] << 8 | data[1]) % 31 != 0 || (data[0] & 15) != 8) return -1;
    for (bool last = false; !last;) {
        if (at + 5 > size || data[at] > 1) return -1;
        last = data[at];
        size_t length = (size_t)(data[at + 1] | data[at + 2] << 8);
        if ((length ^ 65535) != (size_t)(data[at + 3] | data[at + 4] << 8)) return -1;
        at += 5;
        if (at + length > size || n + length > room) return -1;
        memcpy(out + n, data + at, length);
        at += length;
        n += length;
    }
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < n; i++) a = (a + out[i]) % 65521, b = (b + a) % 65521;
    uint32_t sum = b << 16 | a;
    if (at + 4 != size) return -1;
    for (int i = 0; i < 4; i++)
        if (data[at + (size_t)i] != (uint8_t)(sum >> (24 - 8 * i))) return -1;
    return (long)n;
}
#endif

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
    assert_int_equal(inflate_stored(packed, packed_size, raw, size), (long)size);
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
    static const int sides[][2] = {{1, 1}, {1, 7}, {257, 1}, {33, 65}, {300, 200}, {600, 400}};
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_reads_back),
        cmocka_unit_test(png_of_256_and_257_colours),
        cmocka_unit_test(png_into_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
