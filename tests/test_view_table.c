/* SPDX-License-Identifier: MIT */
/*
 * test_view_table.c - tables as text and as Markdown.
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
    assert_int_equal(fv__table_text(&context, t, markdown, &text), FV_OK);
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
    assert_int_equal(fv__table_text(&context, t, false, &text), FV_OK);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_as_text),
        cmocka_unit_test(table_as_markdown),
        cmocka_unit_test(cells_cannot_break_a_row),
        cmocka_unit_test(wide_letters_take_two_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
