/* SPDX-License-Identifier: MIT */
/*
 * test_alloc_view.c - memory refused at every place: images, tables and the report.
 *
 * The linker puts our malloc and its relatives before the library's calls (--wrap). Each task is
 * repeated with the first, second, third … request refused, once that one alone and once all from
 * there on: it must end in FV_EXHAUSTED and a sentence, and leave nothing behind (the sanitizer's
 * leak check sees what was not freed).
 */
#include "view/parts.h"
#include "refuse.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context context;

static const float maps[2 * 9] = {1, 2, 3};
static const uint8_t gray[9] = {1, 2, 3};
static const uint8_t *const images[2] = {gray, gray};
static const char *const captions[2] = {"4 read as 9", "b"};
static const int64_t counts[4] = {5, 1, 2, 6};
static const double y[3] = {3, 2, 1};
static const fv_curve curve = {"loss", y, 0};
static const fv_plot plot = {.title = "Loss", .n = 3, .curves = &curve, .curve_count = 1};
static const fv_gallery gallery = {
    .images = images, .count = 2, .channels = 1, .h = 3, .w = 3, .captions = captions};
static const fv_grid grid = {.maps = maps, .count = 2, .channels = 1, .h = 3, .w = 3};

static fv_status encode(fv_canvas *c, fv_status status) {
    fv_text png = {0};
    if (status == FV_OK) status = fv__png_encode(&context, c, &png);
    fv__text_free(&png);
    fv__canvas_free(c);
    return status;
}

static fv_status draw_a_grid(void) {
    fv_canvas c;
    return encode(&c, fv__draw_grid(&context, &grid, &c));
}
static fv_status draw_a_gallery(void) {
    fv_canvas c;
    return encode(&c, fv__draw_gallery(&context, &gallery, &c));
}
static fv_status draw_plots(void) {
    fv_canvas c;
    return encode(&c, fv__draw_plots(&context, &plot, 1, &c));
}
static fv_status draw_a_confusion(void) {
    fv_canvas c;
    return encode(&c, fv__draw_confusion(&context, counts, 2, NULL, &c));
}
static fv_status image_on_a_terminal(void) {
    fv_text out = {0};
    fv__image_terminal(&out, gray, 3, 3, 10, FV_TERMINAL_SHADES);
    fv_status status = fv__text_done(&context, &out);
    fv__text_free(&out);
    return status;
}

static fv_status fill(fv_table **t) {
    FV_TRY(fv__table_new(&context, t));
    for (int i = 0; i < 12; i++) {
        fv__table_column(*t, "column", i % 2);
        fv__table_spare(*t, i / 2);
    }
    for (int i = 0; i < 50; i++) {
        fv__table_cellf(*t, "%*d", i % 10 == 9 ? 400 : 3, i);
        fv__table_rule(*t);
    }
    return FV_OK;
}
static fv_status table(void) {
    fv_table *t = NULL;
    fv_text text = {0};
    fv_status status = fill(&t);
    int width;
    if (status == FV_OK) status = fv__table_width(&context, t, &width);
    if (status == FV_OK) status = fv__table_text(&context, t, 60, &text);
    if (status == FV_OK) status = fv__table_markdown(&context, t, &text);
    fv__text_free(&text);
    fv__table_free(t);
    return status;
}

static fv_status report(void) {
    fv_report *r = NULL;
    fv_table *t = NULL;
    fv_text html = {0};
    fv_canvas c = {0};
    fv_status status = fv__report_new(&context, "title", "subtitle", &r);
    if (status != FV_OK) goto done;
    FV_GO(fill(&t));
    for (int i = 0; i < 5; i++) {
        fv__report_section(r, "section", "with `code` in it");
        fv__report_paragraph(r, "with `code` in it");
        fv__report_figure(r, "98 %", "right");
    }
    fv__report_plot(r, &plot);
    fv__report_gallery(r, &gallery);
    fv__report_confusion(r, counts, 2, captions);
    fv__report_table(r, t);
    fv__report_code(r, "code");
    FV_GO(fv__canvas_new(&context, 10, 10, 0, &c));
    fv__report_image(r, &c, "caption");
    status = fv__report_html(&context, r, &html);
done:
    fv__text_free(&html);
    fv__canvas_free(&c);
    fv__table_free(t);
    fv__report_free(r);
    return status;
}

static void survives(fv_status (*task)(void)) {
    refuse_at = 0;
    requests = 0;
    assert_int_equal(task(), FV_OK);
    long all = requests;
    assert_true(all > 0);
    for (int rest = 0; rest < 2; rest++)
        for (long at = 1; at <= all; at++) {
            requests = 0;
            refuse_rest = rest;
            context.message[0] = 0;
            refuse_at = at;
            fv_status status = task();
            refuse_at = 0;
            assert_int_equal(status, FV_EXHAUSTED);
            assert_non_null(strstr(context.message, "memory"));
        }
}

static void grids(void **state) {
    (void)state, survives(draw_a_grid);
}
static void galleries(void **state) {
    (void)state, survives(draw_a_gallery);
}
static void plots(void **state) {
    (void)state, survives(draw_plots);
}
static void confusions(void **state) {
    (void)state, survives(draw_a_confusion);
}
static void terminals(void **state) {
    (void)state, survives(image_on_a_terminal);
}
static void tables(void **state) {
    (void)state, survives(table);
}
static void reports(void **state) {
    (void)state, survives(report);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grids),      cmocka_unit_test(galleries), cmocka_unit_test(plots),
        cmocka_unit_test(confusions), cmocka_unit_test(terminals), cmocka_unit_test(tables),
        cmocka_unit_test(reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
