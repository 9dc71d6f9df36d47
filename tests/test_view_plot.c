/* SPDX-License-Identifier: MIT */
/*
 * test_view_plot.c - axes and plots, with plausible and with absurd numbers.
 */
#include "view/figure.h"
#include <float.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context context;

static fv_colour pixel(const fv_canvas *c, int x, int y) {
    const uint8_t *p = c->rgb + ((size_t)y * (size_t)c->width + (size_t)x) * 3;
    return (fv_colour)p[0] << 16 | (fv_colour)p[1] << 8 | p[2];
}

/* --- axes ------------------------------------------------------------------------------------- */

static void ticks_at_1_2_5(void **state) {
    (void)state;
    static const struct {
        double lo, hi;
        fv_axis_wish wish;
        const char *labels;
    } cases[] = {
        {0, 2.3, {.ticks = 5, .round = true}, "0.0 0.5 1.0 1.5 2.0 2.5"},
        {1, 10, {.ticks = 6, .whole = true}, "2 4 6 8 10"},
        {1, 30, {.ticks = 7, .whole = true}, "5 10 15 20 25 30"},
        {1, 3, {.ticks = 7, .whole = true}, "1 2 3"},
        {1, 20000, {.ticks = 6, .whole = true}, "5,000 10,000 15,000 20,000"},
        {0.6, 0.99, {.ticks = 5, .round = true, .percent = true}, "60 % 70 % 80 % 90 % 100 %"},
        {0.981,
         0.9904,
         {.ticks = 5, .round = true, .percent = true},
         "98.0 % 98.2 % 98.4 % 98.6 % 98.8 % 99.0 % 99.2 %"},
        {-1e-5, 3e-5, {.ticks = 5, .round = true}, "-1e-5 0 1e-5 2e-5 3e-5"},
        {0.001, 10, {.ticks = 6, .log = true}, "0.001 0.01 0.1 1 10"},
        {0.11, 2, {.ticks = 6, .log = true}, "0.2 0.5 1 2"},
        {1e-12, 1e12, {.ticks = 5, .log = true}, "1e-12 1e-7 0.01 1,000 1e8"},
        {5, 5, {.ticks = 4, .round = true}, "4.6 4.8 5.0 5.2 5.4"},
        {0, 0, {.ticks = 4, .round = true}, "-1.0 -0.5 0.0 0.5 1.0"},
        {1e8, 3e8, {.ticks = 3}, "1e8 2e8 3e8"},
        {12345678, 12345680, {.ticks = 3}, "12,345,678 12,345,679 12,345,680"},
        {0.00012345, 0.00012348, {.ticks = 3}, "1.2345e-4 1.2346e-4 1.2347e-4 1.2348e-4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fv_axis axis;
        char all[512] = "";
        fv__axis(&axis, cases[i].lo, cases[i].hi, cases[i].wish);
        for (int k = 0; k < axis.count; k++) {
            if (k) strcat(all, " ");
            strcat(all, axis.label[k]);
        }
        assert_string_equal(all, cases[i].labels);
    }
}

/* Whatever the span: at least one tick, ascending, inside, no two of one name. */
static void ticks_of_absurd_spans(void **state) {
    (void)state;
    static const double ends[] = {-DBL_MAX, -1e300,   -1e17, -1,    -DBL_MIN, 0,
                                  1e-310,   DBL_MIN,  1e-9,  0.5,   1,        1 + 1e-15,
                                  1e15,     1e15 + 1, 1e17,  1e150, 1e300,    DBL_MAX};
    enum { COUNT = sizeof ends / sizeof ends[0] };
    for (int i = 0; i < COUNT; i++)
        for (int j = i; j < COUNT; j++)
            for (int kind = 0; kind < 16; kind++) {
                fv_axis a;
                fv__axis(&a, ends[i], ends[j],
                         (fv_axis_wish){.ticks = kind % 3 * 20,
                                        .log = kind & 1,
                                        .percent = kind & 2,
                                        .whole = kind & 4,
                                        .round = kind & 8});
                assert_true(a.hi > a.lo && isfinite(a.hi) && isfinite(a.lo));
                assert_true(a.count >= 0 && a.count <= FV_TICKS_MAX);
                for (int k = 0; k < a.count; k++) {
                    double at = fv__axis_share(&a, a.at[k]);
                    assert_true(at >= -0.001 && at <= 1.001);
                    assert_true(k == 0 || a.at[k] > a.at[k - 1]);
                    assert_true(a.label[k][0] && strlen(a.label[k]) < 24);
                }
                assert_true(isfinite(fv__axis_share(&a, DBL_MAX)));
                assert_true(isfinite(fv__axis_share(&a, a.lo)));
            }
}

static void values_in_words(void **state) {
    (void)state;
    static const struct {
        double v;
        bool percent;
        const char *text;
    } cases[] = {
        {0.5, false, "0.500"},    {0.0312, false, "0.0312"}, {12000, false, "12,000"},
        {0.986, true, "98.60 %"}, {0.42, true, "42.0 %"},    {1, true, "100.0 %"},
        {1e-7, false, "1e-07"},   {2.3026, false, "2.303"},  {0, false, "0"},
        {NAN, false, "none"},     {INFINITY, true, "none"},  {1234.56, false, "1234.6"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[32];
        assert_string_equal(fv__value_text(out, cases[i].v, cases[i].percent), cases[i].text);
    }
    for (int e = -320; e <= 308; e++) {
        char out[32];
        assert_true(strlen(fv__value_text(out, -pow(10, e), e % 2)) < 32);
    }
}

/* --- plots ------------------------------------------------------------------------------------ */

static fv_canvas draw(const fv_plot *plots, int count) {
    fv_canvas c;
    assert_int_equal(fv__draw_plots(&context, plots, count, &c), FV_OK);
    return c;
}

static fv_text html_of(const fv_plot *plot) {
    fv_figure f;
    fv_text html = {0};
    assert_int_equal(fv__plot_figure(&context, plot, &f), FV_OK);
    fv__figure_html(&html, &f);
    assert_int_equal(fv__text_done(&context, &html), FV_OK);
    fv__figure_free(&f);
    return html;
}

#define RED 0xd40000u

static fv_plot plot_of(const fv_curve *curve, int64_t n) {
    return (fv_plot){
        .title = "Loss", .x_label = "epoch", .n = n, .curves = curve, .curve_count = 1};
}

/* The leftmost and rightmost pixel of a colour below the legend. */
static void extent(const fv_canvas *c, fv_colour colour, int *left, int *right) {
    *left = INT_MAX;
    *right = -1;
    for (int y = 130; y < c->height; y++)
        for (int x = 0; x < c->width; x++)
            if (pixel(c, x, y) == colour) {
                if (x < *left) *left = x;
                if (x > *right) *right = x;
            }
}

static void curves_span_the_plot(void **state) {
    (void)state;
    double y[40];
    for (int i = 0; i < 40; i++) y[i] = exp(-i / 10.0);
    fv_curve curve = {"loss", y, RED};
    fv_plot plot = plot_of(&curve, 40);
    fv_canvas c = draw(&plot, 1);
    int left, right;
    extent(&c, RED, &left, &right);
    assert_true(left < 120 && right > 880);
    fv__canvas_free(&c);
}

static void gaps_stay_empty(void **state) {
    (void)state;
    double y[40];
    for (int i = 0; i < 40; i++) y[i] = i >= 10 && i < 30 ? (double)NAN : 1 + i % 2;
    y[12] = INFINITY;
    fv_curve curve = {"loss", y, RED};
    fv_plot plot = plot_of(&curve, 40);
    fv_canvas c = draw(&plot, 1);
    int left, right;
    extent(&c, RED, &left, &right);
    assert_true(left < 120 && right > 880);
    for (int x = left + (right - left) * 3 / 10; x < left + (right - left) * 7 / 10; x++)
        for (int yy = 130; yy < c.height; yy++) assert_int_not_equal(pixel(&c, x, yy), RED);
    fv__canvas_free(&c);
}

static void lone_points_are_seen(void **state) {
    (void)state;
    double y[40];
    for (int i = 0; i < 40; i++) y[i] = NAN;
    y[20] = 0.5;
    fv_curve curve = {"loss", y, RED};
    for (int n = 1; n <= 40; n += 39) { /* one value alone; one among gaps */
        fv_curve one = {"loss", n == 1 ? &y[20] : y, RED};
        fv_plot plot = plot_of(n == 1 ? &one : &curve, n);
        fv_canvas c = draw(&plot, 1);
        int left, right;
        extent(&c, RED, &left, &right);
        assert_true(right - left >= 3 && right - left < 12);
        fv__canvas_free(&c);
    }
}

static void absurd_values_are_drawn_somehow(void **state) {
    (void)state;
    static const double sets[][4] = {
        {NAN, NAN, NAN, NAN},
        {INFINITY, -INFINITY, NAN, 0},
        {0, 0, 0, 0},
        {DBL_MAX, -DBL_MAX, DBL_MAX, 0},
        {DBL_MIN, 4e-324, 0, 1e-300},
        {-1, -2, -3, -4},
        {1e15, 1e15 + 1, 1e15 + 2, 1e15},
        {1e308, 1, 1e-308, 1e-300},
    };
    static const double xs[][4] = {
        {1, 2, 3, 4}, {4, 3, 2, 1}, {0, 0, 0, 0}, {NAN, 1, INFINITY, 2}, {-1e308, 0, 1e308, 1}};
    for (size_t s = 0; s < sizeof sets / sizeof sets[0]; s++)
        for (size_t k = 0; k <= sizeof xs / sizeof xs[0]; k++)
            for (int flags = 0; flags < 4; flags++)
                for (int64_t n = 0; n <= 4; n++) {
                    fv_curve curves[2] = {{NULL, sets[s], 0}, {"b", sets[s], 0}};
                    fv_plot plot = {.n = n,
                                    .curves = curves,
                                    .curve_count = 2,
                                    .x = k ? xs[k - 1] : NULL,
                                    .log_y = flags & 1,
                                    .percent = flags & 2};
                    fv_text html = html_of(&plot);
                    assert_null(strstr(html.data, "nan"));
                    assert_null(strstr(html.data, "inf"));
                    fv__text_free(&html);
                    if (n < 4 || flags % 3) continue; /* canvases take longer */
                    fv_canvas c = draw(&plot, 1);
                    fv__canvas_free(&c);
                }
}

static void empty_plots_say_so(void **state) {
    (void)state;
    fv_plot plot = {.title = "Loss", .n = 0};
    fv_canvas c = draw(&plot, 1);
    fv_text html = html_of(&plot);
    assert_non_null(strstr(html.data, "no values yet"));
    fv__text_free(&html);
    fv__canvas_free(&c);
    assert_int_equal(fv__draw_plots(&context, &plot, 0, &c), FV_USAGE);
    assert_int_equal(fv__draw_plots(&context, &plot, 1000, &c), FV_USAGE);
}

static void many_values_and_many_curves(void **state) {
    (void)state;
    enum { N = 300000 };
    double *y = malloc(N * sizeof *y);
    assert_non_null(y);
    for (int i = 0; i < N; i++) y[i] = i % 1000 == 7 ? NAN : exp(-i / 1e5) * (1 + i % 3);
    fv_curve many[60];
    char names[60][64];
    for (int i = 0; i < 60; i++) {
        snprintf(names[i], sizeof names[i], "a curve with a rather long name, number %d", i);
        many[i] = (fv_curve){names[i], y, 0};
    }
    fv_plot plots[2] = {{.n = N, .curves = many, .curve_count = 1},
                        {.n = 20, .curves = many, .curve_count = 60}};
    fv_canvas c = draw(plots, 2);
    assert_int_equal(c.width, 2 * 960 + 24);
    fv_text html = html_of(&plots[0]);
    assert_true(html.length > 1000 && html.length < 100000);
    fv__text_free(&html);
    fv__canvas_free(&c);
    free(y);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_at_1_2_5),
        cmocka_unit_test(ticks_of_absurd_spans),
        cmocka_unit_test(values_in_words),
        cmocka_unit_test(curves_span_the_plot),
        cmocka_unit_test(gaps_stay_empty),
        cmocka_unit_test(lone_points_are_seen),
        cmocka_unit_test(absurd_values_are_drawn_somehow),
        cmocka_unit_test(empty_plots_say_so),
        cmocka_unit_test(many_values_and_many_curves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
