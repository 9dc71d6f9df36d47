/* SPDX-License-Identifier: MIT */
/*
 * test_view_table.c - tables as text, in little room too, and as Markdown.
 */
#include "view/parts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context context;

static fv_table *lecture_table(void) {
    static const char *const cells[] = {
        "input",           "[32x32x1]", "1024", "0",   "",              /* */
        "conv1",           "[28x28x6]", "4.7K", "156", "(5*5*1)*6 + 6", /* */
        "gr\u00f6\u00dfe", "[1]",       "",     "1",   "x|y",
    };
    fv_table *t;
    assert_int_equal(fv__table_new(&context, &t), FV_OK);
    fv__table_column(t, "layer", false);
    fv__table_column(t, "output", false);
    fv__table_column(t, "memory", true);
    fv__table_column(t, "parameters", true);
    fv__table_column(t, "how", false);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) fv__table_cell(t, cells[i]);
    fv__table_rule(t);
    fv__table_cell(t, "total");
    fv__table_cell(t, "");
    fv__table_cell(t, NULL);
    fv__table_cellf(t, "%d", 61706);
    return t;
}

static void check_table(fv_table *t, bool markdown, const char *expected) {
    fv_text text = {0};
    assert_int_equal(markdown ? fv__table_markdown(&context, t, &text)
                              : fv__table_text(&context, t, 0, &text),
                     FV_OK);
    assert_string_equal(text.data ? text.data : "", expected);
    fv__text_free(&text);
}

#define TEN  "──────────"
#define RULE TEN TEN TEN TEN TEN "─\n"

static void table_as_text(void **state) {
    (void)state;
    fv_table *t = lecture_table();
    check_table(t, false,
                "layer  output     memory  parameters  how\n" RULE
                "input  [32x32x1]    1024           0\n"
                "conv1  [28x28x6]    4.7K         156  (5*5*1)*6 + 6\n"
                "größe  [1]                         1  x|y\n" RULE
                "total                          61706\n");
    fv__table_free(t);
}

static void table_as_markdown(void **state) {
    (void)state;
    fv_table *t = lecture_table();
    check_table(t, true,
                "| layer | output | memory | parameters | how |\n"
                "| --- | --- | ---: | ---: | --- |\n"
                "| input | \\[32x32x1\\] | 1024 | 0 |  |\n"
                "| conv1 | \\[28x28x6\\] | 4.7K | 156 | (5\\*5\\*1)\\*6 + 6 |\n"
                "| größe | \\[1\\] |  | 1 | x\\|y |\n"
                "| total |  |  | 61706 |  |\n");
    fv__table_free(t);
}

static void cells_cannot_break_a_row(void **state) {
    (void)state;
    fv_table *t;
    char many[1001];
    memset(many, 'm', 1000);
    many[1000] = 0;
    assert_int_equal(fv__table_new(&context, &t), FV_OK);
    check_table(t, false, ""); /* no columns yet */
    check_table(t, true, "");
    fv__table_cell(t, "lost: there is no column");
    fv__table_rule(t);
    fv__table_column(t, "a\nb", false);
    check_table(t, false, "a b\n───\n");
    fv__table_cell(t, "one\r\ntwo\tthree");
    fv__table_column(t, "too late", false);
    fv__table_cell(t, "`<b>`_\\");
    check_table(t, true, "| a b |\n| --- |\n| one  two three |\n| \\`\\<b\\>\\`\\_\\\\ |\n");
    fv__table_cellf(t, "%s!", many);
    fv_text text = {0};
    assert_int_equal(fv__table_text(&context, t, 0, &text), FV_OK);
    assert_non_null(strstr(text.data, "mmm!\n"));
    fv__text_free(&text);
    fv__table_free(t);
    fv__table_free(NULL);
}

static void wide_letters_take_two_columns(void **state) {
    (void)state;
    fv_table *t;
    assert_int_equal(fv__table_new(&context, &t), FV_OK);
    fv__table_column(t, "name", false);
    fv__table_column(t, "n", true);
    fv__table_cell(t, "猫");
    fv__table_cell(t, "1");
    fv__table_cell(t, "e\u0301te");
    fv__table_cell(t, "23");
    check_table(t, false, "name   n\n────────\n猫     1\ne\u0301te   23\n");
    fv__table_free(t);
}

static void orders_to_the_terminal_are_escaped(void **state) {
    (void)state;
    fv_table *t;
    assert_int_equal(fv__table_new(&context, &t), FV_OK);
    fv__table_column(t, "name", false);
    fv__table_column(t, "n", true);
    fv__table_cell(t, "a\x1b[2Jb");
    fv__table_cell(t, "1");
    check_table(t, false, "name       n\n────────────\na\\x1b[2Jb  1\n");
    fv__table_free(t);
}

/* --- in little room --------------------------------------------------------------------------- */

static fv_table *table_with_spares(void) {
    fv_table *t;
    assert_int_equal(fv__table_new(&context, &t), FV_OK);
    fv__table_column(t, "name", false);
    fv__table_spare(t, 3);
    fv__table_column(t, "layer", false);
    fv__table_column(t, "bias", true);
    fv__table_spare(t, 1);
    fv__table_column(t, "MACs", true);
    fv__table_spare(t, 2);
    static const char *const cells[] = {
        "conv1", "a layer of some words", "8", "1234567890", "fc1", "short", "10", "99"};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) fv__table_cell(t, cells[i]);
    fv__table_rule(t);
    fv__table_cell(t, "total");
    fv__table_cell(t, "");
    fv__table_cell(t, "18");
    return t;
}

static void check_room(const fv_table *t, int room, const char *expected) {
    fv_text text = {0};
    assert_int_equal(fv__table_text(&context, t, room, &text), FV_OK);
    assert_string_equal(text.data, expected);
    fv__text_free(&text);
}

static void columns_are_left_out_in_their_order(void **state) {
    (void)state;
    fv_table *t = table_with_spares();
    const char *all = "name   layer                  bias        MACs\n"
                      "──────────────────────────────────────────────\n"
                      "conv1  a layer of some words     8  1234567890\n"
                      "fc1    short                    10          99\n"
                      "──────────────────────────────────────────────\n"
                      "total                           18\n";
    check_room(t, 0, all);
    check_room(t, 46, all);
    fv__table_advice(t, "; ask for more.");
    check_room(t, 45,
               "name   layer                        MACs\n"
               "────────────────────────────────────────\n"
               "conv1  a layer of some words  1234567890\n"
               "fc1    short                          99\n"
               "────────────────────────────────────────\n"
               "total\n"
               "Left out for want of room: bias; ask for\nmore.\n");
    /* without MACs there is room for bias again */
    check_room(t, 39,
               "name   layer                  bias\n"
               "──────────────────────────────────\n"
               "conv1  a layer of some words     8\n"
               "fc1    short                    10\n"
               "──────────────────────────────────\n"
               "total                           18\n"
               "Left out for want of room: MACs; ask\nfor more.\n");
    /* the row's word moves into the column that is left */
    check_room(t, 21,
               "layer\n"
               "─────────────────────\n"
               "a layer of some words\n"
               "short\n"
               "─────────────────────\n"
               "total\n"
               "Left out for want of\nroom: name, bias,\nMACs; ask for more.\n");
    int width;
    assert_int_equal(fv__table_width(&context, t, &width), FV_OK);
    assert_int_equal(width, 21);
    fv__table_free(t);
}

static void texts_are_broken_into_lines(void **state) {
    (void)state;
    fv_table *t;
    assert_int_equal(fv__table_new(&context, &t), FV_OK);
    fv__table_column(t, "what", false);
    fv__table_column(t, "n", true);
    fv__table_cell(t, "some words in a row");
    fv__table_cell(t, "12345");
    fv__table_cell(t, "averyverylongword");
    fv__table_cell(t, "1");
    check_room(t, 17,
               "what            n\n"
               "─────────────────\n"
               "some words  12345\n"
               "in a row\n"
               "averyveryl      1\n"
               "ongword\n");
    check_room(t, 5,
               "what          n\n" /* no narrower than it can be read */
               "───────────────\n"
               "some      12345\n"
               "words in\n"
               "a row\n"
               "averyver      1\n"
               "ylongwor\n"
               "d\n");
    fv__table_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_as_text),
        cmocka_unit_test(table_as_markdown),
        cmocka_unit_test(cells_cannot_break_a_row),
        cmocka_unit_test(wide_letters_take_two_columns),
        cmocka_unit_test(orders_to_the_terminal_are_escaped),
        cmocka_unit_test(columns_are_left_out_in_their_order),
        cmocka_unit_test(texts_are_broken_into_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
