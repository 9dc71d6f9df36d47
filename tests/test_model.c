/* SPDX-License-Identifier: MIT */
/*
 * test_model.c - models in memory and in files: bits kept, weights of another network named.
 */
#include "format/weights.h"
#include <math.h>
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
    fv_net net = {0};
    fv_model *model = NULL;
    fv__arena_init(&arena, ctx);
    fv_status status = fv__settings_split(ctx, &arena, settings, &list, &count);
    if (status == FV_OK)
        status = fv__net_parse(ctx, "test.net", text, strlen(text), list, count, &net.graph,
                               &net.recipe);
    if (status == FV_OK) status = fv__model_new(ctx, &net, seed, &model);
    fv__arena_free(&arena);
    if (status != FV_OK) fail_msg("%s", ctx->message);
    return model;
}

static fv_model *make(fv_context *ctx, const char *settings, uint64_t seed) {
    return make_text(ctx, small, settings, seed);
}

static void same_weights(const fv_model *a, const fv_model *b) {
    assert_int_equal(a->net.graph->param_elements, b->net.graph->param_elements);
    assert_memory_equal(a->weights, b->weights,
                        sizeof(float) * (size_t)a->net.graph->param_elements);
}

static void fails_with(fv_context *ctx, fv_status got, fv_status want, const char *words) {
    if (got != want || !strstr(ctx->message, words))
        fail_msg("gave %d: %s\n  expected %d: %s", (int)got, ctx->message, (int)want, words);
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
    assert_string_equal(b->net.graph->name, "small");
    assert_string_equal(b->net.graph->source, small);
    assert_string_equal(b->net.graph->given, a->net.graph->given);
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
    const size_t bytes = sizeof(float) * (size_t)three->net.graph->param_elements;
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
    fv_st_tensor t[] = {{"fc1.weight", {2, {3, 64}}, w, FV_F32}, {"fc1.bias", {1, {3}}, w, FV_F32}};
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
    assert_string_equal(m->net.graph->given, "");
    fv__model_free(m);
    fails_with(ctx, fv__model_load(ctx, "missing.safetensors", &m), FV_BAD_INPUT,
               "missing.safetensors");
}

/* A comment in Latin-1 may not keep a trained network from being saved. */
static void saves_a_text_that_is_not_utf8(void **state) {
    fv_context *ctx = *state;
    static const char latin[] = "# caf\xe9\nnet flat\ninput 1x8x8\n  fc 3 - softmax\n";
    fv_net net = {0};
    if (fv__net_parse(ctx, "latin.net", latin, strlen(latin), NULL, 0, &net.graph, &net.recipe) !=
        FV_OK) {
        assert_int_equal(ctx->status, FV_BAD_INPUT); /* refusing it at once is as good */
        return;
    }
    fv_model *a, *b;
    assert_int_equal(fv__model_new(ctx, &net, 1, &a), FV_OK);
    if (fv__model_save(ctx, a, "latin.safetensors") != FV_OK) fail_msg("%s", ctx->message);
    if (fv__model_load(ctx, "latin.safetensors", &b) != FV_OK) fail_msg("%s", ctx->message);
    same_weights(a, b);
    fv__model_free(a);
    fv__model_free(b);
}

/* A file of 4 MB is used where it is mapped: not copied, ours to change, and the file stays as it
   is; saved over while it is in use, it is another file. */
static void uses_large_files_where_they_lie(void **state) {
    fv_context *ctx = *state;
    static const char large[] = "net large\ninput 1x32x32\n  fc 1024 - relu - fc 3 - softmax\n";
    fv_model *model = make_text(ctx, large, NULL, 5), *one, *two;
    assert_int_equal(fv__model_save(ctx, model, "large.safetensors"), FV_OK);
    assert_int_equal(fv__model_load(ctx, "large.safetensors", &one), FV_OK);
#ifdef FV_HAVE_MMAP
    assert_true(one->file.mapped);
    const uint8_t *weights = (const uint8_t *)one->weights;
    assert_true(weights > one->file.data && weights < one->file.data + one->file.size);
#endif
    same_weights(model, one);
    for (int64_t i = 0; i < one->net.graph->params[3].offset; i++) one->weights[i] += 1;
    assert_int_equal(fv__model_load(ctx, "large.safetensors", &two), FV_OK);
    same_weights(model, two);
    assert_int_equal(fv__model_save(ctx, one, "large.safetensors"), FV_OK);
    same_weights(model, two);
    fv__model_free(two);
    assert_int_equal(fv__model_load(ctx, "large.safetensors", &two), FV_OK);
    same_weights(one, two);
    assert_int_equal(fv__model_load_weights(ctx, two, "large.safetensors"), FV_OK);
    same_weights(one, two);
    fv__model_free(model);
    fv__model_free(one);
    fv__model_free(two);
}

/* Files in another order of tensors cannot be used where they lie, and give the same weights. */
static void takes_tensors_in_any_order(void **state) {
    fv_context *ctx = *state;
    static const char large[] = "net large\ninput 1x32x32\n  fc 1024 - relu - fc 3 - softmax\n";
    fv_model *model = make_text(ctx, large, NULL, 5), *loaded;
    fv_st_tensor tensors[4];
    const fv_st_meta meta[] = {{"format", "fovea 1"}, {"net", large}};
    for (size_t i = 0; i < 4; i++) {
        const fv_param *p = &model->net.graph->params[3 - i];
        tensors[i] = (fv_st_tensor){p->name, p->spec.shape, model->weights + p->offset, FV_F32};
    }
    assert_int_equal(fv__safetensors_write(ctx, "turned.safetensors", tensors, 4, meta, 2), FV_OK);
    assert_int_equal(fv__model_load(ctx, "turned.safetensors", &loaded), FV_OK);
    assert_null(loaded->file.data);
    same_weights(model, loaded);
    fv__model_free(model);
    fv__model_free(loaded);
}

static void names_the_first_weight_that_is_no_number(void **state) {
    fv_context *ctx = *state;
    fv_model *model = make(ctx, "maps=40", 1); /* conv1: 360 + 40 */
    assert_int_equal(fv__model_check_finite(ctx, model), FV_OK);
    for (int64_t at = 0; at < 360; at += 7) {
        const float kept = model->weights[at];
        char words[32];
        snprintf(words, sizeof words, "value %d)", (int)at + 1);
        model->weights[at] = at % 2 ? NAN : -INFINITY;
        model->weights[359] = INFINITY;
        fails_with(ctx, fv__model_check_finite(ctx, model), FV_BAD_INPUT, words);
        assert_non_null(strstr(ctx->message, "conv1.weight"));
        model->weights[at] = kept;
        model->weights[359] = kept;
    }
    fv__model_free(model);
}

static void names_classes(void **state) {
    fv_context *ctx = *state;
    static const char *const names[] = {"ant", "k\xc3\xa4se", "", "bee"};
    static const char *const wrong[] = {"a\nb"};
    char out[4];
    fv_model *model = make(ctx, NULL, 1), *loaded;
    assert_int_equal(fv__model_set_classes(ctx, model, names, 4), FV_OK);
    fails_with(ctx, fv__model_set_classes(ctx, model, wrong, 1), FV_BAD_INPUT, "one line");
    assert_int_equal(fv__model_save(ctx, model, "classes.safetensors"), FV_OK);
    assert_int_equal(fv__model_load(ctx, "classes.safetensors", &loaded), FV_OK);
    assert_string_equal(fv__model_get(loaded, "classes"), "ant\nk\xc3\xa4se\n\nbee");
    assert_int_equal(loaded->class_count, 4);
    for (int i = 0; i < 4; i++) assert_string_equal(loaded->class_names[i], names[i]);
    assert_string_equal(fv__model_class(loaded, 1, out, 3), "k"); /* cut before the letter */
    assert_string_equal(fv__model_class(loaded, 2, out, 4), "2");
    assert_string_equal(fv__model_class(loaded, 4, out, 4), "4");
    assert_int_equal(fv__model_set(ctx, loaded, "classes", "one\r\ntwo\r\n"), FV_OK);
    assert_int_equal(loaded->class_count, 2);
    assert_string_equal(loaded->class_names[1], "two");
    assert_int_equal(fv__model_set_classes(ctx, loaded, NULL, 0), FV_OK);
    assert_null(fv__model_get(loaded, "classes"));
    assert_int_equal(loaded->class_count, 0);
    fv__model_free(model);
    fv__model_free(loaded);
}

static void says_what_a_pointer_of_git_lfs_is(void **state) {
    fv_context *ctx = *state;
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\n"
                                  "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2c"
                                  "a24d17e2393\nsize 12345\n";
    fv_model *model, *there = make(ctx, NULL, 1);
    assert_int_equal(fv__file_write(ctx, "lfs.safetensors", pointer, sizeof pointer - 1), FV_OK);
    fails_with(ctx, fv__model_load(ctx, "lfs.safetensors", &model), FV_BAD_INPUT, "git lfs pull");
    fails_with(ctx, fv__model_load_weights(ctx, there, "lfs.safetensors"), FV_BAD_INPUT,
               "git lfs pull");
    fails_with(ctx, fv__model_load_memory(ctx, "it", pointer, sizeof pointer - 1, &model),
               FV_BAD_INPUT, "git lfs pull");
    fv__model_free(there);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_every_bit),
        cmocka_unit_test(fresh_weights_follow_the_seed),
        cmocka_unit_test(outlives_its_context),
        cmocka_unit_test(sets_metadata),
        cmocka_unit_test(names_what_differs),
        cmocka_unit_test(refuses_files_that_are_no_models),
        cmocka_unit_test(saves_a_text_that_is_not_utf8),
        cmocka_unit_test(uses_large_files_where_they_lie),
        cmocka_unit_test(takes_tensors_in_any_order),
        cmocka_unit_test(names_the_first_weight_that_is_no_number),
        cmocka_unit_test(names_classes),
        cmocka_unit_test(says_what_a_pointer_of_git_lfs_is),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
