/* SPDX-License-Identifier: MIT */
/*
 * test_json.c - reading JSON: good, bad and hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/random.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Parses a copy that ends where the text ends, so that a byte read behind it is seen by the
   address sanitizer and by valgrind. */
static fv_status parse(fv_context *ctx, fv_arena *arena, const char *text, size_t size,
                       fv_json **out) {
    char *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, text, size);
    fv__arena_init(arena, ctx);
    fv_status status = fv__json_parse(ctx, arena, copy, size, out);
    free(copy);
    return status;
}

static void test_tree(void **state) {
    (void)state;
    static const char text[] =
        " {\"__metadata__\": {\"format\":\"pt\", \"net\":\"a\\n\\\"b\\\" "
        "\\u00e9\\ud83d\\ude00\\/\"},"
        "\t\"conv1.weight\":{\"dtype\":\"F32\",\"shape\":[6,1,5,5],\"data_offsets\":[0,600]},\r\n"
        "\"x\":[true,false,null,-1.5e2,[],{}], \"\":0} ";
    fv_context ctx = {0};
    fv_arena arena;
    fv_json *v;
    assert_int_equal(parse(&ctx, &arena, text, sizeof text - 1, &v), FV_OK);
    assert_int_equal(v->kind, FV_JSON_OBJECT);
    assert_int_equal(v->count, 4);
    const fv_json *meta = fv__json_get(v, "__metadata__");
    assert_string_equal(fv__json_string(meta, "net", ""), "a\n\"b\" \xc3\xa9\xf0\x9f\x98\x80/");
    assert_string_equal(fv__json_string(meta, "nothing", "otherwise"), "otherwise");
    const fv_json *shape = fv__json_get(fv__json_get(v, "conv1.weight"), "shape");
    assert_int_equal(shape->count, 4);
    double product = 1;
    for (const fv_json *d = shape->child; d != NULL; d = d->next) product *= d->number;
    assert_true(product == 150);
    const fv_json *x = fv__json_get(v, "x")->child;
    static const fv_json_kind kinds[] = {FV_JSON_BOOL,   FV_JSON_BOOL,  FV_JSON_NULL,
                                         FV_JSON_NUMBER, FV_JSON_ARRAY, FV_JSON_OBJECT};
    for (int i = 0; i < 6; i++, x = x->next) {
        assert_int_equal(x->kind, kinds[i]);
        assert_string_equal(x->name, "");
        if (i == 0) assert_true(x->number == 1);
        if (i == 3) assert_true(x->number == -150);
    }
    assert_null(fv__json_get(NULL, "x"));
    assert_null(fv__json_get(shape, "x"));
    fv__arena_free(&arena);
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "line 1 column 1: expected a value, but the text ends here"},
        {"{\"a\":1\n\"b\":2}", "line 2 column 1: expected ',' or '}'"},
        {"[1,2", "line 1 column 5: expected ',' or ']', but the text ends here"},
        {"[1,]", "line 1 column 4: expected a value"},
        {"{\"a\":1,}", "line 1 column 8: expected a name in quotes"},
        {"{a:1}", "line 1 column 2: expected a name in quotes"},
        {"{\"a\" 1}", "line 1 column 6: expected ':'"},
        {"[1] x", "line 1 column 5: expected nothing more"},
        {"01", "line 1 column 1: a number may not begin with 0"},
        {"-", "line 1 column 2: expected a value, but the text ends here"},
        {"1.", "line 1 column 3: expected a digit after the point, but the text ends here"},
        {"1e+", "line 1 column 4: expected a digit in the exponent, but the text ends here"},
        {"1e999", "line 1 column 6: a number that is too large, but the text ends here"},
        {"\"\xc3\xa9\x01\"", "line 1 column 3: a control character in a string must be escaped"},
        {"\"\\q\"", "line 1 column 3: expected one of \" \\ / b f n r t u after a backslash"},
        {"\"\\u12g4\"", "line 1 column 4: expected four hexadecimal digits after \\u"},
        {"\"\\u0000\"", "line 1 column 8: a zero character (\\u0000) is not accepted"},
        {"\"\\ud800\"", "line 1 column 8: half a surrogate pair"},
        {"\"\\udc00\"", "line 1 column 8: half a surrogate pair"},
        {"\"\xff\"", "line 1 column 2: a string that is not UTF-8"},
        {"\"\xed\xa0\x80\"", "line 1 column 2: a string that is not UTF-8"},
        {"\"\xc0\xaf\"", "line 1 column 2: a string that is not UTF-8"},
    };
    static const char *const also[] = {"nul",
                                       "truex",
                                       "tru",
                                       "+1",
                                       ".5",
                                       "0x1",
                                       "1 2",
                                       "NaN",
                                       "'a'",
                                       "\"a",
                                       "\"\\",
                                       "\"\\u",
                                       "\"a\\\"",
                                       "{",
                                       "{\"",
                                       "{\"a",
                                       "{\"a\"",
                                       "{\"a\":",
                                       "[",
                                       "[,1]",
                                       "]",
                                       "\"\xf0\x9f\x98",
                                       "\xef\xbb\xbf{}",
                                       "//",
                                       "-01",
                                       "1.e5"};
    fv_context ctx = {0};
    fv_arena arena;
    fv_json *v;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse(&ctx, &arena, cases[i].text, strlen(cases[i].text), &v),
                         FV_BAD_INPUT);
        assert_string_equal(ctx.message, cases[i].message);
        assert_null(v);
        fv__arena_free(&arena);
    }
    for (size_t i = 0; i < sizeof also / sizeof *also; i++) {
        if (parse(&ctx, &arena, also[i], strlen(also[i]), &v) == FV_OK) {
            fail_msg("%s was accepted", also[i]);
        }
        fv__arena_free(&arena);
    }
    /* a zero byte is no end */
    assert_int_equal(parse(&ctx, &arena, "1\0", 2, &v), FV_BAD_INPUT);
    fv__arena_free(&arena);
    assert_int_equal(parse(&ctx, &arena, "\"a\\\0b\"", 6, &v), FV_BAD_INPUT);
    fv__arena_free(&arena);
}

static void test_depth(void **state) {
    (void)state;
    enum { MANY = 1000000 };
    fv_context ctx = {0};
    fv_arena arena;
    fv_json *v;
    char *text = malloc(2 * MANY);
    for (size_t depth = 60; depth < 70; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        fv_status expected = depth <= 64 ? FV_OK : FV_BAD_INPUT;
        assert_int_equal(parse(&ctx, &arena, text, 2 * depth, &v), expected);
        fv__arena_free(&arena);
    }
    memset(text, '[', MANY);
    assert_int_equal(parse(&ctx, &arena, text, MANY, &v), FV_BAD_INPUT);
    assert_string_equal(ctx.message, "line 1 column 65: nested more than 64 deep");
    fv__arena_free(&arena);
    for (size_t i = 0; i < MANY; i++) memcpy(text + i * 2, i == 0 ? "[1" : ",1", 2);
    text[2 * MANY - 1] = ']'; /* "[1,1,…,1,]": the last is missing */
    assert_int_equal(parse(&ctx, &arena, text, 2 * MANY, &v), FV_BAD_INPUT);
    fv__arena_free(&arena);
    memset(text, '7', MANY);
    assert_int_equal(parse(&ctx, &arena, text, MANY, &v), FV_BAD_INPUT);
    fv__arena_free(&arena);
    free(text);
}

/* A good text with random damage: accepted or refused, never more. */
static void test_damage(void **state) {
    (void)state;
    static const char good[] = "{\"a\":[1,-2.5e-3,\"\\u00e9x\\n\",null,true,{\"b\":\"\xc3\xa9\"}],"
                               "\"c\":{\"d\":[[],[0]]},\"e\":\"\\ud83d\\ude00\"}";
    fv_key key = fv__key(1, FV_STREAM_CHECK, 0, 0);
    fv_context ctx = {0};
    int accepted = 0, refused = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        char text[sizeof good];
        memcpy(text, good, sizeof good);
        size_t size = sizeof good - 1;
        if (i % 3 == 0) size = fv__random_below(key, 10 * i, size);
        for (uint64_t k = 0; k < i % 4; k++) {
            text[fv__random_below(key, 10 * i + 2 * k + 1, sizeof good)] =
                (char)fv__random_below(key, 10 * i + 2 * k + 2, 256);
        }
        fv_arena arena;
        fv_json *v;
        fv_status status = parse(&ctx, &arena, text, size, &v);
        assert_true(status == FV_OK || status == FV_BAD_INPUT);
        *(status == FV_OK ? &accepted : &refused) += 1;
        fv__arena_free(&arena);
    }
    assert_true(accepted > 1000 && refused > 10000);
}

/* What fv__text_json writes is read back. */
static void test_round_trip(void **state) {
    (void)state;
    fv_context ctx = {0};
    char text[128];
    for (int i = 0; i < 127; i++) text[i] = (char)(i + 1);
    text[127] = '\0';
    fv_text t = {0};
    fv__text_json(&t, text);
    fv_arena arena;
    fv_json *v;
    assert_int_equal(parse(&ctx, &arena, t.data, t.length, &v), FV_OK);
    assert_string_equal(v->string, text);
    fv__arena_free(&arena);
    fv__text_free(&t);
}

static void *counted_alloc(void *user, size_t bytes, size_t align) {
    *(size_t *)user += bytes;
    return aligned_alloc(align, (bytes + align - 1) / align * align);
}

static void counted_free(void *user, void *p) {
    (void)user;
    free(p);
}

/* The most that a text of a megabyte can make the reader take: 16 times as much, and the arena's
   blocks. */
static void test_memory_follows_the_text(void **state) {
    (void)state;
    enum { SIZE = 1 << 20 };
    static const char *const parts[] = {"0,", "[],", "\"\",", "{\"\":0},", "\"\\n\\n\\n\","};
    char *text = malloc(SIZE + 32);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t taken = 0, n = 1;
        fv_context ctx = {.allocator = {counted_alloc, counted_free, &taken}};
        fv_arena arena;
        fv_json *v;
        text[0] = '[';
        for (; n < SIZE; n += strlen(parts[i])) memcpy(text + n, parts[i], strlen(parts[i]));
        text[n - 1] = ']';
        fv__arena_init(&arena, &ctx);
        assert_int_equal(fv__json_parse(&ctx, &arena, text, n, &v), FV_OK);
        assert_true(taken < 17 * n + (4 << 20));
        fv__arena_free(&arena);
    }
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_follows_the_text),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
