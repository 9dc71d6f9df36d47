/* SPDX-License-Identifier: MIT */
/*
 * test_view_figure.c - figures: that both ways of putting one down show what is in its list.
 */
#include "base/memory.h"
#include "view/figure.h"
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

static char *html_of(const fv_figure *f) {
    fv_text html = {0};
    fv__figure_html(&html, f);
    assert_int_equal(fv__text_done(&context, &html), FV_OK);
    return html.data;
}

static double letters(const fv_mark *mark) {
    return 10.0 * fv__utf8_columns(mark->text);
}

static fv_mark word(const char *text, double x, double y, double anchor) {
    return (fv_mark){
        .kind = FV_MARK_TEXT, .at = {.x = x, .y = y}, .anchor = anchor, .size = 1, .text = text};
}

/* --- the list --------------------------------------------------------------------------------- */

static void each_mark_is_put_down_twice(void **state) {
    (void)state;
    const fv_shade red = {.tone = FV_TONE_COLOUR, .colour = 0xd40000},
                   blue = {.tone = FV_TONE_COLOUR, .colour = 0x0000d4};
    fv_figure f;
    fv_canvas c;
    fv__figure_init(&f, &context);
    f.side = 200;
    f.title = "a title";
    f.note = "a <note>";
    f.x_title = "across";
    fv__figure_add(&f, (fv_mark){.kind = FV_MARK_RECT,
                                 .shade = red,
                                 .at = {.x = 0.25, .y = 0.25},
                                 .wide = 20,
                                 .high = 10});
    fv__figure_add(
        &f, (fv_mark){.kind = FV_MARK_DOT, .shade = blue, .at = {.x = 0.75, .y = 0.5}, .wide = 20});
    fv__figure_line(&f, 3, (fv_shade){.tone = FV_TONE_COLOUR, .colour = 0x00d400});
    fv__figure_point(&f, 0, 1);
    fv__figure_point(&f, 1, 1);
    fv__figure_add(&f, word("w<rd", 0.5, 0.1, 0.5));
    assert_int_equal(fv__figure_done(&f), FV_OK);
    assert_int_equal(fv__figure_canvas(&context, &f, &c), FV_OK);
    assert_int_equal(count_pixels(&c, 0xd40000), 40 * 20);
    assert_true(fabs((double)count_pixels(&c, 0x0000d4) - 3.14159 * 20 * 20) < 150);
    assert_true(fabs((double)count_pixels(&c, 0x00d400) - 400 * 6) < 100);
    assert_true(count_pixels(&c, FV_INK) > 50);
    char *html = html_of(&f);
    static const char *const parts[] = {"<rect class=\"k\" style=\"--l:#d40000;--n:",
                                        " x=\"25%\" y=\"25%\" width=\"20\" height=\"10\"",
                                        "<circle class=\"k\"",
                                        " cx=\"75%\" cy=\"50%\" r=\"10\"",
                                        "d=\"M0 1000L1000 1000\"",
                                        " text-anchor=\"middle\">w&lt;rd</text>",
                                        "<h3>a title</h3>",
                                        "<figcaption>a &lt;note&gt;</figcaption>",
                                        ">across</text>"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strstr(html, parts[i])) fail_msg("%s is not in %s", parts[i], html);
    fv__free(html);
    fv__canvas_free(&c);
    fv__figure_free(&f);
}

static void margins_hold_what_reaches_beyond(void **state) {
    (void)state;
    fv_figure f;
    fv__figure_init(&f, &context);
    fv__figure_add(&f, word("12345", 0, 0.5, 1));       /* 50 to the left */
    fv__figure_add(&f, word("123", 1, 0.5, 0.5));       /* 15 to the right */
    fv__figure_add(&f, word("1234567", 0.5, 0.5, 0.5)); /* inside */
    fv_mark up = word("1234", 0.5, 0, 0);
    up.upright = true; /* 40 upwards */
    fv__figure_add(&f, up);
    fv_mark spare = word("12345678", 1, 1, 0);
    spare.spare = true; /* 80 to the right, when there is room */
    fv__figure_add(&f, spare);
    assert_int_equal(fv__figure_done(&f), FV_OK);
    const fv_margins wide = fv__figure_margins(&f, 400, 300, false, letters);
    const fv_margins narrow = fv__figure_margins(&f, 400, 300, true, letters);
    assert_true(wide.left == 50 && wide.right == 80 && wide.top == 40);
    assert_true(wide.bottom == FV_LABEL_HIGH / 2);
    assert_true(narrow.left == 50 && narrow.right == 15 && narrow.top == 40 && narrow.bottom == 0);
    fv__figure_free(&f);
}

static void long_names_are_cut_to_their_room(void **state) {
    (void)state;
    fv_figure f;
    fv_canvas c;
    fv__figure_init(&f, &context);
    f.side = 100;
    fv_mark name = word("\u00e4 name that would go on and on and on and on and on", 0, 0.5, 1);
    name.room = 73;
    fv__figure_add(&f, name);
    char *html = html_of(&f);
    assert_non_null(strstr(html, ">\u00e4 name th\u2026</text>"));
    fv__free(html);
    assert_int_equal(fv__figure_canvas(&context, &f, &c), FV_OK);
    assert_int_equal(c.width, 900); /* and no wider for the name */
    fv__canvas_free(&c);
    fv__figure_free(&f);
}

/* --- what is described so --------------------------------------------------------------------- */

static void a_confusion_says_the_same_twice(void **state) {
    (void)state;
    static const int64_t counts[9] = {90, 10, 0, 0, 1234, 0, 5, 0, 0};
    static const char *const names[3] = {"cat", "do<g", "a mouse"};
    fv_figure f;
    fv_canvas c;
    assert_int_equal(fv__confusion_figure(&context, counts, 3, names, &f), FV_OK);
    assert_string_equal(f.title, "1,324 of 1,339 right: 98.88 %");
    assert_string_equal(f.note, "Most often  cat as do<g: 10,  a mouse as cat: 5");
    char *html = html_of(&f);
    static const char *const parts[] = {"<title>cat read rightly: 90 of 100 (90.0 %)</title>",
                                        "<title>cat read as do&lt;g: 10 of 100 (10.0 %)</title>",
                                        "<title>a mouse read as cat: 5 of 5 (100.0 %)</title>",
                                        ">1,234</text>",
                                        ">do&lt;g</text>",
                                        ">a mouse</text>",
                                        ">predicted</text>",
                                        ">label</text>",
                                        ">found</text>",
                                        ">90.0 %</text>",
                                        ">94.7 %</text>",
                                        "mistakes, up to 100.0 % of a row"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strstr(html, parts[i])) fail_msg("%s is not in %s", parts[i], html);
    fv__free(html);
    assert_int_equal(fv__figure_canvas(&context, &f, &c), FV_OK);
    assert_true(count_pixels(&c, 0x9fc6e3) > 80 * 80); /* dogs */
    assert_true(count_pixels(&c, 0xb93a04) > 80 * 80); /* mice */
    fv__canvas_free(&c);
    fv__figure_free(&f);
}

static void a_plot_says_the_same_twice(void **state) {
    (void)state;
    static const double y[] = {1.5, 1, NAN, 0.25};
    const fv_curve curve = {"test", y, 0xd40000};
    const fv_plot plot = {
        .title = "Loss", .x_label = "epoch", .n = 4, .curves = &curve, .curve_count = 1};
    fv_figure f;
    fv_canvas c;
    assert_int_equal(fv__plot_figure(&context, &plot, &f), FV_OK);
    size_t lines = 0, dots = 0;
    for (size_t i = 0; i < f.mark_count; i++) {
        lines += f.marks[i].kind == FV_MARK_LINE;
        dots += f.marks[i].kind == FV_MARK_DOT;
    }
    assert_int_equal(lines, 2); /* around the gap */
    assert_int_equal(dots, 3);
    assert_string_equal(f.key[0].value, "0.250");
    assert_string_equal(f.pointer_at, "epoch 4");
    assert_int_equal(fv__canvas_new(&context, 960, 640, FV_PAPER, &c), FV_OK);
    fv__figure_draw(&c, &f, 0, 0, 960, 640);
    assert_true(count_pixels(&c, 0xd40000) > 600);
    char *html = html_of(&f);
    assert_non_null(strstr(html, "test <b>0.250</b>"));
    assert_non_null(strstr(html, "\"v\":[[\"1.500\",\"1\",\"none\",\"0.250\"]]"));
    fv__free(html);
    fv__canvas_free(&c);
    fv__figure_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mark_is_put_down_twice),
        cmocka_unit_test(margins_hold_what_reaches_beyond),
        cmocka_unit_test(long_names_are_cut_to_their_room),
        cmocka_unit_test(a_confusion_says_the_same_twice),
        cmocka_unit_test(a_plot_says_the_same_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
