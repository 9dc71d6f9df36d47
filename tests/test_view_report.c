/* SPDX-License-Identifier: MIT */
/*
 * test_view_report.c - the HTML report: that hostile names stay text, that tags match, and that
 * the page asks for nothing from outside.
 */
#include "view/parts.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context context;

static fv_table *small_table(void) {
    fv_table *t;
    assert_int_equal(fv__table_new(&context, &t), FV_OK);
    fv__table_column(t, "layer", false);
    fv__table_column(t, "parameters", true);
    fv__table_cell(t, "conv1");
    fv__table_cell(t, "156");
    fv__table_rule(t);
    return t;
}

static const char hostile[] = "\"><script>alert('1')</script><img src=http://evil.example/x "
                              "onerror=alert(1)>&lt;</style>--><!-- ]]> \x01\xff\xfe` `` `";

static void add_plots(fv_report *r, const char *name) {
    static const double y[5] = {2.3, 0.5, NAN, 0.125, 0.25};
    fv_curve curves[2] = {{name, y, 0}, {"test", y, 0x123456}};
    fv_plot plot = {.title = name,
                    .x_label = name,
                    .y_label = name,
                    .n = 5,
                    .curves = curves,
                    .curve_count = 2};
    fv__report_plot(r, &plot);
    plot.log_y = true;
    fv__report_plot(r, &plot);
    plot.n = 0;
    fv__report_plot(r, &plot);
}

static void add_images(fv_report *r, const char *name) {
    static const uint8_t gray[6] = {0, 50, 100, 150, 200, 250};
    static const int64_t counts[9] = {5, 0, 1, 0, 3, 0, 2, 2, 0};
    const uint8_t *images[3] = {gray, NULL, gray};
    const char *names[3] = {name, "b", NULL};
    fv_gallery gallery = {.title = name,
                          .images = images,
                          .count = 3,
                          .channels = 1,
                          .h = 2,
                          .w = 3,
                          .captions = names};
    fv_canvas c;
    assert_int_equal(fv__canvas_new(&context, 9, 4, 0x808080, &c), FV_OK);
    fv__report_image(r, &c, name);
    fv__report_image(r, &c, NULL);
    fv__canvas_free(&c);
    fv__report_gallery(r, &gallery);
    fv__report_confusion(r, counts, 3, names);
    fv__report_confusion(r, counts, 3, NULL);
}

static void add_rows(fv_report *r, const char *name) {
    const char *heads[] = {name, "drawn", ">bars", ">images"};
    static const double depths[4] = {-1, 0.5, NAN, 2}, shares[3] = {0.25, 0.5, 0};
    static const uint8_t gray[2] = {0, 250};
    const uint8_t *images[2] = {gray, NULL};
    const fv_gallery two = {.images = images, .count = 2, .channels = 1, .h = 1, .w = 2};
    fv__report_rows_open(r, heads, 4, false);
    fv__report_rows_close(r);
    fv__report_rows_open(r, heads, 4, true);
    for (int i = 0; i < 2; i++) {
        fv__report_rows_next(r);
        fv__report_cell(r, name);
        fv__report_cell_strip(r, depths, i ? 4 : 0, i ? name : NULL);
        fv__report_cell_bars(r, shares, 3, name);
        fv__report_cell_images(r, &two);
        fv__report_cell_number(r, name);
    }
    fv__report_rows_close(r);
}

static fv_report *full_report(const char *name) {
    fv_report *r;
    assert_int_equal(fv__report_new(&context, name, name, &r), FV_OK);
    fv__report_figure(r, name, name);
    fv__report_figure(r, "98.9 %", "right");
    for (int i = 0; i < 4; i++) {
        fv__report_section(r, name, i % 2 ? name : NULL);
        fv__report_paragraph(r, name);
        fv__report_figure(r, "1", name);
        add_plots(r, name);
        add_images(r, name);
        add_rows(r, name);
        fv_table *t = small_table();
        fv__table_cell(t, name);
        fv__table_rule(t);
        fv__report_table(r, t);
        fv__table_free(t);
        fv__report_code(r, name);
    }
    return r;
}

static char *html_of(fv_report *r) {
    fv_text html = {0};
    assert_int_equal(fv__report_html(&context, r, &html), FV_OK);
    fv__report_free(r);
    return html.data;
}

static bool is_void(const char *name) {
    static const char *const voids[] = {"meta", "img", "path", "br", "rect", "circle", "!doctype"};
    for (size_t i = 0; i < sizeof voids / sizeof voids[0]; i++)
        if (!strcmp(name, voids[i])) return true;
    return false;
}

/* Goes through the tags: each must be known, its attributes quoted, and closed in its order. What
   is inside script and style is skipped. */
static void tags_match(const char *html) {
    static const char *const known[] = {
        "html",       "head", "meta", "title", "style",  "body",   "div",     "header", "h1",
        "p",          "nav",  "ol",   "li",    "a",      "main",   "b",       "span",   "section",
        "h2",         "h3",   "code", "small", "i",      "svg",    "path",    "g",      "figure",
        "figcaption", "img",  "ul",   "table", "thead",  "rect",   "circle",  "text",   "tbody",
        "tr",         "th",   "td",   "pre",   "footer", "script", "!doctype"};
    char open[64][16];
    int depth = 0;
    for (const char *p = strchr(html, '<'); p; p = strchr(p, '<')) {
        char name[16] = "";
        bool closes = p[1] == '/';
        const char *from = p + 1 + closes;
        size_t n = strcspn(from, " >/\n");
        assert_true(n < sizeof name);
        memcpy(name, from, n);
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            found = found || !strcmp(name, known[i]);
        if (!found) fail_msg("tag <%s> at %.60s", name, p);
        for (p = from + n; *p != '>'; p++) {
            assert_true(*p != 0 && *p != '<');
            if (*p == '"' || *p == '\'') p = strchr(p + 1, *p);
            assert_non_null(p);
        }
        if (is_void(name)) continue;
        if (closes) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
        } else {
            assert_true(depth < 64);
            memcpy(open[depth++], name, sizeof name);
            if (!strcmp(name, "script")) p = strstr(p, "</script");
            if (!strcmp(name, "style")) p = strstr(p, "</style");
        }
    }
    assert_int_equal(depth, 0);
}

/* Nothing is loaded: every src is a data: image, every href an anchor, styles without url(). */
static void loads_nothing(const char *html) {
    for (const char *p = html; (p = strstr(p, " src=")); p++)
        if (strncmp(p, " src=http", 9) != 0) /* the hostile text, escaped */
            assert_memory_equal(p, " src=\"data:image/png;base64,", 28);
    for (const char *p = html; (p = strstr(p, " href=")); p++)
        assert_memory_equal(p, " href=\"#", 8);
    assert_null(strstr(html, "url("));
    assert_null(strstr(html, "@import"));
    assert_null(strstr(html, "<link"));
    assert_null(strstr(html, "https://"));
    assert_null(strstr(fv__page_script, "fetch("));
    assert_null(strstr(fv__page_script, "XMLHttp"));
    assert_null(strstr(fv__page_script, "import"));
    assert_non_null(strstr(html, "default-src 'none'"));
}

static size_t occurrences(const char *html, const char *what) {
    size_t n = 0;
    for (const char *p = html; (p = strstr(p, what)); p += strlen(what)) n++;
    return n;
}

static void hostile_names_stay_text(void **state) {
    (void)state;
    char *html = html_of(full_report(hostile));
    tags_match(html);
    loads_nothing(html);
    assert_int_equal(occurrences(html, "<script"), 1); /* our own */
    assert_null(strstr(html, "<script>alert"));
    assert_null(strstr(html, "<img src=http"));
    assert_true(occurrences(html, "&lt;script&gt;alert") > 20);
    assert_int_equal(occurrences(html, "<style"), 1);
    fv__free(html);
}

static void plain_report_is_whole(void **state) {
    (void)state;
    char *html = html_of(full_report("lenet5 learns `digits`"));
    tags_match(html);
    loads_nothing(html);
    assert_null(strstr(html, "http://"));
    assert_int_equal(occurrences(html, "<section id="), 4);
    for (int i = 1; i <= 4; i++) {
        char id[] = "<section id=\"s1\">", link[] = "<li><a href=\"#s1\">";
        id[14] = link[15] = (char)('0' + i);
        assert_int_equal(occurrences(html, id), 1);
        assert_int_equal(occurrences(html, link), 1);
    }
    assert_int_equal(occurrences(html, "<svg role="), 4 * (3 + 2));
    assert_int_equal(occurrences(html, "no values yet"), 4);
    assert_non_null(strstr(html, "<p>lenet5 learns <code>digits</code></p>"));
    assert_non_null(strstr(html, "digits` read rightly: 5 of 6 (83.3 %)"));
    assert_non_null(strstr(html, "<title>2 read as lenet5 learns `digits`: 2 of 4 (50.0 %)<"));
    assert_non_null(strstr(html, "prefers-color-scheme:dark"));
    assert_non_null(strstr(html, "width=device-width"));
    fv__free(html);
}

static void short_reports_need_no_contents(void **state) {
    (void)state;
    fv_report *r;
    assert_int_equal(fv__report_new(&context, NULL, NULL, &r), FV_OK);
    char *html = html_of(r);
    tags_match(html);
    assert_null(strstr(html, "<nav"));
    fv__free(html);
    assert_int_equal(fv__report_new(&context, "t", NULL, &r), FV_OK);
    for (int i = 0; i < 3; i++) fv__report_section(r, "one", NULL);
    html = html_of(r);
    tags_match(html);
    assert_null(strstr(html, "<nav"));
    fv__free(html);
}

static int base64_digit(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static void images_travel_inside(void **state) {
    (void)state;
    for (int width = 1; width <= 12; width++) { /* all three ways a base64 text can end */
        fv_canvas c;
        fv_text url = {0}, png = {0}, back = {0};
        assert_int_equal(fv__canvas_new(&context, width, 3, (fv_colour)width * 99991, &c), FV_OK);
        assert_int_equal(fv__image_url(&context, &url, &c), FV_OK);
        assert_int_equal(fv__png_encode(&context, &c, &png), FV_OK);
        const char *p = strchr(url.data, ',') + 1;
        assert_int_equal(strlen(p) % 4, 0);
        for (; *p; p += 4) {
            int n = p[2] == '=' ? 1 : p[3] == '=' ? 2 : 3;
            long v = 0;
            for (int k = 0; k < 4; k++) {
                int digit = base64_digit(p[k]);
                assert_true(digit >= 0 || k > n);
                v = v << 6 | (digit < 0 ? 0 : digit);
            }
            char three[3] = {(char)(v >> 16), (char)(v >> 8), (char)v};
            fv__text_addn(&back, three, (size_t)n);
        }
        assert_int_equal(back.length, png.length);
        assert_memory_equal(back.data, png.data, png.length);
        fv__text_free(&url);
        fv__text_free(&png);
        fv__text_free(&back);
        fv__canvas_free(&c);
    }
}

static void confusions_of_many_classes_become_images(void **state) {
    (void)state;
    static int64_t counts[41 * 41];
    for (int n = 40; n <= 41; n++) {
        fv_report *r;
        assert_int_equal(fv__report_new(&context, "t", NULL, &r), FV_OK);
        fv__report_confusion(r, counts, n, NULL);
        fv__report_confusion(r, counts, 0, NULL);
        char *html = html_of(r);
        tags_match(html);
        assert_int_equal(occurrences(html, "class=\"area even\""), n == 40);
        assert_int_equal(occurrences(html, "<img "), n == 41);
        fv__free(html);
    }
}

static void large_galleries_are_shortened(void **state) {
    (void)state;
    static uint8_t large[3 * 600 * 500];
    static const uint8_t *images[1000];
    fv_report *r;
    memset(large, 77, sizeof large);
    images[0] = large;
    assert_int_equal(fv__report_new(&context, "t", NULL, &r), FV_OK);
    fv_gallery gallery = {.images = images, .count = 1000, .channels = 3, .h = 600, .w = 500};
    fv__report_gallery(r, &gallery);
    char *html = html_of(r);
    tags_match(html);
    assert_int_equal(occurrences(html, "<li>"), 400);
    assert_non_null(strstr(html, "The first 400 of 1,000 are shown."));
    assert_non_null(strstr(html, "width=\"167\" height=\"200\""));
    fv__free(html);
}

/* Depths that are alike are one piece; a gap is none; beyond the full colour is the full colour. */
static void strips_join_what_is_alike(void **state) {
    (void)state;
    static const double depths[6] = {-0.5, -0.5, NAN, 1, 3, 0};
    const char *heads[] = {"strip"};
    fv_report *r;
    assert_int_equal(fv__report_new(&context, "a", NULL, &r), FV_OK);
    fv__report_rows_open(r, heads, 1, false);
    fv__report_rows_next(r);
    fv__report_cell_strip(r, depths, 6, NULL);
    fv__report_rows_close(r);
    char *html = html_of(r);
    assert_non_null(strstr(html, "viewBox=\"0 0 6 1\""));
    assert_non_null(
        strstr(html, "<rect class=\"t\" x=\"0\" width=\"2\" height=\"1\" opacity=\"0.5\""));
    assert_non_null(
        strstr(html, "<rect class=\"f\" x=\"3\" width=\"2\" height=\"1\" opacity=\"1\""));
    assert_int_equal(occurrences(html, "<rect"), 2);
    fv__free(html);
}

static void report_into_a_file(void **state) {
    (void)state;
    fv_report *r = full_report("digits");
    assert_int_equal(fv__report_write(&context, r, "report.html"), FV_OK);
    fv_bytes bytes;
    assert_int_equal(fv__file_read(&context, "report.html", 0, &bytes), FV_OK);
    assert_memory_equal(bytes.data, "<!doctype html>", 15);
    fv__file_release(&bytes);
    assert_int_not_equal(fv__report_write(&context, r, "no/such/folder/report.html"), FV_OK);
    assert_non_null(strstr(context.message, "no/such/folder"));
    fv__report_free(r);
    fv__report_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_names_stay_text),
        cmocka_unit_test(plain_report_is_whole),
        cmocka_unit_test(short_reports_need_no_contents),
        cmocka_unit_test(images_travel_inside),
        cmocka_unit_test(confusions_of_many_classes_become_images),
        cmocka_unit_test(large_galleries_are_shortened),
        cmocka_unit_test(strips_join_what_is_alike),
        cmocka_unit_test(report_into_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
