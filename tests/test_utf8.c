/* SPDX-License-Identifier: MIT */
/*
 * test_utf8.c - UTF-8 checked, read, written and cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/utf8.h"

#include <string.h>

/* Ends of the ranges in table 3-7 of the Unicode standard, and one beside each. */
static void knows_utf8(void **state) {
    (void)state;
    static const char *const good[] = {"",
                                       "a\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\x7f",
                                      "\xc2\xc0",
                                      "\xe0\x9f\xbf",
                                      "\xe1\x80",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(fv__utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(fv__utf8_valid(bad[i], strlen(bad[i])));
}

/* Every code point there is: written, checked, read back; and no shorter beginning of it passes. */
static void every_code_point_comes_back(void **state) {
    (void)state;
    for (uint32_t code = 1; code <= 0x10ffff; code++) {
        char text[5] = {0};
        const size_t n = (size_t)(fv__utf8_put(text, code) - text);
        if (code >= 0xd800 && code < 0xe000) {
            assert_int_equal(fv__utf8_length(text, n), 0);
            continue;
        }
        const char *at = text;
        assert_int_equal(fv__utf8_length(text, n), n);
        assert_int_equal(fv__utf8_next(&at), code);
        assert_ptr_equal(at, text + n);
        for (size_t k = 0; k < n; k++) assert_int_equal(fv__utf8_length(text, k), 0);
    }
}

static void bytes_that_are_none_count_one_by_one(void **state) {
    (void)state;
    const char *at = "\xe2\x80z";
    assert_int_equal(fv__utf8_next(&at), 0xfffd);
    assert_int_equal(fv__utf8_next(&at), 0xfffd);
    assert_int_equal(fv__utf8_next(&at), 'z');
}

static void cuts_between_characters(void **state) {
    (void)state;
    static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
    static const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (size_t n = 0; n < sizeof whole / sizeof *whole; n++)
        assert_int_equal(fv__utf8_whole(text, n), whole[n]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_utf8),
        cmocka_unit_test(every_code_point_comes_back),
        cmocka_unit_test(bytes_that_are_none_count_one_by_one),
        cmocka_unit_test(cuts_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
