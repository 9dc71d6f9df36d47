/* SPDX-License-Identifier: MIT */
/*
 * test_onnx_opsets.c - what an operator was called with in early opsets and in late ones, with
 * results worked by hand.
 */
#include "onnx_gives.h"

#ifdef FV_HAVE_ONNX

/* ------------------------------------------------------------------- attributes, then inputs ---
 */

static void test_clip(void **state) {
    (void)state;
    const float *x = FLOATS(-1, 0.5, 2);
    for (int64_t opset = 1; opset <= 6; opset += 5) {
        begin(opset, DIMS(1, 3));
        write_node(&w, "Clip", "x", "y");
        write_float(&w, "min", 0);
        write_float(&w, "max", 1);
        if (opset == 1) write_ints(&w, "consumed_inputs", LIST(0));
        gives(x, 3, FLOATS(0, 0.5, 1));
    }
    for (int64_t opset = 11; opset <= 13; opset++) {
        begin(opset, DIMS(1, 3));
        write_weight(&w, "low", 0, NULL, FLOATS(0));
        write_weight(&w, "high", 0, NULL, FLOATS(1));
        write_node(&w, "Clip", "x low high", "y");
        gives(x, 3, FLOATS(0, 0.5, 1));
        begin(opset, DIMS(1, 3));
        write_weight(&w, "high", 0, NULL, FLOATS(1));
        write_node(&w, "Clip", "x - high", "y");
        gives(x, 3, FLOATS(-1, 0.5, 1));
    }
    begin(13, DIMS(1, 3)); /* a bound that is computed: the largest number, 2, times 0.25 */
    write_weight(&w, "quarter", 0, NULL, FLOATS(0.25));
    write_node(&w, "ReduceMax", "x", "most");
    write_int(&w, "keepdims", 0);
    write_node(&w, "Mul", "most quarter", "low");
    write_node(&w, "Clip", "x low", "y");
    gives(x, 3, FLOATS(0.5, 0.5, 2));
}

static void test_slice(void **state) {
    (void)state;
    const float *x = FLOATS(1, 2, 3, 4, 5, 6);
    begin(1, DIMS(2, 3));
    write_node(&w, "Slice", "x", "y");
    write_ints(&w, "starts", LIST(1));
    write_ints(&w, "ends", LIST(3));
    write_ints(&w, "axes", LIST(1));
    gives(x, 4, FLOATS(2, 3, 5, 6));
    begin(10, DIMS(2, 3));
    write_whole(&w, "starts", LIST(0));
    write_whole(&w, "ends", LIST(INT64_MAX));
    write_whole(&w, "axes", LIST(1));
    write_whole(&w, "steps", LIST(2));
    write_node(&w, "Slice", "x starts ends axes steps", "y");
    gives(x, 4, FLOATS(1, 3, 4, 6));
}

static void test_pad(void **state) {
    (void)state;
    static const char *const names[] = {"paddings", "pads"};
    for (int64_t opset = 1; opset <= 2; opset++) {
        begin(opset, DIMS(1, 2));
        write_node(&w, "Pad", "x", "y");
        write_ints(&w, names[opset - 1], LIST(0, 1, 0, 2));
        write_float(&w, "value", 9);
        gives(FLOATS(1, 2), 5, FLOATS(9, 1, 2, 9, 9));
    }
    begin(11, DIMS(1, 2));
    write_whole(&w, "pads", LIST(0, 1, 0, 2));
    write_weight(&w, "value", 0, NULL, FLOATS(9));
    write_node(&w, "Pad", "x pads value", "y");
    gives(FLOATS(1, 2), 5, FLOATS(9, 1, 2, 9, 9));
}

static void test_reduce(void **state) {
    (void)state;
    const float *x = FLOATS(1, 2, 3, 4, 5, 6);
    begin(1, DIMS(2, 3));
    write_node(&w, "ReduceSum", "x", "y");
    write_ints(&w, "axes", LIST(0));
    write_int(&w, "keepdims", 0);
    gives(x, 3, FLOATS(5, 7, 9));
    begin(13, DIMS(2, 3));
    write_whole(&w, "axes", LIST(-1));
    write_node(&w, "ReduceSum", "x axes", "y");
    gives(x, 2, FLOATS(6, 15));
    begin(13, DIMS(2, 3));
    write_node(&w, "ReduceSum", "x", "y");
    write_int(&w, "noop_with_empty_axes", 1);
    gives(x, 6, x);
    begin(13, DIMS(2, 3)); /* the others kept their attribute */
    write_node(&w, "ReduceMean", "x", "y");
    write_ints(&w, "axes", LIST(1));
    gives(x, 2, FLOATS(2, 5));
}

static void test_squeeze(void **state) {
    (void)state;
    static const char *const ops[] = {"Squeeze", "Unsqueeze"};
    for (int i = 0; i < 2; i++) {
        begin(1, DIMS(1, 4, 1));
        write_node(&w, ops[i], "x", "y");
        write_ints(&w, "axes", LIST(0, 2));
        gives(FLOATS(1, 2, 3, 4), 4, FLOATS(1, 2, 3, 4));
        begin(13, DIMS(1, 4, 1));
        write_whole(&w, "axes", LIST(0, 2));
        write_node(&w, ops[i], "x axes", "y");
        gives(FLOATS(1, 2, 3, 4), 4, FLOATS(1, 2, 3, 4));
    }
}

static void test_split(void **state) {
    (void)state;
    const float *x = FLOATS(1, 2, 3, 4);
    for (int64_t opset = 1; opset <= 13; opset += 12) { /* sizes: an input */
        begin(opset, DIMS(4));
        if (opset == 1)
            write_weight(&w, "sizes", DIMS(2), FLOATS(1, 3));
        else
            write_whole(&w, "sizes", LIST(1, 3));
        write_node(&w, "Split", "x sizes", "a y");
        if (opset == 1)
            refused("whole numbers"); /* there they were of the input's type: of no use */
        else
            gives(x, 3, FLOATS(2, 3, 4));
    }
    for (int64_t opset = 1; opset <= 2; opset++) { /* an attribute */
        begin(opset, DIMS(4));
        write_node(&w, "Split", "x", "a y");
        write_ints(&w, "split", LIST(1, 3));
        gives(x, 3, FLOATS(2, 3, 4));
    }
    begin(13, DIMS(4));
    write_node(&w, "Split", "x", "a y");
    gives(x, 2, FLOATS(3, 4));
}

static void test_reshape(void **state) {
    (void)state;
    begin(1, DIMS(2, 2));
    write_node(&w, "Reshape", "x", "y");
    write_ints(&w, "shape", LIST(4, -1));
    write_ints(&w, "consumed_inputs", LIST(0));
    gives(FLOATS(1, 2, 3, 4), 4, FLOATS(1, 2, 3, 4));
    begin(5, DIMS(2, 2));
    write_whole(&w, "shape", LIST(4));
    write_node(&w, "Reshape", "x shape", "y");
    gives(FLOATS(1, 2, 3, 4), 4, FLOATS(1, 2, 3, 4));
}

static void test_dropout(void **state) {
    (void)state;
    static const int64_t opsets[] = {1, 6, 7, 10};
    for (int i = 0; i < 4; i++) {
        begin(opsets[i], DIMS(1, 3));
        write_node(&w, "Dropout", "x", "y");
        write_float(&w, "ratio", 0.5);
        if (opsets[i] < 7) write_int(&w, "is_test", 1);
        gives(FLOATS(1, 2, 3), 3, FLOATS(1, 2, 3));
    }
    begin(12, DIMS(1, 3));
    write_weight(&w, "ratio", 0, NULL, FLOATS(0.5));
    write_node(&w, "Dropout", "x ratio", "y");
    gives(FLOATS(1, 2, 3), 3, FLOATS(1, 2, 3));
    begin(12, DIMS(1, 3)); /* the mask, which nothing was held back by */
    write_node(&w, "Dropout", "x", "kept y");
    gives(FLOATS(1, 2, 3), 3, FLOATS(1, 1, 1));
}

static void test_cast(void **state) {
    (void)state;
    begin(1, DIMS(1, 3));
    write_node(&w, "Cast", "x", "y");
    write_word(&w, "to", "INT64");
    gives(FLOATS(-1.5, 0.5, 2.75), 3, FLOATS(-1, 0, 2));
    begin(6, DIMS(1, 3));
    write_node(&w, "Cast", "x", "y");
    write_int(&w, "to", ONNX__TENSOR_PROTO__DATA_TYPE__BOOL);
    gives(FLOATS(-1.5, 0, 2.75), 3, FLOATS(1, 0, 1));
    begin(6, DIMS(1, 3));
    write_node(&w, "Cast", "x", "y");
    write_int(&w, "to", ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX64);
    refused("complex64");
}

/* -------------------------------------------------------------------- another meaning --- */

/* 2 (5 - 3)/sqrt(3.75 + 0.25) + 1 = 3 */
static void test_bn(void **state) {
    (void)state;
    static const int64_t opsets[] = {1, 6, 7, 9, 14};
    for (int i = 0; i < 5; i++) {
        begin(opsets[i], DIMS(1, 1, 1, 2));
        write_weight(&w, "scale", DIMS(1), FLOATS(2));
        write_weight(&w, "bias", DIMS(1), FLOATS(1));
        write_weight(&w, "mean", DIMS(1), FLOATS(3));
        write_weight(&w, "var", DIMS(1), FLOATS(3.75));
        write_node(&w, "BatchNormalization", "x scale bias mean var", "y");
        write_float(&w, "epsilon", 0.25);
        if (opsets[i] < 7) write_int(&w, "is_test", 1);
        if (opsets[i] < 9) write_int(&w, "spatial", 1);
        if (opsets[i] == 1) write_ints(&w, "consumed_inputs", LIST(0, 0, 0, 1, 1));
        if (opsets[i] == 14) write_int(&w, "training_mode", 0);
        gives(FLOATS(5, 3), 2, FLOATS(3, 1));
    }
}

/* With x's own mean 4 and variance 1: 2 (5 - 4)/sqrt(1 + 9/16) + 1 = 2.6. */
static void test_observing_bn(void **state) {
    (void)state;
    for (int output = 0; output < 2; output++) {
        begin(14, DIMS(1, 1, 2));
        write_weight(&w, "scale", DIMS(1), FLOATS(2));
        write_weight(&w, "bias", DIMS(1), FLOATS(1));
        write_weight(&w, "mean", DIMS(1), FLOATS(8));
        write_weight(&w, "var", DIMS(1), FLOATS(5));
        write_node(&w, "BatchNormalization", "x scale bias mean var", output ? "a b y" : "y");
        write_float(&w, "epsilon", 0.5625);
        write_float(&w, "momentum", 0.75);
        write_int(&w, "training_mode", 1);
        if (output)
            gives(FLOATS(5, 3), 1, FLOATS(4)); /* 0.75*5 + 0.25*1 */
        else
            gives(FLOATS(5, 3), 2, FLOATS(2.6f, -0.6f));
    }
}

/* exp(log 3) = 3: of 1 1 and 1 3 along the last axis 1/2 1/2 and 1/4 3/4, of all four 1/6 or 1/2.
 */
static void test_softmax(void **state) {
    (void)state;
    const float x[] = {0, 0, 0, logf(3)};
    begin(1, DIMS(1, 2, 2));
    write_node(&w, "Softmax", "x", "y");
    gives(x, 4, FLOATS(1.f / 6, 1.f / 6, 1.f / 6, 0.5));
    begin(11, DIMS(1, 2, 2));
    write_node(&w, "Softmax", "x", "y");
    write_int(&w, "axis", 2);
    gives(x, 4, FLOATS(0.5, 0.5, 0.25, 0.75));
    begin(13, DIMS(1, 2, 2));
    write_node(&w, "Softmax", "x", "y");
    gives(x, 4, FLOATS(0.5, 0.5, 0.25, 0.75));
}

static void test_add(void **state) {
    (void)state;
    const float *x = FLOATS(1, 2, 3, 4), *b = FLOATS(10, 20);
    for (int64_t opset = 1; opset <= 6; opset += 5) {
        begin(opset, DIMS(1, 2, 2)); /* at the axis of channels */
        write_weight(&w, "b", DIMS(2), b);
        write_node(&w, "Add", "x b", "y");
        write_int(&w, "broadcast", 1);
        write_int(&w, "axis", 1);
        gives(x, 4, FLOATS(11, 12, 23, 24));
    }
    begin(6, DIMS(1, 2, 2)); /* at the end */
    write_weight(&w, "b", DIMS(2), b);
    write_node(&w, "Add", "x b", "y");
    write_int(&w, "broadcast", 1);
    gives(x, 4, FLOATS(11, 22, 13, 24));
    begin(7, DIMS(1, 2, 2));
    write_weight(&w, "b", DIMS(2, 1), b);
    write_node(&w, "Add", "x b", "y");
    gives(x, 4, FLOATS(11, 12, 23, 24));
    begin(6, DIMS(1, 2, 2)); /* and comparisons likewise */
    write_weight(&w, "b", DIMS(2), FLOATS(1, 3));
    write_node(&w, "Greater", "x b", "y");
    write_int(&w, "broadcast", 1);
    write_int(&w, "axis", 1);
    gives(x, 4, FLOATS(0, 1, 0, 1));
}

/* [1 2] times [[1 2] [3 4]] is [7 10]; and [10 20] is added. */
static void test_gemm(void **state) {
    (void)state;
    static const int64_t opsets[] = {1, 6, 7, 9, 11, 13};
    for (int i = 0; i < 6; i++) {
        begin(opsets[i], DIMS(1, 2));
        write_weight(&w, "b", DIMS(2, 2), FLOATS(1, 2, 3, 4));
        write_weight(&w, "c", DIMS(2), FLOATS(10, 20));
        write_node(&w, "Gemm", "x b c", "y");
        write_float(&w, "beta", 0.5);
        if (opsets[i] < 7) write_int(&w, "broadcast", 1);
        gives(FLOATS(1, 2), 2, FLOATS(12, 20));
    }
    begin(11, DIMS(1, 2));
    write_weight(&w, "b", DIMS(2, 2), FLOATS(1, 2, 3, 4));
    write_node(&w, "Gemm", "x b", "y");
    write_int(&w, "transB", 1);
    write_float(&w, "alpha", 2);
    gives(FLOATS(1, 2), 2, FLOATS(10, 22));
}

static void test_prelu(void **state) {
    (void)state;
    const float *x = FLOATS(-1, 2, -3, 4);
    for (int64_t opset = 1; opset <= 6; opset += 5) { /* a slope for each channel */
        begin(opset, DIMS(1, 2, 1, 2));
        write_weight(&w, "slope", DIMS(2), FLOATS(0.5, 0.25));
        write_node(&w, "PRelu", "x slope", "y");
        if (opset == 1) write_ints(&w, "consumed_inputs", LIST(0, 0));
        gives(x, 4, FLOATS(-0.5, 2, -0.75, 4));
    }
    begin(7, DIMS(1, 2, 1, 2)); /* from there on broadcast: one for each column */
    write_weight(&w, "slope", DIMS(2), FLOATS(0.5, 0.25));
    write_node(&w, "PRelu", "x slope", "y");
    gives(x, 4, FLOATS(-0.5, 2, -1.5, 4));
    begin(9, DIMS(1, 2, 1, 2));
    write_weight(&w, "slope", DIMS(2, 1, 1), FLOATS(0.5, 0.25));
    write_node(&w, "PRelu", "x slope", "y");
    gives(x, 4, FLOATS(-0.5, 2, -0.75, 4));
}

static void test_concat(void **state) {
    (void)state;
    for (int64_t opset = 1; opset <= 4; opset += 3) {
        begin(opset, DIMS(2, 1));
        write_weight(&w, "more", DIMS(2, 1), FLOATS(5, 6));
        write_node(&w, "Concat", "x more", "y");
        if (opset == 4) write_int(&w, "axis", 0); /* opset 1: 1 unless it is said */
        gives(FLOATS(1, 2), 4, opset == 1 ? FLOATS(1, 5, 2, 6) : FLOATS(1, 2, 5, 6));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clip),         cmocka_unit_test(test_slice),
        cmocka_unit_test(test_pad),          cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_squeeze),      cmocka_unit_test(test_split),
        cmocka_unit_test(test_reshape),      cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_cast),         cmocka_unit_test(test_bn),
        cmocka_unit_test(test_observing_bn), cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_add),          cmocka_unit_test(test_gemm),
        cmocka_unit_test(test_prelu),        cmocka_unit_test(test_concat),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}

#else
FV_NO_ONNX_MAIN
#endif
