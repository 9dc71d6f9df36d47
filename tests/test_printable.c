/* SPDX-License-Identifier: MIT */
/*
 * test_printable.c - texts made harmless to a terminal, in ASCII, in lines; counts.
 */
#include "base/printable.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void expect(fv_text *text, const char *expected) {
    assert_false(text->failed);
    assert_string_equal(text->data ? text->data : "", expected);
    fv__text_free(text);
}

static void orders_are_escaped(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"gr\u00f6\u00dfe \u732b \U0001f600", "gr\u00f6\u00dfe \u732b \U0001f600"},
        {"a\x1b[31mb", "a\\x1b[31mb"},
        {"\x01\x1f\x7f", "\\x01\\x1f\\x7f"},
        {"a\nb\tc\rd", "a\\nb\\tc\\x0dd"},
        {"\xc2\x85\xc2\x9b"
         "31m\u00a0",
         "\\x85\\x9b31m\u00a0"}, /* C1 and a blank that is none */
        {"\x9b", "\\x9b"},       /* C1 of Latin-1: no UTF-8 */
        {"\xff\xc3", "\\xff\\xc3"},
        {"\xe4\xb8 ", "\\xe4\\xb8 "}, /* cut short */
        {"gpj.\u202eexe", "gpj.\\u202eexe"},
        {"\u2066\u200f", "\\u2066\\u200f"},
        {"\\x1b", "\\x1b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fv_text text = {0};
        fv__text_printable(&text, cases[i].from, "");
        expect(&text, cases[i].to);
    }
    fv_text text = {0};
    fv__text_printable(&text, "one\n\ttwo\x1b\n", "\n\t");
    expect(&text, "one\n\ttwo\\x1b\n");
}

static void signs_have_relatives_in_ascii(void **state) {
    (void)state;
    fv_text text = {0};
    fv__text_ascii(&text, "\u2500\u2500 a \u2192 b, 3\u00d73\u2026 \u2264 \u2580\u2584\u2588",
                   true);
    expect(&text, "-- a -> b, 3x3... <= \"_#");
    fv__text_ascii(&text, "gr\u00f6\u00dfe \u732b\xff", true);
    expect(&text, "gr??e ??");
    fv__text_ascii(&text, "gr\u00f6\u00dfe \u2014 \xff", false);
    expect(&text, "gr\u00f6\u00dfe - \xff");
}

static void lines_are_broken_at_blanks(void **state) {
    (void)state;
    fv_text text = {0};
    fv__text_wrapped(&text, "one two three", 0, 0);
    expect(&text, "one two three\n");
    fv__text_wrapped(&text, "one two three", 0, 7);
    expect(&text, "one two\nthree\n");
    fv__text_add(&text, "x: ");
    fv__text_wrapped(&text, "one  two three", 3, 8);
    expect(&text, "x: one\n   two\n   three\n");
    fv__text_wrapped(&text, "\u00f6\u00f6\u00f6 \u00f6\u00f6\u00f6", 0, 7);
    expect(&text, "\u00f6\u00f6\u00f6 \u00f6\u00f6\u00f6\n");
    fv__text_wrapped(&text, "averylongword", 0, 4);
    expect(&text, "averylongword\n");
    fv__text_wrapped(&text, "", 0, 4);
    expect(&text, "\n");
}

static void counts_have_their_nouns(void **state) {
    (void)state;
    char out[64];
    assert_string_equal(fv__counted(out, 0, "class", "classes"), "0 classes");
    assert_string_equal(fv__counted(out, 1, "class", "classes"), "1 class");
    assert_string_equal(fv__counted(out, 12000, "image", "images"), "12,000 images");
    assert_true(strlen(fv__counted(out, INT64_MIN, "a noun of more than thirty letters", "many")) <
                64);
}

/* As `printf '%s' WORD` in bash gives the name back. */
static void shells_take_names_for_words(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"a/b-1.jpg", "a/b-1.jpg"},
        {"a b", "'a b'"},
        {"it's", "'it'\\''s'"},
        {"$(rm x)`y`\"", "'$(rm x)`y`\"'"},
        {"-rf", "./-rf"},
        {"- f", "./'- f'"},
        {"", "''"},
        {"gr\u00f6\u00dfe", "gr\u00f6\u00dfe"},
        {"a\nb", "$'a\\012b'"},
        {"\xff'\\", "$'\\377\\'\\\\'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fv_text out = {0};
        fv__text_shell(&out, cases[i].from);
        expect(&out, cases[i].to);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_are_escaped),
        cmocka_unit_test(signs_have_relatives_in_ascii),
        cmocka_unit_test(lines_are_broken_at_blanks),
        cmocka_unit_test(counts_have_their_nouns),
        cmocka_unit_test(shells_take_names_for_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
