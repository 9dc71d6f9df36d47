/* SPDX-License-Identifier: MIT */
/*
 * test_image_bmp.c - BMP files of every depth, made here by the book; cut, lying and damaged ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "data/image.h"

#include <stdlib.h>
#include <string.h>

static fv_context context;

typedef struct file {
    uint8_t bytes[512];
    size_t size;
} file;

static void put(file *f, uint32_t v, int bytes) {
    for (int i = 0; i < bytes; i++) f->bytes[f->size++] = (uint8_t)(v >> (8 * i));
}

/* What stands before the palette: a header of `length` bytes. */
static file begin(uint32_t length, int width, int height, int bits, uint32_t compression,
                  uint32_t colours, uint32_t offset) {
    file f = {.size = 0};
    put(&f, 'B' | 'M' << 8, 2);
    put(&f, 0, 4);
    put(&f, 0, 4);
    put(&f, offset, 4);
    put(&f, length, 4);
    put(&f, (uint32_t)width, length == 12 ? 2 : 4);
    put(&f, (uint32_t)height, length == 12 ? 2 : 4);
    put(&f, 1, 2);
    put(&f, (uint32_t)bits, 2);
    if (length == 12) return f;
    put(&f, compression, 4);
    for (int i = 0; i < 3; i++) put(&f, 0, 4);
    put(&f, colours, 4);
    put(&f, 0, 4);
    return f;
}

static void add(file *f, const void *bytes, size_t size) {
    memcpy(f->bytes + f->size, bytes, size);
    f->size += size;
}

/* From a block of exactly its size, so that a sanitizer sees reading beyond. */
static fv_status decode(const file *f, size_t size, fv_image *p) {
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact) fail_msg("no memory");
    memcpy(exact, f->bytes, size);
    const fv_status status = fv__image_decode(&context, "a file", exact, size, p);
    free(exact);
    return status;
}

static void expect(const file *f, int64_t width, int64_t height, int channels,
                   const uint8_t *pixels) {
    fv_image p;
    if (decode(f, f->size, &p) != FV_OK) fail_msg("%s", context.message);
    assert_true(p.width == width && p.height == height && p.channels == channels);
    assert_memory_equal(p.pixels, pixels, (size_t)(width * height * channels));
    fv__image_free(&p);
    for (size_t n = 0; n < f->size; n++) { /* cut anywhere it is refused */
        assert_int_equal(decode(f, n, &p), FV_BAD_INPUT);
        assert_true(context.message[0] && !p.pixels);
    }
}

static void every_depth(void **state) {
    (void)state;
    static const uint8_t colours[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};
    file f = begin(40, 2, 2, 24, 0, 0, 54); /* the lowest row first, padded to 4 bytes */
    add(&f, "\xff\0\0\xff\xff\xff\0\0\0\0\xff\0\xff\0\0\0", 16);
    expect(&f, 2, 2, 3, colours);
    f = begin(40, 2, -2, 32, 0, 0, 54);
    add(&f, "\0\0\xff\0\0\xff\0\0\xff\0\0\0\xff\xff\xff\0", 16);
    expect(&f, 2, 2, 3, colours);
    f = begin(12, 2, 2, 24, 0, 0, 26);
    add(&f, "\xff\0\0\xff\xff\xff\0\0\0\0\xff\0\xff\0\0\0", 16);
    expect(&f, 2, 2, 3, colours);
    f = begin(40, 2, 2, 4, 0, 4, 54 + 16); /* a palette of four, two pixels a byte */
    add(&f, "\0\0\xff\0\0\xff\0\0\xff\0\0\0\xff\xff\xff\0", 16);
    add(&f, "\x23\0\0\0\x01\0\0\0", 8);
    expect(&f, 2, 2, 3, colours);
    static const uint8_t grays[] = {255, 0, 255, 7, 7, 7, 0, 255, 7};
    f = begin(40, 9, 1, 8, 0, 3, 54 + 12);
    add(&f, "\0\0\0\0\7\7\7\0\xff\xff\xff\0", 12);
    add(&f, "\2\0\2\1\1\1\0\2\1\0\0\0", 12);
    expect(&f, 9, 1, 1, grays);
    static const uint8_t bits[] = {0, 255, 255, 0, 0, 0, 0, 0, 255};
    f = begin(40, 9, 1, 1, 0, 0, 54 + 8);
    add(&f, "\0\0\0\0\xff\xff\xff\0\x60\x80\0\0", 12);
    expect(&f, 9, 1, 1, bits);
}

static void masks(void **state) {
    (void)state;
    static const uint8_t five[] = {255, 0, 0, 0, 132, 255};
    file f = begin(40, 2, 1, 16, 0, 0, 54); /* 5 bits each */
    put(&f, 31u << 10, 2);
    put(&f, 16u << 5 | 31, 2);
    expect(&f, 2, 1, 3, five);
    static const uint8_t six[] = {255, 0, 0, 0, 130, 255};
    f = begin(40, 2, 1, 16, 3, 0, 54 + 12); /* 5, 6, 5 */
    put(&f, 0xf800, 4), put(&f, 0x7e0, 4), put(&f, 0x1f, 4);
    put(&f, 31u << 11, 2);
    put(&f, 32u << 5 | 31, 2);
    expect(&f, 2, 1, 3, six);
    static const uint8_t laid[] = {1, 2, 3, 255, 255, 255, 255, 128, 128};
    f = begin(56, 3, 1, 32, 3, 0, 14 + 56); /* alpha over white */
    put(&f, 0xff, 4), put(&f, 0xff00, 4), put(&f, 0xff0000, 4), put(&f, 0xff000000u, 4);
    put(&f, 0xff030201u, 4);
    put(&f, 0x00030201u, 4);
    put(&f, 0x7f0000ffu, 4);
    expect(&f, 3, 1, 3, laid);
}

static void refuse(const file *f, const char *words) {
    fv_image p;
    assert_int_equal(decode(f, f->size, &p), FV_BAD_INPUT);
    if (!strstr(context.message, words)) fail_msg("%s: %s", words, context.message);
}

static void lies(void **state) {
    (void)state;
    file f = begin(40, 100000, 100000, 24, 0, 0, 54);
    refuse(&f, "at most 268435456 pixels");
    f = begin(40, INT32_MAX, INT32_MIN, 32, 0, 0, 54);
    refuse(&f, "at most");
    f = begin(40, -1, 1, 24, 0, 0, 54);
    refuse(&f, "a file: ");
    f = begin(40, 0, 1, 24, 0, 0, 54);
    refuse(&f, "no content");
    f = begin(40, 10000, 10000, 24, 0, 0, 54);
    refuse(&f, "need 300000000 bytes, and the file holds 0");
    f = begin(40, 4, 4, 8, 1, 0, 54);
    put(&f, 0, 4);
    f.size = 500 > f.size ? 500 : f.size;
    refuse(&f, "ends before its palette does");
    f = begin(40, 4, 4, 8, 1, 2, 62);
    put(&f, 0, 4), put(&f, 0, 4);
    refuse(&f, "is compressed (kind 1)");
    f = begin(40, 4, 4, 7, 0, 0, 54);
    f.size = 512;
    refuse(&f, "a file: ");
    f = begin(40, 4, 4, 24, 0, 0, 5000);
    refuse(&f, "ends before its pixels");
    f = begin(124, 4, 4, 24, 0, 0, 54);
    refuse(&f, "header is cut short");
}

static void damaged(void **state) {
    (void)state;
    const fv_key key = fv__key(11, FV_STREAM_CHECK, 0, 0);
    uint64_t number = 0;
    file good[3] = {begin(40, 2, 2, 24, 0, 0, 54), begin(40, 2, 2, 4, 0, 4, 54 + 16),
                    begin(56, 2, 2, 32, 3, 0, 14 + 56)};
    for (int i = 0; i < 9000; i++) {
        file f = good[i % 3];
        f.size += 40;
        for (int k = 0; k < 3; k++) {
            const size_t at = 2 + (size_t)fv__random_below(key, number++, 80);
            f.bytes[at] = (uint8_t)fv__random_below(key, number++, 256);
        }
        fv_image p;
        const fv_status status = decode(&f, f.size - fv__random_below(key, number++, 40), &p);
        assert_true(status == FV_OK || status == FV_BAD_INPUT);
        fv__image_free(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_depth), cmocka_unit_test(masks),
                                       cmocka_unit_test(lies), cmocka_unit_test(damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
