/* SPDX-License-Identifier: MIT */
/*
 * test_view_maps.c - grids of maps, galleries, the confusion matrix, and images on a terminal.
 */
#include "view/parts.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context context;

static fv_colour pixel(const fv_canvas *c, int x, int y) {
    const uint8_t *p = c->rgb + ((size_t)y * (size_t)c->width + (size_t)x) * 3;
    return (fv_colour)p[0] << 16 | (fv_colour)p[1] << 8 | p[2];
}

static size_t count_pixels(const fv_canvas *c, fv_colour colour) {
    size_t n = 0;
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) n += pixel(c, x, y) == colour;
    return n;
}

/* --- grids and galleries ---------------------------------------------------------------------- */

static void maps_are_scaled_on_their_own(void **state) {
    (void)state;
    const float maps[] = {0, 1, 2, 3, /* */ 10, 10, 20, 30, /* */ 5, 5, 5, 5};
    fv_grid grid = {.maps = maps, .count = 3, .channels = 1, .h = 2, .w = 2};
    fv_canvas c;
    assert_int_equal(fv__draw_grid(&context, &grid, &c), FV_OK);
    size_t square = 84 * 84; /* a pixel of a 2 x 2 map in a tile of 168 */
    assert_int_equal(count_pixels(&c, 0x000000), (1 + 2 + 4) * square);
    assert_int_equal(count_pixels(&c, 0x555555), square);
    assert_int_equal(count_pixels(&c, 0xaaaaaa), square);
    assert_true(count_pixels(&c, 0xffffff) >= 2 * square);
    fv__canvas_free(&c);
}

static void diverging_maps_are_white_at_zero(void **state) {
    (void)state;
    const float maps[] = {-2, 0, 2, NAN, INFINITY, 1};
    fv_grid grid = {.maps = maps, .count = 1, .channels = 1, .h = 2, .w = 3, .diverging = true};
    fv_canvas c;
    assert_int_equal(fv__draw_grid(&context, &grid, &c), FV_OK);
    size_t square = 56 * 56;
    assert_int_equal(count_pixels(&c, 0xb2182b), square);
    assert_int_equal(count_pixels(&c, 0x2166ac), 2 * square); /* 2, and infinity cut to it */
    assert_int_equal(count_pixels(&c, 0xd4a017), square);     /* what is no number */
    fv__canvas_free(&c);
}

static void grids_of_every_size(void **state) {
    (void)state;
    static const int64_t sizes[][4] = {
        /* count, channels, h, w */
        {1, 1, 1, 1},    {7, 3, 1, 300},   {5000, 1, 1, 1},   {1, 1, 3000, 20},
        {64, 1, 56, 56}, {3, 3, 500, 700}, {1000, 1, 14, 14}, {2, 1, 2000, 1},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int kind = 0; kind < 4; kind++) {
            const int64_t *s = sizes[i];
            float *maps = malloc((size_t)(s[0] * s[1] * s[2] * s[3]) * sizeof *maps);
            const char **captions = malloc((size_t)s[0] * sizeof *captions);
            assert_non_null(maps);
            assert_non_null(captions);
            for (int64_t k = 0; k < s[0] * s[1] * s[2] * s[3]; k++) maps[k] = (float)(k % 17);
            for (int64_t k = 0; k < s[0]; k++) captions[k] = k % 5 ? "4 read as 9\n97 %" : NULL;
            fv_grid grid = {.title = "A title that is longer than a single small tile could be",
                            .maps = maps,
                            .count = s[0],
                            .channels = s[1],
                            .h = s[2],
                            .w = s[3],
                            .captions = kind & 1 ? captions : NULL,
                            .columns = kind & 2 ? 3 : 0};
            fv_canvas c;
            assert_int_equal(fv__draw_grid(&context, &grid, &c), FV_OK);
            assert_true(c.width <= 4000);
            fv__canvas_free(&c);
            free(captions);
            free(maps);
        }
}

static void impossible_grids_are_refused(void **state) {
    (void)state;
    static const int64_t bad[][4] = {{0, 1, 1, 1},  {1, 2, 1, 1},         {1, 1, 0, 1},
                                     {1, 1, 1, -1}, {INT64_MAX, 3, 1, 1}, {1, 1, INT64_MAX, 2}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fv_grid grid = {.count = bad[i][0], .channels = bad[i][1], .h = bad[i][2], .w = bad[i][3]};
        fv_canvas c;
        assert_int_equal(fv__draw_grid(&context, &grid, &c), FV_BAD_INPUT);
        assert_null(c.rgb);
    }
    fv_gallery none = {.count = 0, .channels = 1, .h = 8, .w = 8};
    fv_gallery four = {.count = 1, .channels = 4, .h = 8, .w = 8};
    fv_canvas c;
    assert_int_equal(fv__draw_gallery(&context, &none, &c), FV_BAD_INPUT);
    assert_int_equal(fv__draw_gallery(&context, &four, &c), FV_BAD_INPUT);
}

static void galleries_of_planes_and_of_pixels(void **state) {
    (void)state;
    uint8_t planes[3 * 12], pixels[3 * 12];
    for (int p = 0; p < 12; p++)
        for (int k = 0; k < 3; k++) planes[k * 12 + p] = pixels[3 * p + k] = (uint8_t)(20 * p + k);
    const uint8_t *a[] = {planes, NULL}, *b[] = {pixels, NULL};
    const char *captions[] = {"4 read as 9, 97 %", NULL};
    fv_gallery gallery = {
        .images = a, .count = 2, .channels = 3, .h = 4, .w = 3, .captions = captions};
    fv_canvas one, two;
    assert_int_equal(fv__draw_gallery(&context, &gallery, &one), FV_OK);
    gallery.images = b;
    gallery.interleaved = true;
    assert_int_equal(fv__draw_gallery(&context, &gallery, &two), FV_OK);
    assert_int_equal(one.width, two.width);
    assert_int_equal(one.height, two.height);
    assert_memory_equal(one.rgb, two.rgb, (size_t)one.width * (size_t)one.height * 3);
    assert_true(count_pixels(&one, 0x3c3d3e) > 100); /* pixel 3: 60, 61, 62 */
    fv__canvas_free(&one);
    fv__canvas_free(&two);
}

/* --- confusion -------------------------------------------------------------------------------- */

static void mistakes_differ_from_the_diagonal(void **state) {
    (void)state;
    int64_t counts[9] = {100, 0, 0, 0, 90, 10, 0, 0, 100};
    const char *names[] = {"cat", NULL, "a name much longer than any square is wide"};
    fv_canvas c;
    assert_int_equal(fv__draw_confusion(&context, counts, 3, names, &c), FV_OK);
    assert_true(count_pixels(&c, 0x9fc6e3) > 2 * 80 * 80); /* all right */
    assert_true(count_pixels(&c, 0xb93a04) > 80 * 80);     /* the worst mistake */
    fv__canvas_free(&c);
}

static void confusion_of_any_size_and_counts(void **state) {
    (void)state;
    static const int64_t classes[] = {1, 2, 3, 10, 26, 57, 100, 129, 300, 1000};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        for (int kind = 0; kind < 4; kind++) {
            int64_t n = classes[i];
            int64_t *counts = calloc((size_t)(n * n), sizeof *counts);
            assert_non_null(counts);
            for (int64_t k = 0; k < n * n; k++)
                counts[k] = kind == 0   ? 0
                            : kind == 1 ? (k % (n + 1) ? k % 7 == 0 : 900)
                            : kind == 2 ? INT64_MAX
                                        : -k;
            fv_canvas c;
            assert_int_equal(fv__draw_confusion(&context, counts, n, NULL, &c), FV_OK);
            fv__canvas_free(&c);
            free(counts);
        }
    int64_t one = 1;
    fv_canvas c;
    assert_int_equal(fv__draw_confusion(&context, &one, 0, NULL, &c), FV_BAD_INPUT);
    assert_int_equal(fv__draw_confusion(&context, &one, 100000, NULL, &c), FV_BAD_INPUT);
    assert_non_null(strstr(context.message, "4096 classes"));
}

/* --- terminal --------------------------------------------------------------------------------- */

static void images_on_a_terminal(void **state) {
    (void)state;
    const uint8_t gray[] = {0, 255, 0, 255, /* */ 255, 0, 0, 255, /* */ 255, 255, 0, 0};
    fv_text text = {0};
    fv__image_terminal(&text, gray, 3, 4, 80, FV_TERMINAL_BLOCKS);
    assert_string_equal(text.data, "▄▀ █\n▀▀\n");
    fv__text_free(&text);
    fv__image_terminal(&text, gray, 1, 2, 80, FV_TERMINAL_SHADES);
    assert_string_equal(text.data, "\033[38;5;232;48;5;232m▀\033[38;5;255;48;5;232m▀\033[0m\n");
    fv__text_free(&text);
    const uint8_t grays[] = {0, 60, 90, 128, 255, /* */ 0, 60, 90, 128, 255};
    fv__image_terminal(&text, grays, 2, 5, 80, FV_TERMINAL_LETTERS);
    assert_string_equal(text.data, " :-=@\n");
    fv__text_free(&text);
    fv__image_terminal(&text, gray, 0, 2, 80, FV_TERMINAL_SHADES);
    fv__image_terminal(&text, gray, 2, 2, 0, FV_TERMINAL_SHADES);
    assert_null(text.data);
    uint8_t *large = malloc(1000 * 999);
    assert_non_null(large);
    memset(large, 255, 1000 * 999);
    fv__image_terminal(&text, large, 1000, 999, 50, FV_TERMINAL_BLOCKS);
    assert_int_equal(strcspn(text.data, "\n"), 3 * 50); /* 3 bytes a block */
    fv__text_free(&text);
    free(large);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_are_scaled_on_their_own),
        cmocka_unit_test(diverging_maps_are_white_at_zero),
        cmocka_unit_test(grids_of_every_size),
        cmocka_unit_test(impossible_grids_are_refused),
        cmocka_unit_test(galleries_of_planes_and_of_pixels),
        cmocka_unit_test(mistakes_differ_from_the_diagonal),
        cmocka_unit_test(confusion_of_any_size_and_counts),
        cmocka_unit_test(images_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
