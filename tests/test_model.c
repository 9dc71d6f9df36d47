/* SPDX-License-Identifier: MIT */
/*
 * test_model.c - models in memory and in files: bits kept, weights of another network named.
 */
#include "format/model.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char small[] =
    "# a caf\xc3\xa9 of a network\n"
    "net small(classes = 3, maps = 4)\n"
    "input 1x8x8 scale 1/255\n"
    "  conv maps 3x3 pad 1 - bn - relu - maxpool 2 - fc classes - softmax\n";

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

static fv_model *make_text(fv_context *ctx, const char *text, const char *settings, uint64_t seed) {
    fv_arena arena;
    fv_setting *list;
    size_t count;
    fv_net *net = NULL;
    fv_model *model = NULL;
    fv__arena_init(&arena, ctx);
    fv_status status = fv__settings_split(ctx, &arena, settings, &list, &count);
    if (status == FV_OK)
        status = fv__net_parse(ctx, "test.net", text, strlen(text), list, count, &net);
    if (status == FV_OK) status = fv__model_new(ctx, net, seed, &model);
    fv__arena_free(&arena);
    if (status != FV_OK) fail_msg("%s", ctx->message);
    return model;
}

static fv_model *make(fv_context *ctx, const char *settings, uint64_t seed) {
    return make_text(ctx, small, settings, seed);
}

static void same_weights(const fv_model *a, const fv_model *b) {
    assert_int_equal(a->net->param_elements, b->net->param_elements);
    assert_memory_equal(a->weights, b->weights, sizeof(float) * (size_t)a->net->param_elements);
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
    static const char *const bad[] = {"a", "a=", "=1", "a=1 b", "a = 1", "="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        fails_with(ctx, fv__settings_split(ctx, &arena, bad[i], &s, &n), FV_USAGE, "NAME=VALUE");
    fv__arena_free(&arena);
}

static void keeps_every_bit(void **state) {
    fv_context *ctx = *state;
    fv_model *a = make(ctx, "classes=5", 7), *b, *c;
    a->weights[0] = -0.0f;
    a->weights[1] = 1e-40f; /* a subnormal */
    assert_int_equal(fv__model_set(ctx, a, "classes", "ant\nbee\ncat\ndog\nemu"), FV_OK);
    assert_int_equal(fv__model_set(ctx, a, "data", "nothing"), FV_OK);
    assert_int_equal(fv__model_set(ctx, a, "seed", "7"), FV_OK);
    assert_int_equal(fv__model_save(ctx, a, "a.safetensors"), FV_OK);
    if (fv__model_load(ctx, "a.safetensors", &b) != FV_OK) fail_msg("%s", ctx->message);
    same_weights(a, b);
    assert_string_equal(b->net->name, "small");
    assert_string_equal(b->net->source, small);
    assert_string_equal(b->net->given, a->net->given);
    assert_string_equal(fv__model_get(b, "data"), "nothing");
    assert_string_equal(fv__model_get(b, "seed"), "7");
    assert_null(fv__model_get(b, "checksum"));
    char name[8];
    assert_string_equal(fv__model_class(b, 4, name, sizeof name), "emu");
    assert_int_equal(fv__model_save(ctx, b, "b.safetensors"), FV_OK);
    fv_bytes x, y;
    assert_int_equal(fv__file_read(ctx, "a.safetensors", 0, &x), FV_OK);
    assert_int_equal(fv__file_read(ctx, "b.safetensors", 0, &y), FV_OK);
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    assert_int_equal(fv__model_load_memory(ctx, "memory", x.data, x.size, &c), FV_OK);
    fv__file_release(&x);
    fv__file_release(&y);
    same_weights(a, c);
    fv__model_free(a);
    fv__model_free(b);
    fv__model_free(c);
}

static void fresh_weights_follow_the_seed(void **state) {
    fv_context *ctx = *state;
    fv_model *a = make(ctx, NULL, 1), *b = make(ctx, NULL, 1), *c = make(ctx, NULL, 2);
    same_weights(a, b);
    assert_memory_not_equal(a->weights, c->weights, sizeof(float) * 36);
    fv__model_free(a);
    fv__model_free(b);
    fv__model_free(c);
}

static void outlives_its_context(void **state) {
    (void)state;
    fv_context *one, *two;
    assert_int_equal(fv_context_new(1, &one), FV_OK);
    fv_model *m = make(one, NULL, 1);
    fv_context_free(one);
    assert_int_equal(fv_context_new(1, &two), FV_OK);
    char big[20000];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    assert_int_equal(fv__model_set(two, m, "note", big), FV_OK);
    assert_int_equal(fv__model_save(two, m, "later.safetensors"), FV_OK);
    fv__model_free(m);
    fv_context_free(two);
}

static void sets_metadata(void **state) {
    fv_context *ctx = *state;
    fv_model *m = make(ctx, NULL, 1);
    char name[16], value[16], out[FV_WORD_MAX];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "key%d", i);
        snprintf(value, sizeof value, "%d", i * i);
        assert_int_equal(fv__model_set(ctx, m, name, value), FV_OK);
    }
    assert_string_equal(fv__model_get(m, "key77"), "5929");
    assert_int_equal(fv__model_set(ctx, m, "key77", "new"), FV_OK);
    assert_string_equal(fv__model_get(m, "key77"), "new");
    assert_int_equal(m->extra_count, 100);
    assert_int_equal(fv__model_set(ctx, m, "key0", NULL), FV_OK);
    assert_int_equal(fv__model_set(ctx, m, "key0", NULL), FV_OK);
    assert_null(fv__model_get(m, "key0"));
    assert_int_equal(m->extra_count, 99);
    assert_string_equal(fv__model_get(m, "key1"), "1");
    assert_string_equal(fv__model_get(m, "net"), small);
    fails_with(ctx, fv__model_set(ctx, m, "net", "x"), FV_USAGE, "follows from the network");
    fails_with(ctx, fv__model_set(ctx, m, "given", NULL), FV_USAGE, "cannot be set");
    fails_with(ctx, fv__model_set(ctx, m, "a", "\xe4"), FV_BAD_INPUT, "not UTF-8");

    assert_string_equal(fv__model_class(m, 2, out, sizeof out), "2"); /* no names */
    assert_int_equal(fv__model_set(ctx, m, "classes", "ant\r\n\nk\xc3\xa4\xc3\xa4se"), FV_OK);
    assert_string_equal(fv__model_class(m, 0, out, sizeof out), "ant");
    assert_string_equal(fv__model_class(m, 1, out, sizeof out), "1");
    assert_string_equal(fv__model_class(m, 2, out, sizeof out), "k\xc3\xa4\xc3\xa4se");
    assert_string_equal(fv__model_class(m, 3, out, sizeof out), "3");
    assert_string_equal(fv__model_class(m, -1, out, sizeof out), "-1");
    assert_string_equal(fv__model_class(m, 2, out, 5), "k\xc3\xa4"); /* no half character */
    assert_string_equal(fv__model_class(m, 2, out, 1), "");
    fv__model_free(m);
}

static void names_what_differs(void **state) {
    fv_context *ctx = *state;
    fv_model *three = make(ctx, NULL, 1), *five = make(ctx, "classes=5", 2);
    fv_model *flat = make_text(ctx, "net flat\ninput 1x8x8\n  fc 3 - softmax\n", NULL, 1);
    fv_model *longer =
        make_text(ctx,
                  "net longer\ninput 1x8x8\n conv 4 3x3 pad 1 - bn - relu - maxpool 2"
                  " - fc 3 - fc 3 - softmax\n",
                  NULL, 1);
    assert_int_equal(fv__model_save(ctx, five, "five.safetensors"), FV_OK);
    assert_int_equal(fv__model_save(ctx, flat, "flat.safetensors"), FV_OK);
    assert_int_equal(fv__model_save(ctx, longer, "longer.safetensors"), FV_OK);
    const size_t bytes = sizeof(float) * (size_t)three->net->param_elements;
    float *before = malloc(bytes);
    memcpy(before, three->weights, bytes);

    fv_status status = fv__model_load_weights(ctx, three, "five.safetensors");
    fails_with(ctx, status, FV_BAD_INPUT, "five.safetensors: these are not the weights of small");
    fails_with(ctx, status, FV_BAD_INPUT, "'fc1.weight' is 5x64 in the file and 3x64");
    fails_with(ctx, status, FV_BAD_INPUT, "saved from small classes=5");
    status = fv__model_load_weights(ctx, three, "flat.safetensors");
    fails_with(ctx, status, FV_BAD_INPUT, "'conv1.weight' (4x1x3x3) is missing in the file");
    fails_with(ctx, status, FV_BAD_INPUT, "saved from flat; use it with that network");
    status = fv__model_load_weights(ctx, three, "longer.safetensors");
    fails_with(ctx, status, FV_BAD_INPUT, "'fc2.weight' (3x3) in the file has no place");
    assert_memory_equal(before, three->weights, bytes); /* nothing was changed */
    free(before);

    fv_model *other = make(ctx, "classes=5", 3);
    assert_int_equal(fv__model_load_weights(ctx, other, "five.safetensors"), FV_OK);
    same_weights(other, five);
    fv__model_free(other);
    fv__model_free(three);
    fv__model_free(five);
    fv__model_free(flat);
    fv__model_free(longer);
}

static fv_status write(fv_context *ctx, const char *format, const char *net, const char *given) {
    static const float w[192] = {0};
    fv_st_tensor t[] = {{"fc1.weight", {2, {3, 64}}, w}, {"fc1.bias", {1, {3}}, w}};
    fv_st_meta m[3];
    size_t n = 0;
    if (format) m[n++] = (fv_st_meta){"format", format};
    if (net) m[n++] = (fv_st_meta){"net", net};
    if (given) m[n++] = (fv_st_meta){"given", given};
    return fv__safetensors_write(ctx, "w.safetensors", t, 2, m, n);
}

static void refuses_files_that_are_no_models(void **state) {
    fv_context *ctx = *state;
    fv_model *m = NULL;
    static const char flat[] = "net flat(k = 3)\ninput 1x8x8\n  fc k - softmax\n";
    assert_int_equal(write(ctx, NULL, NULL, NULL), FV_OK);
    fails_with(ctx, fv__model_load(ctx, "w.safetensors", &m), FV_BAD_INPUT,
               "w.safetensors: these are weights without a network");
    assert_int_equal(write(ctx, "pt", NULL, NULL), FV_OK);
    fails_with(ctx, fv__model_load(ctx, "w.safetensors", &m), FV_BAD_INPUT, "without a network");
    assert_int_equal(write(ctx, "fovea 2", flat, NULL), FV_OK);
    fails_with(ctx, fv__model_load(ctx, "w.safetensors", &m), FV_BAD_INPUT, "\"fovea 2\"");
    assert_int_equal(write(ctx, "fovea 1", "net flat\ninput 1x8x8\n  fx 3\n", NULL), FV_OK);
    fails_with(ctx, fv__model_load(ctx, "w.safetensors", &m), FV_BAD_INPUT, "its network:3:");
    assert_int_equal(write(ctx, "fovea 1", flat, "nonsense"), FV_OK);
    fails_with(ctx, fv__model_load(ctx, "w.safetensors", &m), FV_BAD_INPUT, "'nonsense'");
    assert_int_equal(write(ctx, "fovea 1", flat, "k=4"), FV_OK);
    fails_with(ctx, fv__model_load(ctx, "w.safetensors", &m), FV_BAD_INPUT,
               "do not fit the network in the same file (flat): 'fc1.weight' is 3x64");
    /* a few words that ask for a terabyte of weights */
    assert_int_equal(write(ctx, "fovea 1", "net big\ninput 1x8x8\n fc 4000000000\n", NULL), FV_OK);
    fails_with(ctx, fv__model_load(ctx, "w.safetensors", &m), FV_BAD_INPUT, "w.safetensors: ");
    assert_null(m);
    assert_int_equal(write(ctx, "fovea 1", flat, NULL), FV_OK);
    assert_int_equal(fv__model_load(ctx, "w.safetensors", &m), FV_OK);
    assert_string_equal(m->net->given, "");
    fv__model_free(m);
    fails_with(ctx, fv__model_load(ctx, "missing.safetensors", &m), FV_BAD_INPUT,
               "missing.safetensors");
}

/* A comment in Latin-1 may not keep a trained network from being saved. */
static void saves_a_text_that_is_not_utf8(void **state) {
    fv_context *ctx = *state;
    static const char latin[] = "# caf\xe9\nnet flat\ninput 1x8x8\n  fc 3 - softmax\n";
    fv_net *net = NULL;
    if (fv__net_parse(ctx, "latin.net", latin, strlen(latin), NULL, 0, &net) != FV_OK) {
        assert_int_equal(ctx->status, FV_BAD_INPUT); /* refusing it at once is as good */
        return;
    }
    fv_model *a, *b;
    assert_int_equal(fv__model_new(ctx, net, 1, &a), FV_OK);
    if (fv__model_save(ctx, a, "latin.safetensors") != FV_OK) fail_msg("%s", ctx->message);
    if (fv__model_load(ctx, "latin.safetensors", &b) != FV_OK) fail_msg("%s", ctx->message);
    same_weights(a, b);
    fv__model_free(a);
    fv__model_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_settings),
        cmocka_unit_test(keeps_every_bit),
        cmocka_unit_test(fresh_weights_follow_the_seed),
        cmocka_unit_test(outlives_its_context),
        cmocka_unit_test(sets_metadata),
        cmocka_unit_test(names_what_differs),
        cmocka_unit_test(refuses_files_that_are_no_models),
        cmocka_unit_test(saves_a_text_that_is_not_utf8),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
