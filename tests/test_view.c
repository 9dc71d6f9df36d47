/* SPDX-License-Identifier: MIT */
/*
 * test_view.c - canvas, font and colours.
 */
#include "view/parts.h"
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context context;

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* --- canvas ----------------------------------------------------------------------------------- */

static fv_colour pixel(const fv_canvas *c, int x, int y) {
    const uint8_t *p = c->rgb + ((size_t)y * (size_t)c->width + (size_t)x) * 3;
    return (fv_colour)p[0] << 16 | (fv_colour)p[1] << 8 | p[2];
}

/* Black letters; gives their width. */
static double letters(fv_canvas *c, int x, int y, int scale, const char *text) {
    const fv_type type = {.scale = scale};
    return fv__canvas_type(c, x, y, &type, text);
}

static void canvas_limits(void **state) {
    (void)state;
    static const int bad[][2] = {{0, 5},     {5, 0},       {-1, 5},        {5, -1},
                                 {32768, 1}, {1, INT_MAX}, {30000, 30000}, {INT_MIN, INT_MIN}};
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
    fv_canvas c;
    assert_int_equal(fv__canvas_new(&context, 40, 30, 0xffffff, &c), FV_OK);
    fv__canvas_rect(&c, INT_MAX, INT_MAX, INT_MAX, INT_MAX, 0);
    fv__canvas_rect(&c, INT_MIN, INT_MIN, INT_MAX, INT_MAX, 0);
    fv__canvas_rect(&c, 5, 5, -3, -3, 0);
    fv__canvas_line(&c, NAN, 0, 10, 10, 2, 0);
    fv__canvas_line(&c, 0, 0, INFINITY, 10, 2, 0);
    fv__canvas_line(&c, -1e300, -5e299, -1e200, -1e200, 2, 0);
    fv__canvas_line(&c, 0, 0, 10, 10, -1, 0);
    (void)letters(&c, -100000, -100000, 1, "far away");
    (void)letters(&c, 100000, 100000, 64, "far away");
    for (int y = 0; y < 30; y++)
        for (int x = 0; x < 40; x++) assert_int_equal(pixel(&c, x, y), 0xffffff);
    fv__canvas_line(&c, -1e6, 15, 1e6, 15, 2, 0xff0000); /* through the whole */
    for (int x = 0; x < 40; x++) assert_int_equal(pixel(&c, x, 14), 0xff0000);
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
            const int width = (int)letters(&c, 4, 6, scale, text);
            assert_int_equal(width, (int)fv__type_width(&(fv_type){.scale = scale}, text));
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
        assert_true(fv__type_width(&(fv_type){.scale = 1}, (char[]){d, 0}) == 7);
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
    (void)letters(&c, 0, 0, 1, "\u00c4\u00e9\u00f1\u00e7\u00d8\u00ff\u4e2d\U0001f600");
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
        {"a", 'a', 1},           {"\u00e4", 0xe4, 1},         {"\u4e2d", 0x4e2d, 2},
        {"\xff", 0xfffd, 1},     {"\xc3", 0xfffd, 1},         {"\xe4\xb8", 0xfffd, 2},
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
    assert_true((fv__diverging(1) & 255) > fv__diverging(1) >> 16);   /* blue above */
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
