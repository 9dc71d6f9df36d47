/* SPDX-License-Identifier: MIT */
/*
 * test_memory.c - allocation, growing blocks, arenas, and sizes that do not fit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void test_alloc(void **state) {
    (void)state;
    fv_context ctx = {0};
    for (size_t n = 0; n < 300; n += 7) {
        unsigned char *p = fv__alloc(&ctx, n, "a test");
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % FV_ALIGN, 0);
        for (size_t i = 0; i < n; i++) assert_int_equal(p[i], 0);
        fv__free(p);
    }
    fv__free(NULL);
    const size_t absurd[] = {SIZE_MAX, SIZE_MAX - 62, SIZE_MAX / 2, SIZE_MAX / 2 + 2};
    for (size_t i = 0; i < 4; i++) {
        ctx.status = FV_OK;
        assert_null(fv__alloc(&ctx, absurd[i], "a test"));
        assert_int_equal(ctx.status, FV_EXHAUSTED);
    }
}

/* An allocator that counts: what it gave, and what came back. */
typedef struct counter {
    int64_t given, back;
    bool refuse;
} counter;

static void *counted_alloc(void *user, size_t bytes, size_t align) {
    counter *c = user;
    if (c->refuse) return NULL;
    c->given++;
    void *p = aligned_alloc(align, (bytes + align - 1) / align * align);
    return memset(p, 0xa5, bytes);
}

static void counted_free(void *user, void *p) {
    counter *c = user;
    c->back++;
    free(p);
}

/* All kinds of memory come from the context's allocator and go back there, after the context too;
   what it refuses is a failure like any other. */
static void test_own_allocator(void **state) {
    (void)state;
    counter c = {0};
    fv_context *ctx = calloc(1, sizeof *ctx);
    ctx->allocator = (fv_allocator){counted_alloc, counted_free, &c};
    unsigned char *p = fv__alloc(ctx, 1000, "a test");
    assert_int_equal((uintptr_t)p % FV_ALIGN, 0);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(p[i], 0);
    fv_arena arena;
    fv__arena_init(&arena, ctx);
    assert_string_equal(fv__arena_text(&arena, "word"), "word");
    fv_text text = {.ctx = ctx};
    for (int i = 0; i < 100; i++) fv__text_addf(&text, "%d words", i);
    assert_true(c.given >= 4);
    c.refuse = true;
    assert_null(fv__alloc(ctx, 1, "a test"));
    assert_int_equal(ctx->status, FV_EXHAUSTED);
    free(ctx);
    fv__free(p);
    fv__text_free(&text);
    fv__arena_free(&arena);
    assert_int_equal(c.given, c.back);
}

static void test_grow(void **state) {
    (void)state;
    fv_context ctx = {0};
    void *items = NULL;
    size_t capacity = 0;
    for (size_t need = 1; need < 1000; need += 13) {
        assert_int_equal(fv__grow(&ctx, &items, &capacity, need, sizeof(int), "ints"), FV_OK);
        assert_true(capacity >= need);
        int *v = items;
        assert_int_equal(v[need - 1], 0); /* what is new is zero */
        for (size_t i = 0; i < need; i++) v[i] = (int)i + 1;
    }
    void *before = items;
    assert_int_equal(fv__grow(&ctx, &items, &capacity, SIZE_MAX / 2, sizeof(int), "ints"),
                     FV_EXHAUSTED);
    assert_ptr_equal(items, before);
    assert_int_equal(((int *)items)[900], 901);
    fv__free(items);
}

static void test_arena(void **state) {
    (void)state;
    fv_context ctx = {0};
    fv_arena arena;
    fv__arena_init(&arena, &ctx);
    unsigned char *items[400];
    for (size_t i = 0; i < 400; i++) { /* sizes up to 159 KB: larger than a block */
        items[i] = fv__arena_alloc(&arena, i * i);
        assert_non_null(items[i]);
        assert_int_equal((uintptr_t)items[i] % 16, 0);
        for (size_t k = 0; k < i * i; k++) assert_int_equal(items[i][k], 0);
        memset(items[i], (int)(i % 256), i * i);
    }
    for (size_t i = 0; i < 400; i++) { /* nobody got another's memory */
        for (size_t k = 0; k < i * i; k++) assert_int_equal(items[i][k], i % 256);
    }
    assert_string_equal(fv__arena_text(&arena, "conv1"), "conv1");
    assert_string_equal(fv__arena_textn(&arena, "conv1", 4), "conv");
    assert_string_equal(fv__arena_format(&arena, "%s.%d", "conv", 7), "conv.7");
    assert_null(fv__arena_alloc(&arena, SIZE_MAX));
    assert_null(fv__arena_alloc(&arena, SIZE_MAX - 100));
    assert_null(fv__arena_textn(&arena, "", SIZE_MAX));
    assert_int_equal(ctx.status, FV_EXHAUSTED);
    fv__arena_free(&arena);
    fv__arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_own_allocator),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
