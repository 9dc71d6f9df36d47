/* SPDX-License-Identifier: MIT */
/*
 * test_base.c - errors, texts, numbers, random numbers, the processor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cpu_features.h"
#include "base/random.h"
#include "base/text.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------- errors --- */

static void test_fail(void **state) {
    (void)state;
    fv_context ctx = {0};
    assert_int_equal(fv__fail(&ctx, FV_BAD_INPUT, "%d of %s", 3, "four"), FV_BAD_INPUT);
    assert_string_equal(ctx.message, "3 of four");
    assert_int_equal(ctx.status, FV_BAD_INPUT);
    assert_int_equal(fv__fail_in(&ctx, "%s: ", "a.net"), FV_BAD_INPUT);
    assert_string_equal(ctx.message, "a.net: 3 of four");
    /* the old message as an argument of the new */
    assert_int_equal(fv__fail(&ctx, FV_FAILED, "<%s>", ctx.message), FV_FAILED);
    assert_string_equal(ctx.message, "<a.net: 3 of four>");
    assert_int_equal(fv__fail_memory(&ctx, 12, "weights"), FV_EXHAUSTED);
    assert_string_equal(ctx.message, "out of memory: 12 bytes for weights were refused; a smaller "
                                     "batch, network or data set needs less");
    assert_int_equal(fv__fail(NULL, FV_USAGE, "nobody listens"), FV_USAGE);
}

/* A message that is too long is cut, and not in the middle of a character. */
static void test_fail_long(void **state) {
    (void)state;
    fv_context ctx = {0};
    char text[3 * FV_MESSAGE_MAX];
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'a', shift);
        size_t n = shift;
        while (n + 4 < sizeof text) {
            memcpy(text + n, "\xe2\x80\xa6", 3); /* an ellipsis */
            n += 3;
        }
        text[n] = '\0';
        (void)fv__fail(&ctx, FV_FAILED, "%s", text);
        size_t length = strlen(ctx.message);
        assert_true(length > FV_MESSAGE_MAX - 5);
        assert_int_equal((length - shift) % 3, 0);
        (void)fv__fail_in(&ctx, "ab");
        length = strlen(ctx.message);
        assert_true(length < FV_MESSAGE_MAX);
        assert_int_equal((length - 2 - shift) % 3, 0);
    }
}

/* ----------------------------------------------------------------------------------- texts --- */

static void test_text(void **state) {
    (void)state;
    fv_context ctx = {0};
    fv_text t = {0};
    for (int i = 0; i < 1000; i++) fv__text_addf(&t, "%d ", i);
    assert_int_equal(fv__text_done(&ctx, &t), FV_OK);
    assert_int_equal(t.length, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(t.data), t.length);
    fv__text_free(&t);
    assert_int_equal(fv__text_done(&ctx, &t), FV_OK);
    assert_string_equal(t.data, "");
    fv__text_json(&t, "a\"\\\n\t\x01\x7f\xc3\xa9\xff\xed\xa0\x80z\xc3");
    assert_string_equal(t.data, "\"a\\\"\\\\\\n\\t\\u0001\\u007f\xc3\xa9"
                                "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\"");
    fv__text_free(&t);
    fv__text_html(&t, "<a href=\"x\">'&'</a>");
    assert_string_equal(t.data, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    fv__text_free(&t);
    t.failed = true;
    fv__text_add(&t, "lost");
    assert_int_equal(fv__text_done(&ctx, &t), FV_EXHAUSTED);
    fv__text_free(&t);
}

static void check_number(double v, const char *text) {
    char out[32];
    assert_string_equal(fv__number_text(out, v), text);
}

static void test_numbers_written(void **state) {
    (void)state;
    check_number(0.1, "0.1");
    check_number(3e-5, "3e-05");
    check_number(-1.0 / 3, "-0.3333333333333333");
    check_number(1e22, "1e+22");
    check_number(5, "5");
    check_number(-0.0, "-0");
    check_number(DBL_MIN / 4, "5.562684646268003e-309");
    check_number(-DBL_MAX, "-1.7976931348623157e+308");
    check_number(NAN, "null");
    check_number(-INFINITY, "null");
    fv_text t = {0};
    fv__text_number(&t, 0.25);
    fv__text_number(&t, INFINITY);
    assert_string_equal(t.data, "0.25null");
    fv__text_free(&t);
}

/* Every double comes back as it was, whatever the locale. */
static void test_numbers_round_trip(void **state) {
    (void)state;
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    fv_key key = fv__key(1, FV_STREAM_CHECK, 0, 0);
    for (size_t l = 0; l < 4; l++) {
        if (setlocale(LC_NUMERIC, locales[l]) == NULL) continue;
        for (uint64_t i = 0; i < 20000; i++) {
            uint64_t bits =
                (uint64_t)fv__random_u32(key, 2 * i) << 32 | fv__random_u32(key, 2 * i + 1);
            double v, back;
            memcpy(&v, &bits, sizeof v);
            if (!isfinite(v)) continue;
            char text[32];
            fv__number_text(text, v);
            assert_null(strchr(text, ','));
            assert_true(fv__parse_real(text, &back));
            assert_memory_equal(&v, &back, sizeof v);
        }
        double v;
        assert_true(fv__parse_real("0.5", &v));
        assert_true(v == 0.5);
        assert_false(fv__parse_real("0,5", &v));
    }
    setlocale(LC_NUMERIC, "C");
}

static void test_numbers_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double v;
    } good[] = {{"0", 0},        {"-1", -1},      {"+2", 2},
                {"0.5", 0.5},    {".5", 0.5},     {"5.", 5},
                {"1e-4", 1e-4},  {"1E+3", 1000},  {"1/255", 1.0 / 255},
                {"-1/4", -0.25}, {"1e2/1e1", 10}, {"007", 7}};
    static const char *const bad[] = {"",      "-",     ".",   "e5",    "1e",  "1e+", "0x10",
                                      "inf",   "nan",   " 1",  "1 ",    "1/0", "1/",  "1//2",
                                      "1/2/3", "1e999", "--1", "1.2.3", "1,5", "a",   "1a"};
    double v = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(fv__parse_real(good[i].text, &v));
        assert_true(v == good[i].v);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (fv__parse_real(bad[i], &v)) fail_msg("'%s' was read as %g", bad[i], v);
    }
    char *digits = calloc(1, 100001);
    memset(digits, '9', 100000);
    assert_false(fv__parse_real(digits, &v));
    free(digits);
    int64_t n = 0;
    assert_true(fv__parse_int("-9223372036854775808", &n) && n == INT64_MIN);
    assert_true(fv__parse_int("9223372036854775807", &n) && n == INT64_MAX);
    assert_true(fv__parse_int("+42", &n) && n == 42);
    static const char *const no_int[] = {
        "9223372036854775808",    "-9223372036854775809", "", "-", "1.0", "1e3", "12a", " 1",
        "99999999999999999999999"};
    for (size_t i = 0; i < sizeof no_int / sizeof *no_int; i++) {
        if (fv__parse_int(no_int[i], &n)) fail_msg("'%s' was read", no_int[i]);
    }
}

static void test_for_people(void **state) {
    (void)state;
    char t[32];
    assert_string_equal(fv__commas(t, 1234567), "1,234,567");
    assert_string_equal(fv__commas(t, -123456), "-123,456");
    assert_string_equal(fv__commas(t, -1234), "-1,234");
    assert_string_equal(fv__commas(t, 0), "0");
    assert_string_equal(fv__commas(t, 999), "999");
    assert_string_equal(fv__commas(t, 1000), "1,000");
    assert_string_equal(fv__commas(t, INT64_MIN), "-9,223,372,036,854,775,808");
    /* the lecture's column of VGG-16 */
    static const struct {
        double v;
        const char *text;
    } counts[] = {{150528, "150K"}, {3211264, "3.2M"}, {802816, "800K"},    {1605632, "1.6M"},
                  {401408, "400K"}, {200704, "200K"},  {100352, "100K"},    {25088, "25K"},
                  {4096, "4096"},   {1000, "1000"},    {15237608, "15.2M"}, {138357544, "138M"},
                  {999999, "1.0M"}, {999e6, "999M"},   {999.9e6, "1.0G"},   {15.47e9, "15.5G"},
                  {-4096, "-4096"}, {12345, "12K"},    {99600, "100K"},     {0, "0"}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        assert_string_equal(fv__short_count(t, counts[i].v), counts[i].text);
    }
    assert_string_equal(fv__short_bytes(t, 12), "12 B");
    assert_string_equal(fv__short_bytes(t, 3400), "3.4 KB");
    assert_string_equal(fv__short_bytes(t, 96e6), "96.0 MB");
    assert_string_equal(fv__short_bytes(t, 1.2e9), "1.2 GB");
    assert_string_equal(fv__short_bytes(t, 999.99e6), "1.0 GB");
    assert_string_equal(fv__short_bytes(t, 5e15), "5000.0 TB");
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const words[] = {"conv",    "maxpool",  "avgpool", "relu",
                                        "softmax", "resnet18", "resnet34"};
    const size_t n = sizeof words / sizeof *words;
    assert_string_equal(fv__nearest("cnov", words, n), "conv");
    assert_string_equal(fv__nearest("ReLU", words, n), "relu");
    assert_string_equal(fv__nearest("maxpol", words, n), "maxpool");
    assert_string_equal(fv__nearest("resnet19", words, n), "resnet18");
    assert_string_equal(fv__nearest("sotfmaxx", words, n), "softmax");
    assert_null(fv__nearest("dense", words, n));
    assert_null(fv__nearest("", words, n));
    assert_null(fv__nearest("c", words, n));
    assert_null(fv__nearest("relu", words, 0));
    char lengthy[500];
    memset(lengthy, 'a', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    assert_null(fv__nearest(lengthy, words, n));
}

/* ---------------------------------------------------------------------------------- random --- */

/* The known answers of Random123's kat_vectors for philox4x32 with 10 rounds. */
static void test_philox(void **state) {
    (void)state;
    static const struct {
        fv_key key;
        uint64_t index;
        uint32_t out[4];
    } known[] = {
        {{0, 0}, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{UINT64_MAX, UINT64_MAX}, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x299f31d0a4093822u, 0x0370734413198a2eu},
         0x85a308d3243f6a88u,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        fv__philox(known[i].key, known[i].index, out);
        assert_memory_equal(out, known[i].out, sizeof out);
        if (known[i].index > UINT64_MAX / 4) continue;
    }
    for (uint64_t k = 0; k < 4; k++) {
        assert_int_equal(fv__random_u32((fv_key){0, 0}, k), known[0].out[k]);
    }
}

/* Mean and spread of n numbers are where they should be: within 5 standard errors. The numbers are
   fixed, so this either always passes or never. */
static void test_distributions(void **state) {
    (void)state;
    fv_key key = fv__key(7, FV_STREAM_CHECK, 3, 9);
    const int n = 200000;
    double mean[3] = {0}, square[3] = {0};
    for (int i = 0; i < n; i++) {
        double v[3] = {fv__random_unit(key, (uint64_t)i), fv__random_normal(key, (uint64_t)i),
                       (double)fv__random_below(key, (uint64_t)i, 10)};
        assert_true(v[0] >= 0 && v[0] < 1);
        assert_true(v[2] >= 0 && v[2] < 10);
        for (int k = 0; k < 3; k++) {
            mean[k] += v[k] / n;
            square[k] += v[k] * v[k] / n;
        }
    }
    const double expect_mean[3] = {0.5, 0, 4.5}, expect_var[3] = {1.0 / 12, 1, 8.25};
    for (int k = 0; k < 3; k++) {
        assert_true(fabs(mean[k] - expect_mean[k]) < 5 * sqrt(expect_var[k] / n));
        assert_true(fabs(square[k] - mean[k] * mean[k] - expect_var[k]) < 0.02 * expect_var[k]);
    }
    assert_int_equal(fv__random_below(key, 0, 1), 0);
    uint64_t large = 0;
    for (uint64_t i = 0; i < 100; i++) large |= fv__random_below(key, i, UINT64_MAX);
    assert_true(large > UINT64_MAX / 2);
}

/* The kinds share no block of the stream: numbers of one say nothing about those of another. */
static void test_kinds_apart(void **state) {
    (void)state;
    fv_key key = fv__key(3, FV_STREAM_CHECK, 1, 2);
    for (uint64_t i = 0; i < 1000; i++) {
        uint32_t a = fv__random_u32(key, 2 * i), b = fv__random_u32(key, 2 * i + 1);
        uint64_t joined = fv__random_below(key, i, UINT64_MAX);
        assert_true((uint32_t)(joined >> 32) != a && (uint32_t)(joined >> 32) != b);
        double r = sqrt(-2 * log((a + 1.0) * 0x1p-32));
        assert_true(fabs(fv__random_normal(key, 2 * i) - r * cos(6.283185307179586 * b * 0x1p-32)) >
                    1e-9);
    }
}

static void test_permutation(void **state) {
    (void)state;
    enum { N = 1000 };
    uint32_t order[N], again[N];
    int seen[N] = {0}, moved = 0;
    fv__random_permutation(fv__key(1, FV_STREAM_SHUFFLE, 0, 0), order, N);
    fv__random_permutation(fv__key(1, FV_STREAM_SHUFFLE, 0, 0), again, N);
    assert_memory_equal(order, again, sizeof order);
    for (uint32_t i = 0; i < N; i++) {
        assert_true(order[i] < N);
        assert_int_equal(seen[order[i]]++, 0);
        moved += order[i] != i;
    }
    assert_true(moved > N - 20);
    fv__random_permutation(fv__key(1, FV_STREAM_SHUFFLE, 0, 1), again, N);
    assert_memory_not_equal(order, again, sizeof order);
    fv__random_permutation(fv__key(1, FV_STREAM_SHUFFLE, 0, 1), again, 0);
    /* each of the 24 orders of four things, about equally often */
    int count[256] = {0}, kinds = 0;
    for (uint64_t t = 0; t < 24000; t++) {
        uint32_t o[4];
        fv__random_permutation(fv__key(5, FV_STREAM_SHUFFLE, 0, t), o, 4);
        count[o[0] | o[1] << 2 | o[2] << 4 | o[3] << 6]++;
    }
    for (int i = 0; i < 256; i++) {
        if (count[i] == 0) continue;
        kinds++;
        assert_in_range(count[i], 850, 1150); /* 1000, standard deviation 31 */
    }
    assert_int_equal(kinds, 24);
}

static void test_cpu(void **state) {
    (void)state;
    char name[64];
    assert_true(strlen(fv__cpu_name(name)) > 0);
    assert_null(strstr(name, "  "));
    double t = fv__seconds();
    assert_true(fv__seconds() >= t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_fail_long),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_numbers_written),
        cmocka_unit_test(test_numbers_round_trip),
        cmocka_unit_test(test_numbers_read),
        cmocka_unit_test(test_for_people),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_philox),
        cmocka_unit_test(test_distributions),
        cmocka_unit_test(test_kinds_apart),
        cmocka_unit_test(test_permutation),
        cmocka_unit_test(test_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
