/* SPDX-License-Identifier: MIT */
/*
 * test_constants.c - constants of a network in a model's file: short ones in its text, long ones
 * beside it, of every type; what is missing or another is refused. And the input's line and the
 * classes' names, which may be said when a model is opened.
 */
#include "base/random.h"
#include "fovea.h"
#include "format/open_model.h"
#include "lang/constants.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context *ctx;

static int open_context(void **state) {
    (void)state;
    return fv_context_new(1, &ctx) == FV_OK ? 0 : 1;
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

/* ------------------------------------------------------------------------------- long ones --- */

#define LONG 100 /* numbers, more than a text holds where a file could */

static uint8_t numbers[LONG * 8];

/* A network with a long and a short constant of a type, neither of which does anything: 0 times
   each is added. Truth values and the like go through a cast. */
static fv_model *make(fv_dtype dtype) {
    static const int64_t dims[2] = {1, LONG}, two[1] = {1};
    fv_builder *b;
    fv_net *net;
    fv_model *model = NULL;
    for (size_t i = 0; i < sizeof numbers; i++)
        numbers[i] = (uint8_t)fv__random_below(fv__key(3, FV_STREAM_CHECK, 0, 0), i,
                                               dtype == FV_BOOL8 ? 2 : 200);
    if (dtype == FV_F32 || dtype == FV_F64) /* no infinities */
        for (size_t i = 0, each = fv__dtype_bytes(dtype); i < sizeof numbers; i++)
            if (i % each == each - 1) numbers[i] = 63;
    if (dtype == FV_I64) /* small enough to be exact as a text's numbers */
        for (size_t i = 0; i < sizeof numbers; i++)
            if (i % 8 > 5) numbers[i] = 0;
    if (fv_builder_new(ctx, "long", "1x1x100", &b) != FV_OK) fail_msg("%s", fv_context_error(ctx));
    int sum[3];
    const int table = fv_builder_constant(b, "table", dtype, 2, dims, numbers);
    const int pair = fv_builder_constant(b, "pair", dtype, 1, two, numbers);
    sum[0] = fv_builder_then(b, 0, "flatten", "");
    sum[1] = fv_builder_then(b, table, "cast", "float");
    sum[2] = fv_builder_then(b, pair, "cast", "float");
    if (dtype == FV_F64) sum[1] = table, sum[2] = pair;
    const int all = fv_builder_add(b, "all", "sum", NULL, 3, sum);
    fv_builder_head(b, "output", fv_builder_then(b, all, "fc", "5"), NULL, 1, 0);
    if (fv_builder_finish(b, &net) != FV_OK || fv_model_new(ctx, net, 1, &model) != FV_OK)
        fail_msg("%s", fv_context_error(ctx));
    return model;
}

static void same_constant(const fv_model *a, const fv_model *b, const char *name, bool apart) {
    const fv_graph *x = a->net.graph, *y = b->net.graph;
    const int i = fv__net_find_value(x, name), k = fv__net_find_value(y, name);
    assert_true(i >= 0 && k >= 0);
    const fv_value *one = &x->values[i], *other = &y->values[k];
    assert_int_equal(one->type.dtype, other->type.dtype);
    assert_true(fv__shape_equal(&one->shape, &other->shape));
    assert_int_equal(other->apart, apart);
    assert_memory_equal(one->data, other->data,
                        (size_t)fv__shape_count(&one->shape) * fv__dtype_bytes(one->type.dtype));
}

static void same_answer(const fv_model *a, const fv_model *b) {
    const fv_model *models[2] = {a, b};
    float got[2][5];
    for (int m = 0; m < 2; m++) {
        fv_run *run;
        if (fv_run_new(ctx, models[m], 1, &run) != FV_OK) fail_msg("%s", fv_context_error(ctx));
        for (int i = 0; i < LONG; i++) fv_run_input(run)[i] = (float)i / LONG;
        assert_int_equal(fv_run_forward(run, 1), FV_OK);
        memcpy(got[m], fv_run_output(run, 0, NULL), sizeof got[m]);
        fv_run_free(run);
    }
    assert_memory_equal(got[0], got[1], sizeof got[0]);
}

static char *bytes_of(const char *path, size_t *size) {
    fv_bytes file;
    assert_int_equal(fv__file_read(ctx, path, 0, &file), FV_OK);
    char *copy = malloc(file.size + 1);
    if (!copy) fail_msg("no memory");
    memcpy(copy, file.data, file.size);
    copy[file.size] = 0;
    *size = file.size;
    fv__file_release(&file);
    return copy;
}

static void every_type(void **state) {
    (void)state;
    static const fv_dtype types[] = {FV_F32, FV_I32, FV_I64, FV_I8, FV_U8, FV_BOOL8};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        fv_model *model = make(types[t]), *back = NULL, *text = NULL;
        size_t first, second;
        if (fv_model_save(ctx, model, "long.safetensors") != FV_OK ||
            fv_model_load(ctx, "long.safetensors", &back) != FV_OK)
            fail_msg("%s: %s", fv__dtype_name(types[t]), fv_context_error(ctx));
        same_constant(model, back, "table", true);
        same_constant(model, back, "pair", false);
        same_answer(model, back);
        char *one = bytes_of("long.safetensors", &first);
        assert_int_equal(fv_model_save(ctx, back, "long.safetensors"), FV_OK);
        char *other = bytes_of("long.safetensors", &second);
        assert_true(first == second && memcmp(one, other, first) == 0);
        /* a text alone holds all of them */
        if (fv_model_save(ctx, back, "long.net") != FV_OK ||
            fv_model_create(ctx, "long.net", "", 1, &text) != FV_OK)
            fail_msg("%s", fv_context_error(ctx));
        same_constant(model, text, "table", false);
        same_answer(model, text);
        /* and takes its weights from the model, whose constants are its own */
        assert_int_equal(fv_model_load_weights(ctx, text, "long.safetensors"), FV_OK);
        free(one);
        free(other);
        fv_model_free(model);
        fv_model_free(back);
        fv_model_free(text);
    }
}

/* Puts `now` where `was` stands in the file, which is as long. */
static void spoil(const char *was, const char *now) {
    size_t size, n = strlen(was);
    fv_model *model = make(FV_I32), *back;
    assert_int_equal(fv_model_save(ctx, model, "bad.safetensors"), FV_OK);
    fv_model_free(model);
    char *bytes = bytes_of("bad.safetensors", &size), *at = NULL;
    for (size_t i = 0; i + n <= size && !at; i++)
        if (memcmp(bytes + i, was, n) == 0) at = bytes + i;
    if (!at || strlen(now) != n) fail_msg("%s", was);
    memcpy(at, now, n);
    assert_int_equal(fv__file_write(ctx, "bad.safetensors", bytes, size), FV_OK);
    free(bytes);
    assert_int_equal(fv_model_load(ctx, "bad.safetensors", &back), FV_BAD_INPUT);
    assert_null(back);
}

static void expect(const char *words) {
    if (!strstr(fv_context_error(ctx), words)) fail_msg("%s: %s", words, fv_context_error(ctx));
}

static void spoiled(void **state) {
    (void)state;
    spoil("\"table\":{", "\"tible\":{");
    expect("the constant 'table' is missing in the model's file");
    spoil("\"table\":{\"dtype\":\"I32\"", "\"table\":{\"dtype\":\"U32\"");
    expect("the constant 'table' is I32 1x100 in the network and U32 1x100 in the model's file");
    spoil("constant 1x100 int32", "constant 100x1 int32");
    expect("the constant 'table' is I32 100x1 in the network and I32 1x100 in the model's file");
    spoil("constant 1x100 int32 ", "constant 1x9999 int8 ");
    expect("the constant 'table' is I8 1x9999 in the network");
}

/* A file whose constant is another: its weights are those of another network. */
static void another(void **state) {
    (void)state;
    fv_model *model = make(FV_I32);
    assert_int_equal(fv_model_save(ctx, model, "one.safetensors"), FV_OK);
    fv_model_free(model);
    model = make(FV_U8);
    assert_int_equal(fv_model_load_weights(ctx, model, "one.safetensors"), FV_BAD_INPUT);
    expect("the constant 'table' in the file is another than the network's");
    fv_model_free(model);
}

/* What a text cannot say exactly lies beside it. */
static void exact(void **state) {
    (void)state;
    const int64_t large[2] = {INT64_MAX, 1};
    const float half[2] = {0.5f, 0.25f};
    fv_value v = {.type = {FV_I64, false}, .shape = {1, {2}}, .data = large};
    assert_false(fv__constant_in_text(&v));
    v.type.dtype = FV_F32, v.data = half;
    assert_true(fv__constant_in_text(&v));
    float *same = calloc(FV_FILLED_MOST + 1, sizeof *same);
    if (!same) fail_msg("no memory");
    v.data = same, v.shape.dim[0] = FV_FILLED_MOST;
    assert_true(fv__constant_in_text(&v));
    v.shape.dim[0]++;
    assert_false(fv__constant_in_text(&v));
    free(same);
}

/* -------------------------------------------------------------------- the input's line, names ---
 */

static const char text[] = "# first\n"
                           "net small(classes = 3)\n"
                           "input 1x8x8 scale 1/255   # gray\n"
                           "  conv 4 3x3 - relu - fc classes - softmax\n";

static fv_model *open_stated(const char *word, const char *input, const char *classes) {
    fv_model_options options = FV_INIT(fv_model_options);
    fv_model *model;
    options.fresh = 1;
    options.seed = 3;
    options.input = input;
    options.classes = classes;
    if (fv_model_open(ctx, word, &options, &model) != FV_OK) {
        assert_null(model);
        return NULL;
    }
    return model;
}

static void input_line(void **state) {
    (void)state;
    fv_model *model, *back;
    assert_int_equal(fv__file_write(ctx, "small.net", text, sizeof text - 1), FV_OK);
    model = open_stated("small.net", "1x8x8 pad 1 mean 0.5", NULL);
    assert_non_null(model);
    assert_string_equal(fv_model_get(model, "net"), "# first\n"
                                                    "net small(classes = 3)\n"
                                                    "input 1x8x8 pad 1 mean 0.5   # gray\n"
                                                    "  conv 4 3x3 - relu - fc classes - softmax\n");
    assert_true(model->net.graph->input.pad == 1 && model->net.graph->input.scale == 1);
    assert_int_equal(fv_model_save(ctx, model, "small.safetensors"), FV_OK);
    assert_int_equal(fv_model_load(ctx, "small.safetensors", &back), FV_OK);
    assert_memory_equal(&back->net.graph->input, &model->net.graph->input, sizeof(fv_input));
    fv_model_free(back);
    fv_model_free(model);
    /* of a model, where the chain begins on the same line, and brackets go over several */
    static const char odd[] =
        "input 1x(\n 8)x8 scale (1/\n 255) - relu\n - fc 2\nhead a from relu1";
    assert_int_equal(fv__file_write(ctx, "odd.net", odd, sizeof odd - 1), FV_OK);
    model = open_stated("odd.net", "1x8x8 order bgr", NULL);
    assert_non_null(model);
    assert_string_equal(fv_model_get(model, "net"),
                        "input 1x8x8 order bgr - relu\n - fc 2\nhead a from relu1");
    assert_int_equal(fv_model_save(ctx, model, "odd.safetensors"), FV_OK);
    assert_int_equal(fv_model_load(ctx, "odd.safetensors", &back), FV_OK);
    fv_model_free(back);
    fv_model_free(model);
    model = open_stated("small.safetensors", "1x8x8 scale 2", NULL);
    assert_non_null(model);
    assert_true(model->net.graph->input.scale == 2);
    fv_model_free(model);
}

static void bad_input_line(void **state) {
    (void)state;
    assert_int_equal(fv__file_write(ctx, "small.net", text, sizeof text - 1), FV_OK);
    assert_null(open_stated("small.net", "1x9x8", NULL));
    expect("small takes images of 1x8x8 (channels x height x width), not of 1x9x8");
    assert_null(open_stated("small.net", "1x8x8 resiz 9", NULL));
    expect("input has no option 'resiz'; did you mean 'resize'?");
    assert_null(open_stated("small.net", "", NULL));
    expect("an input has three sizes");
    assert_null(open_stated("small.net", "1x8x8 mean 1,2,3", NULL));
    expect("mean has 3 numbers, but the input has 1 channel");
    assert_null(open_stated("small.net", "1x8x8\n relu", NULL));
    expect("one line");
    assert_null(open_stated("small.net", "1x8x8 - relu", NULL));
    expect("nothing but the words of an input");
}

static void class_names(void **state) {
    (void)state;
    char name[32];
    static const char three[] = "tench, Tinca\r\ngoldfish\nshark\n\n";
    assert_int_equal(fv__file_write(ctx, "small.net", text, sizeof text - 1), FV_OK);
    assert_int_equal(fv__file_write(ctx, "three.txt", three, sizeof three - 1), FV_OK);
    fv_model *model = open_stated("small.net", NULL, "three.txt");
    assert_non_null(model);
    assert_string_equal(fv_model_class(model, 0, name, sizeof name), "tench, Tinca");
    assert_string_equal(fv_model_class(model, 2, name, sizeof name), "shark");
    fv_model_free(model);
    assert_int_equal(fv__file_write(ctx, "two.txt", "a\nb", 3), FV_OK);
    assert_null(open_stated("small.net", NULL, "two.txt"));
    expect("two.txt names 2 classes, one on each line, and the output of small has 3");
    assert_null(open_stated("small.net", NULL, "none.txt"));
    expect("none.txt");
    static const char *const bad[] = {"", "\n\n", "a\0b\nc\nd", "\xff\xfe\nb\nc"};
    static const size_t sizes[] = {0, 2, 7, 6};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(fv__file_write(ctx, "bad.txt", bad[i], sizes[i]), FV_OK);
        assert_null(open_stated("small.net", NULL, "bad.txt"));
        expect("bad.txt is no list of classes");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type),  cmocka_unit_test(spoiled),
        cmocka_unit_test(another),     cmocka_unit_test(exact),
        cmocka_unit_test(input_line),  cmocka_unit_test(bad_input_line),
        cmocka_unit_test(class_names),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
