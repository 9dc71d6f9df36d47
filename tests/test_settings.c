/* SPDX-License-Identifier: MIT */
/*
 * test_settings.c - settings taken apart, applied to a recipe, and a recipe written as settings.
 */
#include "net/settings.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static int setup(void **state) {
    fv_context *ctx;
    fv_status status = fv_context_new(1, &ctx);
    *state = ctx;
    return (int)status;
}

static int teardown(void **state) {
    fv_context_free(*state);
    return 0;
}

static void fails_with(fv_context *ctx, fv_status got, fv_status want, const char *words) {
    if (got != want || !strstr(ctx->message, words))
        fail_msg("gave %d: %s\n  expected %d: %s", (int)got, ctx->message, (int)want, words);
}

static void splits_settings(void **state) {
    fv_context *ctx = *state;
    fv_arena arena;
    fv_setting *s;
    size_t n;
    fv__arena_init(&arena, ctx);
    assert_int_equal(fv__settings_split(ctx, &arena, NULL, &s, &n), FV_OK);
    assert_int_equal(n, 0);
    assert_int_equal(fv__settings_split(ctx, &arena, " \n\t", &s, &n), FV_OK);
    assert_int_equal(n, 0);
    assert_int_equal(fv__settings_split(ctx, &arena, " a=1\n bc=x=y ", &s, &n), FV_OK);
    assert_int_equal(n, 2);
    assert_string_equal(s[0].name, "a");
    assert_string_equal(s[0].value, "1");
    assert_string_equal(s[1].name, "bc");
    assert_string_equal(s[1].value, "x=y");
    static const char *const bad[] = {"a", "a= 1", "=1", "a=1 b", "a = 1", "="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        fails_with(ctx, fv__settings_split(ctx, &arena, bad[i], &s, &n), FV_USAGE, "NAME=VALUE");
    fv__arena_free(&arena);
}

static void applies_what_is_a_recipes(void **state) {
    fv_context *ctx = *state;
    fv_setting list[] = {{"classes", "7"}, {"lr", "0.25"}, {"width", "2"}, {"steps", "3,5"}};
    fv_recipe recipe;
    size_t rest;
    fv__recipe_defaults(&recipe);
    assert_int_equal(fv__recipe_apply(ctx, list, 4, &recipe, &rest), FV_OK);
    assert_int_equal(rest, 2);
    assert_string_equal(list[0].name, "classes");
    assert_string_equal(list[1].name, "width");
    assert_true(recipe.lr == 0.25 && recipe.steps.count == 2 && recipe.steps.v[1] == 5);
    /* told apart only: a value that would be refused is not looked at */
    fv_setting apart[] = {{"lr", "none"}, {"classes", "7"}};
    assert_int_equal(fv__recipe_apply(ctx, apart, 2, NULL, &rest), FV_OK);
    assert_int_equal(rest, 1);
    assert_string_equal(apart[0].name, "classes");
}

static void refuses_what_is_none(void **state) {
    fv_context *ctx = *state;
    fv_setting wrong[] = {{"lr", "fast"}}, typo[] = {{"momentun", "0.5"}}, far[] = {{"xyzzy", "1"}};
    fv_recipe recipe;
    size_t rest;
    fv__recipe_defaults(&recipe);
    fails_with(ctx, fv__recipe_apply(ctx, wrong, 1, &recipe, &rest), FV_BAD_INPUT, "lr must be");
    fails_with(ctx, fv__recipe_apply(ctx, typo, 1, &recipe, NULL), FV_USAGE,
               "did you mean 'momentum'?");
    fails_with(ctx, fv__recipe_apply(ctx, far, 1, &recipe, NULL), FV_USAGE,
               "no training setting 'xyzzy'");
}

/* Every recipe comes back from what is written of it. */
static void writes_what_it_reads(void **state) {
    fv_context *ctx = *state;
    fv_setting set[] = {{"optimizer", "adam"},    {"lr", "0.001"}, {"steps", "3,5"},
                        {"seed", "77"},           {"flip", "yes"}, {"decay", "1e-4"},
                        {"epochs", "12"},         {"limit", "5"},  {"stop", "2"},
                        {"schedule", "onecycle"}, {"rise", "0.2"}, {"min_lr", "1e-5"}};
    for (size_t count = 0; count <= sizeof set / sizeof *set; count++) {
        fv_recipe recipe, back;
        fv_arena arena;
        fv_setting *list;
        size_t n;
        fv_text text = {.ctx = ctx}, again = {.ctx = ctx};
        memset(&recipe, 0, sizeof recipe);
        memset(&back, 0, sizeof back);
        fv__arena_init(&arena, ctx);
        fv__recipe_defaults(&recipe);
        fv__recipe_defaults(&back);
        assert_int_equal(fv__recipe_apply(ctx, set, count, &recipe, NULL), FV_OK);
        fv__recipe_print(&text, &recipe);
        assert_int_equal(fv__text_done(ctx, &text), FV_OK);
        assert_int_equal(strstr(text.data, "steps=") != NULL, count > 2); /* no empty list */
        assert_int_equal(fv__settings_split(ctx, &arena, text.data, &list, &n), FV_OK);
        assert_int_equal(fv__recipe_apply(ctx, list, n, &back, NULL), FV_OK);
        fv__recipe_print(&again, &back);
        assert_string_equal(text.data, again.data);
        assert_memory_equal(fv__recipe_options(&recipe), fv__recipe_options(&back),
                            sizeof recipe.optim[0]);
        memcpy(back.optim, recipe.optim, sizeof back.optim); /* others' are not written */
        assert_memory_equal(&recipe, &back, sizeof recipe);
        fv__text_free(&text);
        fv__text_free(&again);
        fv__arena_free(&arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_settings),
        cmocka_unit_test(applies_what_is_a_recipes),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
