/* SPDX-License-Identifier: MIT */
/*
 * test_view.c - canvas, font, PNG and the compression behind it.
 *
 * What was encoded is decoded again by other means: a reader of fixed Huffman blocks written here
 * from RFC 1951, zlib, and libpng, as far as they are there.
 */
#include "view/parts.h"
#include <limits.h>
#include <math.h>
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
    static const unsigned length_from[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,
                                           15, 17, 19, 23, 27, 31, 35, 43, 51,  59,
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
        for (int x = 0; x < colours; x++)
            fv__canvas_rect(&c, x, 0, 1, 2, (fv_colour)(x * 65537));
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
                                : kind == 2 ? i / 700 /* runs */
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

/* --- canvas ----------------------------------------------------------------------------------- */

static fv_colour pixel(const fv_canvas *c, int x, int y) {
    const uint8_t *p = c->rgb + ((size_t)y * (size_t)c->width + (size_t)x) * 3;
    return (fv_colour)p[0] << 16 | (fv_colour)p[1] << 8 | p[2];
}

static void canvas_limits(void **state) {
    (void)state;
    static const int bad[][2] = {{0, 5}, {5, 0}, {-1, 5}, {5, -1}, {32768, 1}, {1, INT_MAX},
                                 {30000, 30000}, {INT_MIN, INT_MIN}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fv_canvas c;
        assert_int_equal(fv__canvas_new(&context, bad[i][0], bad[i][1], 0, &c), FV_BAD_INPUT);
        assert_null(c.rgb);
        assert_non_null(strstr(context.message, "cannot be drawn"));
        fv__canvas_free(&c);
    }
}

static void drawing_outside_is_cut(void **state) {
    (void)state;
    fv_canvas c, small;
    assert_int_equal(fv__canvas_new(&context, 40, 30, 0xffffff, &c), FV_OK);
    assert_int_equal(fv__canvas_new(&context, 10, 10, 0x00ff00, &small), FV_OK);
    fv__canvas_rect(&c, INT_MAX, INT_MAX, INT_MAX, INT_MAX, 0);
    fv__canvas_rect(&c, INT_MIN, INT_MIN, INT_MAX, INT_MAX, 0);
    fv__canvas_rect(&c, 5, 5, -3, -3, 0);
    fv__canvas_line(&c, NAN, 0, 10, 10, 2, 0);
    fv__canvas_line(&c, 0, 0, INFINITY, 10, 2, 0);
    fv__canvas_line(&c, -1e300, -5e299, -1e200, -1e200, 2, 0);
    fv__canvas_line(&c, 0, 0, 10, 10, -1, 0);
    fv__canvas_text(&c, -100000, -100000, 1, 0, "far away");
    fv__canvas_text(&c, 100000, 100000, 64, 0, "far away");
    fv__canvas_blit(&c, INT_MAX, INT_MAX, &small);
    fv__canvas_blit(&c, INT_MIN, 0, &small);
    for (int y = 0; y < 30; y++)
        for (int x = 0; x < 40; x++) assert_int_equal(pixel(&c, x, y), 0xffffff);
    fv__canvas_blit(&c, 35, -5, &small);
    assert_int_equal(pixel(&c, 35, 0), 0x00ff00);
    assert_int_equal(pixel(&c, 39, 4), 0x00ff00);
    assert_int_equal(pixel(&c, 34, 0), 0xffffff);
    assert_int_equal(pixel(&c, 39, 5), 0xffffff);
    fv__canvas_line(&c, -1e6, 15, 1e6, 15, 2, 0xff0000); /* through the whole */
    for (int x = 0; x < 40; x++) assert_int_equal(pixel(&c, x, 14), 0xff0000);
    fv__canvas_free(&small);
    fv__canvas_free(&c);
}

static void lines_cover_what_they_should(void **state) {
    (void)state;
    fv_canvas c;
    assert_int_equal(fv__canvas_new(&context, 100, 100, 0, &c), FV_OK);
    fv__canvas_line(&c, 10, 20, 90, 80, 4, 0xffffff);
    double light = 0;
    for (int y = 0; y < 100; y++)
        for (int x = 0; x < 100; x++) light += (pixel(&c, x, y) & 255) / 255.0;
    /* A band 100 long and 4 wide with round ends of radius 2. */
    assert_true(fabs(light - (400 + 3.14159 * 4)) < 8);
    fv__canvas_free(&c);
}

/* --- font ------------------------------------------------------------------------------------- */

static double ink(const fv_canvas *c) {
    double sum = 0;
    for (size_t i = 0; i < (size_t)c->width * (size_t)c->height; i++) sum += 255 - c->rgb[3 * i];
    return sum / 255;
}

static void every_letter_is_drawn_and_its_own(void **state) {
    (void)state;
    static uint8_t seen[95][40 * 40 * 3];
    for (int scale = 1; scale <= 2; scale++)
        for (int i = 0; i < 95; i++) {
            fv_canvas c;
            char text[2] = {(char)(32 + i), 0};
            assert_int_equal(fv__canvas_new(&context, 40, 40, 0xffffff, &c), FV_OK);
            int width = fv__canvas_text(&c, 4, 6, scale, 0, text);
            assert_int_equal(width, fv__text_width(scale, text));
            assert_true(width >= 3 * scale && width <= 10 * scale);
            assert_true(i == 0 ? ink(&c) == 0 : ink(&c) > 1);
            for (int y = 0; y < 40; y++) /* within its cell, a pixel of softness aside */
                for (int x = 0; x < 40; x++)
                    if (x < 4 - scale || y < 5 || x > 4 + width + scale || y > 6 + 13 * scale)
                        assert_int_equal(pixel(&c, x, y), 0xffffff);
            memcpy(seen[i], c.rgb, sizeof seen[i]);
            for (int j = 0; j < i; j++) assert_memory_not_equal(seen[i], seen[j], sizeof seen[i]);
            fv__canvas_free(&c);
        }
}

static void digits_are_of_one_width(void **state) {
    (void)state;
    for (char d = '0'; d <= '9'; d++)
        assert_int_equal(fv__text_width(1, (char[]){d, 0}), 7);
}

static void any_bytes_are_drawn(void **state) {
    (void)state;
    fv_canvas c;
    assert_int_equal(fv__canvas_new(&context, 300, 40, 0xffffff, &c), FV_OK);
    uint32_t random = 3;
    for (int i = 0; i < 3000; i++) {
        char text[20];
        size_t n = next_random(&random) % 19;
        for (size_t k = 0; k < n; k++) text[k] = (char)(1 + next_random(&random) % 255);
        text[n] = 0;
        fv_type type = {.scale = 0.1 + (double)(next_random(&random) % 30) / 10, .up = i % 2};
        char fit[FV_FIT_MAX];
        double room = next_random(&random) % 100;
        fv__type_fit(&type, text, room, fit);
        assert_true(fv__type_width(&type, fit) <= fmax(room, fv__type_width(&type, "\u2026")));
        fv__canvas_type(&c, 150, 20, &type, text);
    }
    /* All of Latin-1 and the signs have shapes of their own, others a box. */
    for (uint32_t code = 0xa0; code < 0x100; code++) {
        int advance;
        const char *accent;
        assert_non_null(fv__glyph(code, &advance, &accent));
        assert_true(advance > 0);
    }
    fv__canvas_text(&c, 0, 0, 1, 0, "\u00c4\u00e9\u00f1\u00e7\u00d8\u00ff\u4e2d\U0001f600");
    fv__canvas_free(&c);
}

static void long_text_is_cut_to_fit(void **state) {
    (void)state;
    fv_type type = {.scale = 1};
    char fit[FV_FIT_MAX], all[2000];
    assert_string_equal(fv__type_fit(&type, "short", 500, fit), "short");
    assert_string_equal(fv__type_fit(&type, "a long name", 50, fit), "a long\u2026");
    assert_string_equal(fv__type_fit(&type, "any", 0, fit), "\u2026");
    memset(all, 'i', sizeof all - 1);
    all[sizeof all - 1] = 0;
    assert_true(strlen(fv__type_fit(&type, all, 1e9, fit)) < FV_FIT_MAX);
}

static void utf8(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t first;
        int columns;
    } cases[] = {
        {"a", 'a', 1},         {"\u00e4", 0xe4, 1},          {"\u4e2d", 0x4e2d, 2},
        {"\xff", 0xfffd, 1},   {"\xc3", 0xfffd, 1},          {"\xe4\xb8", 0xfffd, 2},
        {"\xc0\x80", 0xfffd, 2}, {"\xed\xa0\x80", 0xfffd, 3}, {"\U0001f600", 0x1f600, 2},
        {"\xf5\x80", 0xfffd, 2}, {"e\u0301", 'e', 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *at = cases[i].text;
        assert_int_equal(fv__utf8_next(&at), cases[i].first);
        assert_int_equal(fv__utf8_columns(cases[i].text), cases[i].columns);
    }
}

static void colours(void **state) {
    (void)state;
    assert_int_equal(fv__diverging(0), 0xffffff);
    assert_int_equal(fv__diverging(-9), fv__diverging(-1));
    assert_int_equal(fv__diverging(NAN), fv__diverging(-1));
    assert_true((fv__diverging(1) & 255) > fv__diverging(1) >> 16);  /* blue above */
    assert_true((fv__diverging(-1) & 255) < fv__diverging(-1) >> 16); /* red below */
    assert_int_equal(fv__mix(0x102030, 0x506070, 0.5), 0x304050);
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < i; j++) assert_int_not_equal(fv__palette(i), fv__palette(j));
        assert_true(fv__luminance(fv__on_dark(fv__palette(i))) > 0.45);
    }
    assert_int_equal(fv__palette(7), fv__palette(0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_reads_back),
        cmocka_unit_test(png_of_256_and_257_colours),
        cmocka_unit_test(png_into_a_file),
        cmocka_unit_test(deflate_without_zlib),
        cmocka_unit_test(canvas_limits),
        cmocka_unit_test(drawing_outside_is_cut),
        cmocka_unit_test(lines_cover_what_they_should),
        cmocka_unit_test(every_letter_is_drawn_and_its_own),
        cmocka_unit_test(digits_are_of_one_width),
        cmocka_unit_test(any_bytes_are_drawn),
        cmocka_unit_test(long_text_is_cut_to_fit),
        cmocka_unit_test(utf8),
        cmocka_unit_test(colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
