/* SPDX-License-Identifier: MIT */
/*
 * test_alloc_onnx.c - memory refused at every place while an ONNX file is read: nodes that become
 * several layers, a batch that is not first, constants that are computed.
 */
#include "onnx/onnx.h"
#include "onnx_writer.h"
#include "refuse.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#ifdef FV_HAVE_ONNX

#define DIMS(...)                                                                                  \
    (int)(sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t)), (int64_t[]) {                         \
        __VA_ARGS__                                                                                \
    }

static fv_context context;
static onnx_writer w;
static const float numbers[64] = {0.5, -1, 2, 0.25};

/* Columns as steps through an LSTM, its last state; and cubic enlargement, a pool and its places,
   slopes that are broadcast, labels and their loss. */
static void write_model(void) {
    write_begin(&w, 13);
    write_input(&w, "x", DIMS(-1, 2, 1, 4));
    write_whole(&w, "two", DIMS(2));
    write_whole(&w, "sizes", DIMS(1, 2, 2, 8));
    write_whole(&w, "label", DIMS(1));
    write_weight(&w, "w", DIMS(1, 8, 2), numbers);
    write_weight(&w, "r", DIMS(1, 8, 2), numbers);
    write_weight(&w, "slope", DIMS(1, 2, 1, 4), numbers);
    write_weight(&w, "scores", DIMS(1, 3), numbers);
    write_node(&w, "PRelu", "x slope", "sloped");
    write_node(&w, "Squeeze", "sloped two", "rows");
    write_node(&w, "Transpose", "rows", "steps");
    write_ints(&w, "perm", DIMS(2, 0, 1));
    write_node(&w, "LSTM", "steps w r", "- last");
    write_int(&w, "hidden_size", 2);
    write_node(&w, "Resize", "x - - sizes", "large");
    write_word(&w, "mode", "cubic");
    write_node(&w, "MaxPool", "large", "most places");
    write_ints(&w, "kernel_shape", DIMS(2, 2));
    write_ints(&w, "strides", DIMS(2, 2));
    write_node(&w, "MaxUnpool", "most places", "back");
    write_ints(&w, "kernel_shape", DIMS(2, 2));
    write_ints(&w, "strides", DIMS(2, 2));
    write_node(&w, "SoftmaxCrossEntropyLoss", "scores label", "loss");
}

static fv_status read_model(void) {
    const fv_onnx_options options = {0};
    fv_onnx_import import;
    const fv_status status = fv__onnx_import(&context, "alloc.onnx", &options, &import);
    if (status == FV_OK) fv__onnx_import_free(&import);
    return status;
}

static void test_memory_refused(void **state) {
    (void)state;
    write_model();
    assert_int_equal(write_end(&w, "last back loss", &context, "alloc.onnx"), FV_OK);
    requests = 0;
    if (read_model() != FV_OK) fail_msg("%s", context.message);
    const long all = requests;
    assert_true(all > 10);
    for (long i = 1; i <= 2 * all; i++) {
        requests = 0;
        refuse_rest = i > all;
        refuse_at = refuse_rest ? i - all : i;
        context.message[0] = '\0';
        const fv_status status = read_model();
        refuse_at = 0;
        if (status != FV_EXHAUSTED || !context.message[0])
            fail_msg("request %ld: status %d, '%s'", i, (int)status, context.message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) {
    puts("SKIP: built without ONNX");
    return 77;
}

#endif
