/* SPDX-License-Identifier: MIT */
/*
 * test_json_write.c - JSON written: its three styles to the letter, and back through the reader.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/json_write.h"

#include <math.h>
#include <string.h>

static void write(fv_text *out, int lines) {
    fv_json_writer w = fv__json_writer(out, lines);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "text", "a\"\\\n\x01\xc3\xa4\xff");
    fv__json_add_text(&w, "none", NULL);
    fv__json_add_ints(&w, "shape", (const int64_t[]){1, -28, INT64_MAX}, 3);
    fv__json_open(&w, "rows", '[');
    for (int i = 0; i < 2; i++) {
        fv__json_open(&w, NULL, '{');
        fv__json_add_real(&w, "r\"", 0.1);
        fv__json_add_bool(&w, "b", i);
        fv__json_close(&w);
    }
    fv__json_close(&w);
    fv__json_open(&w, "empty", '[');
    fv__json_close(&w);
    fv__json_add_real(&w, "nan", NAN);
    fv__json_add_rounded(&w, "third", 1.0 / 3, 3);
    fv__json_add_rounded(&w, "inf", INFINITY, 3);
    fv__json_close(&w);
}

static void writes_each_style(void **state) {
    (void)state;
    static const char *const wanted[] = {
        "{\"text\":\"a\\\"\\\\\\n\\u0001\xc3\xa4\xef\xbf\xbd\",\"none\":null,"
        "\"shape\":[1,-28,9223372036854775807],\"rows\":[{\"r\\\"\":0.1,\"b\":false},"
        "{\"r\\\"\":0.1,\"b\":true}],\"empty\":[],\"nan\":null,\"third\":0.333,\"inf\":null}",
        "{\"text\": \"a\\\"\\\\\\n\\u0001\xc3\xa4\xef\xbf\xbd\", \"none\": null, "
        "\"shape\": [1, -28, 9223372036854775807], \"rows\": [{\"r\\\"\": 0.1, \"b\": false}, "
        "{\"r\\\"\": 0.1, \"b\": true}], \"empty\": [], \"nan\": null, \"third\": 0.333, "
        "\"inf\": null}\n",
        "{\n  \"text\": \"a\\\"\\\\\\n\\u0001\xc3\xa4\xef\xbf\xbd\",\n  \"none\": null,\n"
        "  \"shape\": [1, -28, 9223372036854775807],\n  \"rows\": [{\"r\\\"\": 0.1, \"b\": false}, "
        "{\"r\\\"\": 0.1, \"b\": true}],\n  \"empty\": [],\n  \"nan\": null,\n"
        "  \"third\": 0.333,\n  \"inf\": null\n}\n",
        "{\n  \"text\": \"a\\\"\\\\\\n\\u0001\xc3\xa4\xef\xbf\xbd\",\n  \"none\": null,\n"
        "  \"shape\": [1, -28, 9223372036854775807],\n"
        "  \"rows\": [\n    {\"r\\\"\": 0.1, \"b\": false},\n    {\"r\\\"\": 0.1, \"b\": true}\n"
        "  ],\n  \"empty\": [],\n  \"nan\": null,\n  \"third\": 0.333,\n  \"inf\": null\n}\n"};
    for (int lines = FV_JSON_COMPACT; lines <= 2; lines++) {
        fv_context ctx = {0};
        fv_text out = {0};
        write(&out, lines);
        assert_int_equal(fv__text_done(&ctx, &out), FV_OK);
        assert_string_equal(out.data, wanted[lines + 1]);
        fv_arena arena;
        fv_json *back;
        fv__arena_init(&arena, &ctx);
        assert_int_equal(fv__json_parse(&ctx, &arena, out.data, out.length, &back), FV_OK);
        assert_string_equal(fv__json_string(back, "text", ""), "a\"\\\n\x01\xc3\xa4\xef\xbf\xbd");
        fv__arena_free(&arena);
        fv__text_free(&out);
    }
}

/* Brackets that were never opened, or too many of them, are a failure and not a crash. */
static void refuses_impossible_nesting(void **state) {
    (void)state;
    fv_text out = {0};
    fv_json_writer w = fv__json_writer(&out, 1);
    fv__json_close(&w);
    assert_true(out.failed);
    fv__text_free(&out);
    w = fv__json_writer(&out, 1);
    for (int i = 0; i < FV_JSON_DEPTH; i++) fv__json_open(&w, NULL, '[');
    assert_false(out.failed);
    fv__json_open(&w, NULL, '[');
    assert_true(out.failed);
    fv__text_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_each_style),
        cmocka_unit_test(refuses_impossible_nesting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
