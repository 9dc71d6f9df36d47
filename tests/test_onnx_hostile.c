/* SPDX-License-Identifier: MIT */
/*
 * test_onnx_hostile.c - the ways in which readers of models have failed elsewhere, each by name:
 * every one is a sentence here. Sources: the advisories of TensorFlow, PyTorch, ONNX Runtime,
 * llama.cpp (GGUF) and protobuf.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/file.h"
#include "fovea.h"
#include "net/net.h"
#include "onnx/onnx.h"
#include "onnx_text.h"

#ifdef FV_HAVE_ONNX

#define IMAGE "in x N,2,4,4\n"
#define ROOM  ((size_t)8 << 20)

static int open_context(void **state) {
    fv_context *ctx;
    const fv_status status = fv_context_new(1, &ctx);
    *state = ctx;
    return (int)status;
}

static int close_context(void **state) {
    fv_context_free(*state);
    return 0;
}

static void write_model(fv_context *ctx, const char *path, const wire *model) {
    uint8_t *bytes = malloc(ROOM);
    assert_non_null(bytes);
    const size_t size = wire_write(model, bytes, ROOM);
    assert_true(size <= ROOM);
    assert_int_equal(fv__file_write(ctx, path, bytes, size), FV_OK);
    free(bytes);
}

static void write_text(fv_context *ctx, const char *path, const char *text) {
    fv_arena arena;
    fv__arena_init(&arena, ctx);
    write_model(ctx, path, onnx_text(&arena, text));
    fv__arena_free(&arena);
}

static fv_status open_it(fv_context *ctx, const char *path, fv_model **out) {
    const fv_model_options options = {.size = sizeof options};
    return fv_model_open(ctx, path, &options, out);
}

/* A file that is refused, in these words. */
static void refused_file(fv_context *ctx, const char *path, const char *what, const char *words) {
    fv_model *model;
    const fv_status status = open_it(ctx, path, &model);
    if (status != FV_BAD_INPUT || !strstr(fv_context_error(ctx), words))
        fail_msg("%s\ngave %d, and '%s' is not in: %s", what, (int)status, words,
                 status == FV_OK ? "" : fv_context_error(ctx));
    assert_null(model);
}

typedef struct bad {
    const char *text, *says;
} bad;

static void refused(fv_context *ctx, const bad *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        write_text(ctx, "bad.onnx", list[i].text);
        refused_file(ctx, "bad.onnx", list[i].text, list[i].says);
    }
}
#define REFUSED(ctx, list) refused(ctx, list, sizeof(list) / sizeof *(list))

/* A model that is read, and one that runs. */
static void runs(fv_context *ctx, const char *text) {
    fv_model *model;
    fv_run *run = NULL;
    write_text(ctx, "good.onnx", text);
    if (open_it(ctx, "good.onnx", &model) != FV_OK || fv_run_new(ctx, model, 2, &run) != FV_OK)
        fail_msg("%s\n%s", text, fv_context_error(ctx));
    assert_int_equal(fv_run_forward(run, 2), FV_OK);
    fv_run_free(run);
    fv_model_free(model);
}

/* ------------------------------------------------------------------------ sizes that wrap --- */

static void test_shape_products_that_wrap(void **state) {
    static const bad list[] = {
        {"opset 13\nin x N,4294967296,4294967296,4\nRelu x -> y\n", "makes no image"},
        {"opset 13\nin x N,2147483648,2147483648,2\nRelu x -> y\n", "makes no image"},
        {"opset 13\n" IMAGE "ints s 4294967296,4294967296,4294967296\nConstantOfShape s -> c\n"
         "Add x,c -> y\n",
         "too many elements"},
        {"opset 13\n" IMAGE "ints s 1,4294967296,4294967296,2\nExpand x,s -> y\n", "cannot become"},
        {"opset 13\n" IMAGE "ints s 1,9223372036854775807,1,1\nTile x,s -> y\n", "repeats must be"},
        {"opset 13\n" IMAGE "ints s 0,4294967296,4294967297,-1\nReshape x,s -> y\n",
         "the number of elements must stay"},
        {"opset 13\n" IMAGE "ints s 0,0,0,0,0,0,0,9223372036854775807\nPad x,s -> y\n",
         "pads must be between"},
        {"opset 13\n" IMAGE "floats s 1.0,1.0,1e18,1e18\nfloats r \nResize x,r,s -> y\n",
         "node y (Resize)"},
        {"opset 12\n" IMAGE "ints s 0,1099511627776,1099511627776\nConstantOfShape s -> c\nSoftmax "
         "c -> d axis=0\nAdd x,d -> y\n",
         "node d (Softmax)"},
    };
    REFUSED(*state, list);
}

/* A tensor of `dims` whose numbers lie in another file of 64 bytes. */
static void outside(fv_context *ctx, const int64_t dims[2], const char *offset, const char *length,
                    const char *words) {
    const char *const entries[][2] = {
        {"location", "numbers.bin"}, {"offset", offset}, {"length", length}};
    static const uint8_t numbers[64];
    fv_arena arena;
    fv__arena_init(&arena, ctx);
    wire *model = onnx_text(&arena, "opset 13\n" IMAGE "Mul x,w -> y\n"), *graph = model->first;
    while (graph->field != ONNX_MODEL_GRAPH) graph = graph->next;
    wire *t = wire_add(&arena, graph, 5, WIRE_MESSAGE);
    for (int i = 0; i < 2; i++) wire_number(&arena, t, 1, (uint64_t)dims[i]);
    wire_number(&arena, t, 2, 1);
    wire_text(&arena, t, 8, "w");
    for (int i = 0; i < 3; i++) {
        wire *e = wire_add(&arena, t, 13, WIRE_MESSAGE);
        wire_text(&arena, e, 1, entries[i][0]);
        wire_text(&arena, e, 2, entries[i][1]);
    }
    wire_number(&arena, t, 14, 1);
    write_model(ctx, "outside.onnx", model);
    fv__arena_free(&arena);
    assert_int_equal(fv__file_write(ctx, "numbers.bin", numbers, sizeof numbers), FV_OK);
    if (words) {
        refused_file(ctx, "outside.onnx", offset, words);
    } else {
        fv_model *m;
        assert_int_equal(open_it(ctx, "outside.onnx", &m), FV_OK);
        fv_model_free(m);
    }
}

static void test_count_times_size_that_wraps(void **state) {
    const int64_t some[] = {4, 4}, wraps[] = {(int64_t)1 << 31, (int64_t)1 << 31};
    const int64_t more[] = {(int64_t)1 << 32, (int64_t)1 << 32}, huge[] = {1, INT64_MAX};
    outside(*state, some, "0", "64", NULL);
    outside(*state, wraps, "0", "0", "has dimensions for 4611686018427387904 numbers");
    outside(*state, huge, "0", "18446744073709551612", "length of its numbers");
    outside(*state, huge, "0", "64", "has dimensions for");
    outside(*state, more, "0", "0", "too many elements");
}

static void test_offset_plus_length_that_wraps(void **state) {
    const int64_t some[] = {4, 4};
    outside(*state, some, "9223372036854775807", "9223372036854775807", "are to be read from");
    outside(*state, some, "9223372036854775807", "64", "are to be read from");
    outside(*state, some, "18446744073709551600", "64", "offset of its numbers");
    outside(*state, some, "-64", "64", "offset of its numbers");
    outside(*state, some, "0", "-64", "length of its numbers");
    outside(*state, some, "4", "64", "are to be read from");
    outside(*state, some, "0", "60", "has dimensions for 16 numbers, but 15");
    outside(*state, some, "1e1", "64", "offset of its numbers");
}

/* ------------------------------------------------------------------ indices, strides, groups ---
 */

static void test_indices_out_of_range(void **state) {
    static const bad list[] = {
        {"opset 13\n" IMAGE "ints i 2,\nGather x,i -> y axis=1\n", "names none of 2 places"},
        {"opset 13\n" IMAGE "ints i -3,\nGather x,i -> y axis=1\n", "names none of 2 places"},
        {"opset 13\n" IMAGE "ints s 1,2,3\nints i -9223372036854775807,\nGather s,i -> k\n"
         "ConstantOfShape k -> c\nMul x,c -> y\n",
         "names none of 3 places"},
        {"opset 13\n" IMAGE "ints i 0,\nGather x,i -> y axis=-9223372036854775807\n", "axis"},
        {"opset 13\n" IMAGE "ints i 0,\nGather x,i -> y axis=4\n", "axis 4"},
        {"opset 13\n" IMAGE "Softmax x -> y axis=-9\n", "axis"},
        {"opset 13\n" IMAGE "weight w 2\nMul w -> v\nMul x,v -> y\n", "node v (Mul)"},
        {"opset 13\n" IMAGE "Concat x,x -> y axis=9223372036854775807\n", "axis must be"},
        {"opset 13\n" IMAGE "Transpose x -> y perm=0,1,2,9\n", "perm"},
        {"opset 13\n" IMAGE "ints s 1,1\nSplit x,s -> a,b axis=-99\n", "axis must be"},
        {"opset 13\n" IMAGE "ints s -5,7\nSplit x,s -> a,b axis=1\n", "sizes must be"},
        {"opset 13\n" IMAGE "ints a 17,\nSqueeze x,a -> y\n", "axes must be"},
        {"opset 13\n" IMAGE "Flatten x -> y axis=-9223372036854775807\n", "axis must be"},
        {"opset 6\n" IMAGE "weight b 2\nAdd x,b -> y axis=2147483648 broadcast=1\n",
         "axis 2147483648"},
    };
    REFUSED(*state, list);
    runs(*state, "opset 13\n" IMAGE "ints i -1,0\nGather x,i -> y axis=1\n");
    /* indices that are computed: whatever they are, nothing outside is read */
    runs(*state, "opset 13\n" IMAGE "Cast x -> i to=6\nGatherElements x,i -> y axis=3\n");
}

static void test_strides_and_groups_of_zero(void **state) {
#define CONV  "opset 13\n" IMAGE "weight w 3,2,3,3\nConv x,w -> y "
#define POOL  "opset 13\n" IMAGE "MaxPool x -> y "
#define SLICE "opset 13\n" IMAGE "ints b 0,\nints e 1,\nints a 1,\nints s "
    static const bad list[] = {
        {CONV "strides=0,0\n", "stride"},
        {CONV "strides=-1,1\n", "stride"},
        {CONV "dilations=0,0\n", "dilation"},
        {CONV "group=0\n", "group"},
        {CONV "group=-2\n", "group"},
        {CONV "group=9223372036854775807\n", "group"},
        {CONV "pads=-9,-9,-9,-9\n", "pad must be"},
        {CONV "pads=9223372036854775807,1,1,1\n", "pad must be"},
        {CONV "auto_pad=SAME_LOWER dilations=9223372036854775807,1\n", "node y (Conv)"},
        {CONV "auto_pad=SAME_LOWER strides=0,1\n", "stride"},
        {"opset 13\n" IMAGE "weight w 3,2,3,3\nConv ,w -> y auto_pad=SAME_LOWER\n",
         "node y (Conv)"},
        {"opset 13\n" IMAGE "weight w 2,3,3,3\nConvTranspose x,w -> y group=9223372036854775807\n",
         "group"},
        {POOL "kernel_shape=0,0\n", "kernel"},
        {POOL "kernel_shape=-1,2\n", "kernel"},
        {"opset 13\n" IMAGE "DepthToSpace x -> y blocksize=0\n", "block must be"},
        {SLICE "0,\nSlice x,b,e,a,s -> y\n", "steps of 0"},
        {SLICE "-9223372036854775807,\nSlice x,b,e,a,s -> y\n",
         "no output of the file depends on its input"},
        {"opset 13\n" IMAGE "floats s 0.5,\nPRelu ,s -> y\n", "node y (PRelu)"},
        {"opset 14\n" IMAGE "ints d 0,4,8\nReshape x,d -> s\nweight w 1\nweight r 1\nRNN s,w,r -> "
         "h hidden_size=1 layout=1\n",
         "node h (RNN)"},
    };
    REFUSED(*state, list);
}

/* ---------------------------------------------------------------------------- graphs, names --- */

static void test_circles(void **state) {
    static const bad list[] = {
        {"opset 13\n" IMAGE "Relu y -> y\n", "its input y is not there, or comes later"},
        {"opset 13\n" IMAGE "Add x,b -> a\nRelu a -> b\n", "its input b is not there"},
        {"opset 13\n" IMAGE "Relu c -> a\nRelu a -> b\nRelu b -> c\n", "its input c is not there"},
        {"opset 13\n" IMAGE "Relu x -> a\nout b\n", "nothing computes the output b"},
        {"opset 13\n" IMAGE "Constant -> y value=@1.0,\n", "depends on its input"},
        {"opset 13\n" IMAGE "weight c 2,1,4,4\nweight w 1,1,2,2\nConv c,w -> y\n",
         "constants alone"},
    };
    REFUSED(*state, list);
}

static void test_names_that_are_there_twice(void **state) {
    static const bad list[] = {
        {"opset 13\n" IMAGE "weight w 2\nweight w 2\nRelu x -> y\n", "two tensors of the file"},
        {"opset 13\n" IMAGE IMAGE "Relu x -> y\n", "two tensors of the file are called x"},
        {"opset 13\n" IMAGE "Relu x -> y\nRelu x -> y\n", "two tensors of the file are called y"},
        {"opset 13\n" IMAGE "Relu x -> x\n", "two tensors of the file are called x"},
        {"opset 13\n" IMAGE "weight w 2\nRelu x -> w\n", "two tensors of the file are called w"},
    };
    REFUSED(*state, list);
}

/* Thirty thousand nodes of one name: each gets its own, and in no more than linear time. */
static void test_many_nodes_of_one_name(void **state) {
    enum { NODES = 30000 };
    fv_arena arena;
    fv_net *net;
    fv__arena_init(&arena, *state);
    wire *model = onnx_text(&arena, "opset 13\n" IMAGE "out y29999\n"), *graph = model->first;
    while (graph->field != ONNX_MODEL_GRAPH) graph = graph->next;
    wire **end = &graph->first;
    while (*end) end = &(*end)->next;
    for (int i = 0; i < NODES; i++, end = &(*end)->next) {
        wire *node = *end = wire_add(&arena, NULL, ONNX_GRAPH_NODE, WIRE_MESSAGE);
        wire_text(&arena, node, 1, i ? fv__arena_format(&arena, "y%d", i - 1) : "x");
        wire_text(&arena, node, 2, fv__arena_format(&arena, "y%d", i));
        wire_text(&arena, node, 3, "same");
        wire_text(&arena, node, 4, "Relu");
    }
    write_model(*state, "many.onnx", model);
    fv__arena_free(&arena);
    assert_int_equal(fv_net_open(*state, "many.onnx", NULL, &net), FV_OK);
    assert_int_equal(net->graph->node_count, NODES);
    assert_string_equal(net->graph->nodes[0].name, "same");
    assert_string_equal(net->graph->nodes[NODES - 1].name, "same_30000");
    fv_net_free(net);
}

/* --------------------------------------------------------------------------------- numbers --- */

static void test_numbers_that_are_none(void **state) {
    static const bad list[] = {
        {"opset 13\n" IMAGE "weight s 2\nInstanceNormalization x,s,s -> y epsilon=nan.\n",
         "epsilon must be"},
        {"opset 13\n" IMAGE "LRN x -> y size=3 alpha=inf.\n", "node y (LRN)"},
        {"opset 13\n" IMAGE "Elu x -> y alpha=nan.\n", "node y (Elu)"},
        {"opset 13\n" IMAGE "floats s 1,1,nan,2\nfloats r \nResize x,r,s -> y\n",
         "node y (Resize)"},
        {"opset 11\n" IMAGE "floats s 1,nan\nfloats z 0,0\nfloats v 1,1\nBatchNormalization "
         "x,s,z,z,v -> y\n",
         "not finite"},
    };
    REFUSED(*state, list);
}

static void test_versions_that_are_none(void **state) {
    static const bad list[] = {
        {"opset 0\n" IMAGE "Relu x -> y\n", "opset 0"},
        {"opset -1\n" IMAGE "Relu x -> y\n", "opset -1"},
        {"opset 18\n" IMAGE "Relu x -> y\n", "opset 18"},
        {"opset 9223372036854775807\n" IMAGE "Relu x -> y\n", "opset 9223372036854775807"},
    };
    REFUSED(*state, list);
    runs(*state, IMAGE "Relu x -> y\n"); /* the first version did not say */
}

/* -------------------------------------------------------------- memory and work from nothing ---
 */

static void test_constants_larger_than_the_file(void **state) {
    static const bad list[] = {
        {"opset 13\n" IMAGE "ints s 16384,16384\nConstantOfShape s -> c\nReduceSum c -> d "
         "keepdims=0\nMul x,d -> y\n",
         "more than 64 MB"},
        {"opset 13\n" IMAGE "ints r 64,64\nints s 64,64\nConstantOfShape s -> a\nTile a,r -> b\n"
         "Tile b,r -> c\nTile c,r -> d\nMul x,d -> y\n",
         "more than 64 MB"},
        {"opset 13\n" IMAGE "ints s 2000,2000\nConstantOfShape s -> c\nMatMul c,c -> d\n"
         "ReduceSum d -> e keepdims=0\nMul x,e -> y\n",
         "too much to do"},
        {"opset 13\n" IMAGE "ints s 1,1,1000,1000\nConstantOfShape s -> c\nMaxPool c -> d "
         "kernel_shape=999,999 pads=499,499,499,499\nReduceMax d -> e keepdims=0\nMul x,e -> y\n",
         "node d (MaxPool)"},
    };
    REFUSED(*state, list);
    /* a few are welcome */
    runs(*state, "opset 13\n" IMAGE "ints s 200,200\nConstantOfShape s -> c\nMatMul c,c -> d\n"
                 "ReduceSum d -> e keepdims=0\nMul x,e -> y\n");
}

/* One tensor of 64 KB that two thousand layers name: 128 MB. */
static void test_one_weight_for_many_layers(void **state) {
    char *text = malloc(200000), *at = text;
    assert_non_null(text);
    at += sprintf(at, "opset 13\n" IMAGE "Flatten x -> f\nweight w 512,32\n");
    for (int i = 0; i < 2000; i++) at += sprintf(at, "Gemm f,w -> g%d transB=1\nout g%d\n", i, i);
    write_text(*state, "bad.onnx", text);
    refused_file(*state, "bad.onnx", "many layers of one weight", "share one tensor");
    free(text);
}

/* ----------------------------------------------------------------------------------- files --- */

static void test_files_that_are_none(void **state) {
    fv_context *ctx = *state;
    static const uint8_t ends[] = {8, 8, 0x3a, 0xff, 0xff, 0xff, 0xff, 0x07}; /* 2 GB of a graph */
    static const uint8_t wraps[] = {8, 8, 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
    assert_int_equal(fv__file_write(ctx, "empty.onnx", "", 0), FV_OK);
    refused_file(ctx, "empty.onnx", "an empty file", "holds no graph");
    assert_int_equal(fv__file_write(ctx, "ends.onnx", ends, sizeof ends), FV_OK);
    refused_file(ctx, "ends.onnx", "a graph larger than the file", "longer than what is left");
    assert_int_equal(fv__file_write(ctx, "ends.onnx", wraps, sizeof wraps), FV_OK);
    refused_file(ctx, "ends.onnx", "a length of 2^64 - 1", "longer than what is left");
    assert_int_equal(fv__folder_make(ctx, "folder.onnx"), FV_OK);
    refused_file(ctx, "folder.onnx", "a folder", "folder");
    refused_file(ctx, "/dev/zero", "a file without end", "device");
    refused_file(ctx, "missing.onnx", "no file", "missing.onnx");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape_products_that_wrap),
        cmocka_unit_test(test_count_times_size_that_wraps),
        cmocka_unit_test(test_offset_plus_length_that_wraps),
        cmocka_unit_test(test_indices_out_of_range),
        cmocka_unit_test(test_strides_and_groups_of_zero),
        cmocka_unit_test(test_circles),
        cmocka_unit_test(test_names_that_are_there_twice),
        cmocka_unit_test(test_many_nodes_of_one_name),
        cmocka_unit_test(test_numbers_that_are_none),
        cmocka_unit_test(test_versions_that_are_none),
        cmocka_unit_test(test_constants_larger_than_the_file),
        cmocka_unit_test(test_one_weight_for_many_layers),
        cmocka_unit_test(test_files_that_are_none),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}

#else

int main(void) {
    puts("SKIP: built without ONNX");
    return 77;
}

#endif
