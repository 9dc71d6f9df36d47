/* SPDX-License-Identifier: MIT */
/*
 * test_onnx_windows.c - ONNX's windows and enlargements in early opsets and in late ones, with
 * results worked by hand; and what is refused.
 */
#include "onnx_gives.h"

#ifdef FV_HAVE_ONNX

/* ------------------------------------------------------------------------------- resizing --- */

static void test_upsample(void **state) {
    (void)state;
    const float *x = FLOATS(1, 2), *wide = FLOATS(1, 1, 2, 2);
    begin(1, DIMS(1, 1, 1, 2));
    write_node(&w, "Upsample", "x", "y");
    write_float(&w, "height_scale", 1);
    write_float(&w, "width_scale", 2);
    gives(x, 4, wide);
    begin(7, DIMS(1, 1, 1, 2));
    write_node(&w, "Upsample", "x", "y");
    write_floats(&w, "scales", 4, FLOATS(1, 1, 1, 2));
    gives(x, 4, wide);
    static const char *const ops[] = {"Upsample", "Resize"};
    for (int i = 0; i < 2; i++) {
        begin(9 + i, DIMS(1, 1, 1, 2));
        write_weight(&w, "scales", DIMS(4), FLOATS(1, 1, 1, 2));
        write_node(&w, ops[i], "x scales", "y");
        gives(x, 4, wide);
        begin(9 + i, DIMS(1, 1, 1, 2)); /* asymmetric: places 0, 1/2, 1, 3/2 */
        write_weight(&w, "scales", DIMS(4), FLOATS(1, 1, 1, 2));
        write_node(&w, ops[i], "x scales", "y");
        write_word(&w, "mode", "linear");
        gives(x, 4, FLOATS(1, 1.5, 2, 2));
    }
}

static void test_resize(void **state) {
    (void)state;
    const float *x = FLOATS(1, 2);
    begin(11, DIMS(1, 1, 1, 2)); /* half pixels: places -1/4, 1/4, 3/4, 5/4 */
    write_weight(&w, "roi", DIMS(0), NULL);
    write_weight(&w, "scales", DIMS(4), FLOATS(1, 1, 1, 2));
    write_node(&w, "Resize", "x roi scales", "y");
    write_word(&w, "mode", "linear");
    gives(x, 4, FLOATS(1, 1.25, 1.75, 2));
    begin(13, DIMS(1, 1, 2)); /* a row, which is done axis by axis */
    write_whole(&w, "sizes", LIST(1, 1, 4));
    write_node(&w, "Resize", "x - - sizes", "y");
    write_word(&w, "mode", "linear");
    gives(x, 4, FLOATS(1, 1.25, 1.75, 2));
    begin(13, DIMS(1, 2, 1)); /* the dimension before the last one, and the first of three */
    write_whole(&w, "sizes", LIST(1, 4, 1));
    write_node(&w, "Resize", "x - - sizes", "y");
    write_word(&w, "mode", "linear");
    gives(x, 4, FLOATS(1, 1.25, 1.75, 2));
    begin(13, DIMS(2, 1, 1));
    write_whole(&w, "sizes", LIST(4, 1, 1));
    write_node(&w, "Resize", "x - - sizes", "y");
    write_word(&w, "mode", "linear");
    gives(x, 4, FLOATS(1, 1.25, 1.75, 2));
    begin(11, DIMS(1, 1, 3)); /* 4.5 pixels are 4, at 0, 2/3, 4/3, 2 */
    write_weight(&w, "scales", DIMS(3), FLOATS(1, 1, 1.5));
    write_node(&w, "Resize", "x - scales", "y");
    write_word(&w, "mode", "linear");
    write_word(&w, "coordinate_transformation_mode", "asymmetric");
    gives(FLOATS(1, 2, 3), 4, FLOATS(1, 5.f / 3, 7.f / 3, 3));
    begin(11, DIMS(1, 1, 1, 3)); /* a region: places 1, 2, 3, of which the last is beyond */
    write_weight(&w, "roi", DIMS(8), FLOATS(0, 0, 0, 0.5, 1, 1, 1, 1.5));
    write_weight(&w, "scales", DIMS(0), NULL);
    write_whole(&w, "sizes", LIST(1, 1, 1, 3));
    write_node(&w, "Resize", "x roi scales sizes", "y");
    write_word(&w, "mode", "linear");
    write_word(&w, "coordinate_transformation_mode", "tf_crop_and_resize");
    write_float(&w, "extrapolation_value", 7);
    gives(FLOATS(1, 2, 3), 3, FLOATS(2, 3, 7));
}

/* -------------------------------------------------------------------------------- windows --- */

static void test_pools(void **state) {
    (void)state;
    const float *x = FLOATS(1, 2, 3, 4);
    for (int64_t opset = 1; opset <= 7; opset += 6) { /* zeros around it do not count */
        begin(opset, DIMS(1, 1, 1, 4));
        write_node(&w, "AveragePool", "x", "y");
        write_ints(&w, "kernel_shape", LIST(1, 2));
        write_ints(&w, "pads", LIST(0, 1, 0, 0));
        gives(x, 4, FLOATS(1, 1.5, 2.5, 3.5));
    }
    begin(7, DIMS(1, 1, 1, 4));
    write_node(&w, "AveragePool", "x", "y");
    write_ints(&w, "kernel_shape", LIST(1, 2));
    write_ints(&w, "pads", LIST(0, 1, 0, 0));
    write_int(&w, "count_include_pad", 1);
    gives(x, 4, FLOATS(0.5, 1.5, 2.5, 3.5));
    begin(8, DIMS(1, 2, 1, 2)); /* places count over the whole tensor */
    write_node(&w, "MaxPool", "x", "most y");
    write_ints(&w, "kernel_shape", LIST(1, 2));
    gives(x, 2, FLOATS(1, 3));
    begin(8, DIMS(1, 1, 2, 2)); /* by columns: 4 is the last either way, 3 the second */
    write_node(&w, "MaxPool", "x", "most y");
    write_ints(&w, "kernel_shape", LIST(2, 1));
    write_int(&w, "storage_order", 1);
    gives(x, 2, FLOATS(1, 3));
    for (int64_t opset = 1; opset <= 2; opset++) { /* stride 1; p a real number, then a whole one */
        begin(opset, DIMS(1, 1, 1, 2));
        write_node(&w, "LpPool", "x", "y");
        write_ints(&w, "kernel_shape", LIST(1, 2));
        if (opset == 1)
            write_float(&w, "p", 2);
        else
            write_int(&w, "p", 2);
        gives(FLOATS(3, 4), 1, FLOATS(5));
    }
}

/* Places back where they came from, in the second of two channels too. */
static void test_unpool(void **state) {
    (void)state;
    const float *x = FLOATS(1, 4, 2, 8);
    begin(11, DIMS(1, 2, 1, 2));
    write_node(&w, "MaxPool", "x", "most places");
    write_ints(&w, "kernel_shape", LIST(1, 2));
    write_ints(&w, "strides", LIST(1, 2));
    write_node(&w, "MaxUnpool", "most places", "y");
    write_ints(&w, "kernel_shape", LIST(1, 2));
    write_ints(&w, "strides", LIST(1, 2));
    gives(x, 4, FLOATS(0, 4, 0, 8));
}

static void test_convtranspose(void **state) {
    (void)state;
    const float *x = FLOATS(1, 2);
    begin(1, DIMS(1, 1, 2)); /* copies of 1 10, two pixels apart */
    write_weight(&w, "w", DIMS(1, 1, 2), FLOATS(1, 10));
    write_node(&w, "ConvTranspose", "x w", "y");
    write_ints(&w, "strides", LIST(2));
    gives(x, 4, FLOATS(1, 10, 2, 20));
    begin(11, DIMS(1, 1, 2)); /* one more, of zero; one less, the first unless SAME_UPPER says so */
    write_weight(&w, "w", DIMS(1, 1, 2), FLOATS(1, 10));
    write_node(&w, "ConvTranspose", "x w", "y");
    write_ints(&w, "strides", LIST(2));
    write_ints(&w, "output_shape", LIST(5));
    gives(x, 5, FLOATS(1, 10, 2, 20, 0));
    begin(11, DIMS(1, 1, 2));
    write_weight(&w, "w", DIMS(1, 1, 2), FLOATS(1, 10));
    write_node(&w, "ConvTranspose", "x w", "y");
    write_ints(&w, "strides", LIST(2));
    write_ints(&w, "output_shape", LIST(3));
    gives(x, 3, FLOATS(10, 2, 20));
    begin(11, DIMS(1, 1, 2));
    write_weight(&w, "w", DIMS(1, 1, 3), FLOATS(1, 10, 100));
    write_node(&w, "ConvTranspose", "x w", "y");
    write_ints(&w, "strides", LIST(2));
    write_word(&w, "auto_pad", "SAME_UPPER");
    gives(x, 4, FLOATS(1, 10, 102, 20));
    begin(11, DIMS(1, 1, 1, 1, 1));
    write_weight(&w, "w", DIMS(1, 1, 1, 1, 1), FLOATS(1));
    write_node(&w, "ConvTranspose", "x w", "y");
    refused("3-D windows are not computed here");
}

/* ----------------------------------------------------------------------------------- words --- */

static void test_refusals(void **state) {
    (void)state;
    begin(11, DIMS(1, 2, 4)); /* boxes that are computed: how many are left is not known */
    write_weight(&w, "scores", DIMS(1, 1, 2), FLOATS(0.5, 0.25));
    write_node(&w, "NonMaxSuppression", "x scores", "y");
    refused("how many boxes it gives depends on what the network computes");
    begin(12, DIMS(1, 3));
    write_typed_input(&w, "on", ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, DIMS(1));
    write_node(&w, "Dropout", "x - on", "y");
    refused("dropping in inference");
    begin(9, DIMS(1, 1, 1, 2));
    write_weight(&w, "one", DIMS(1), FLOATS(1));
    write_node(&w, "BatchNormalization", "x one one one one", "y mean");
    refused("its output 2 is of training");
    begin(13, DIMS(1, 1)); /* small files that ask for much */
    write_weight(&w, "one", 0, NULL, FLOATS(1));
    write_whole(&w, "large", LIST(1 << 20, 1 << 20));
    write_node(&w, "Expand", "one large", "y");
    refused("too much to do while reading the file");
    begin(13, DIMS(1, 1));
    write_whole(&w, "large", LIST(1 << 11, 1 << 11));
    write_node(&w, "ConstantOfShape", "large", "zeros");
    write_node(&w, "MatMul", "zeros zeros", "y");
    refused("too much to do while reading the file");
    begin(13, DIMS(1, 1)); /* nothing flows into nothing */
    write_whole(&w, "none", LIST(0));
    write_node(&w, "ConstantOfShape", "none", "nothing");
    write_node(&w, "Relu", "nothing", "y");
    refused("its input 1 has no elements");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upsample),      cmocka_unit_test(test_resize),
        cmocka_unit_test(test_pools),         cmocka_unit_test(test_unpool),
        cmocka_unit_test(test_convtranspose), cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}

#else
FV_NO_ONNX_MAIN
#endif
