/* SPDX-License-Identifier: MIT */
/*
 * test_onnx_turned.c - recurrent networks, whose batch is not their first dimension: read with an
 * open batch, where our graph keeps it first, they compute what they compute read as they stand.
 */
#include "onnx_gives.h"

#ifdef FV_HAVE_ONNX

enum { BATCH = 3, NUMBERS = 2, STEPS = 4, HIDDEN = 2 };

static float images[BATCH * NUMBERS * STEPS];

static int draw_images(void **state) {
    for (int i = 0; i < BATCH * NUMBERS * STEPS; i++) images[i] = sinf((float)i);
    return open_context(state);
}

static void write_some(const char *name, int rank, const int64_t *dims) {
    float numbers[256];
    int64_t count = 1;
    for (int d = 0; d < rank; d++) count *= dims[d];
    for (int i = 0; i < count; i++) numbers[i] = cosf((float)(3 * i + name[0]));
    write_weight(&w, name, rank, dims, numbers);
}

/* Columns of images as steps, [T, N, C], through `op`, whose outputs have these names; further
   inputs may stand behind its weights. */
static void begin_with(const char *op, int gates, bool both, const char *inputs,
                       const char *outputs) {
    const int64_t directions = both ? 2 : 1;
    write_begin(&w, 13);
    write_input(&w, "x", DIMS(-1, NUMBERS, 1, STEPS));
    write_whole(&w, "two", LIST(2));
    write_some("w", DIMS(directions, gates * HIDDEN, NUMBERS));
    write_some("r", DIMS(directions, gates * HIDDEN, HIDDEN));
    write_node(&w, "Squeeze", "x two", "rows");
    write_node(&w, "Transpose", "rows", "steps");
    write_ints(&w, "perm", LIST(2, 0, 1));
    write_node(&w, op, inputs, outputs);
    write_int(&w, "hidden_size", HIDDEN);
    if (both) write_word(&w, "direction", "bidirectional");
}

/* The file's output has `before` numbers for each step of the batch, which is read first; `each`
   are behind it. */
static void same(int before, int each) {
    const fv_onnx_given given = {"x", {FV_F32, {4, {BATCH, NUMBERS, 1, STEPS}}, images}};
    const fv_onnx_options whole = {.fixed = true, .given = &given, .given_count = 1}, open = {0};
    float wanted[512], got[512];
    fv_onnx_import import;
    assert_int_equal(write_end(&w, "y", ctx, "opset.onnx"), FV_OK);
    if (fv__onnx_import(ctx, "opset.onnx", &whole, &import) != FV_OK) fail_msg("%s", ctx->message);
    assert_int_equal(run(&import, import.outputs[0].value, 1, images, wanted),
                     before * BATCH * each);
    fv__onnx_import_free(&import);
    if (fv__onnx_import(ctx, "opset.onnx", &open, &import) != FV_OK) fail_msg("%s", ctx->message);
    assert_int_equal(run(&import, import.outputs[0].value, BATCH, images, got),
                     before * BATCH * each);
    fv__onnx_import_free(&import);
    for (int i = 0; i < before; i++)
        for (int n = 0; n < BATCH; n++)
            for (int k = 0; k < each; k++) {
                const float a = got[(n * before + i) * each + k];
                const float b = wanted[(i * BATCH + n) * each + k];
                if (!(fabsf(a - b) <= 1e-5f))
                    fail_msg("%d,%d,%d: %g, expected %g", i, n, k, (double)a, (double)b);
            }
}

/* It is read, with an open batch alone. */
static void read_open(void) {
    const fv_onnx_options open = {0};
    fv_onnx_import import;
    assert_int_equal(write_end(&w, "y", ctx, "opset.onnx"), FV_OK);
    if (fv__onnx_import(ctx, "opset.onnx", &open, &import) != FV_OK) fail_msg("%s", ctx->message);
    fv__onnx_import_free(&import);
}

/* [T, 1, N, H] without its second dimension. */
static void test_steps(void **state) {
    (void)state;
    static const struct {
        const char *op;
        int gates;
    } kinds[] = {{"RNN", 1}, {"GRU", 3}, {"LSTM", 4}};
    for (int i = 0; i < 3; i++) {
        begin_with(kinds[i].op, kinds[i].gates, false, "steps w r", "all");
        write_whole(&w, "one", LIST(1));
        write_node(&w, "Squeeze", "all one", "y");
        same(STEPS, HIDDEN);
        begin_with(kinds[i].op, kinds[i].gates, true, "steps w r", "- y"); /* the last, [2, N, H] */
        same(2, HIDDEN);
    }
    begin_with("LSTM", 4, true, "steps w r", "y"); /* [T, 2, N, H] */
    same(STEPS * 2, HIDDEN);
}

/* As programs write a bidirectional layer with one of classes behind it, and then turn it back. */
static void test_classes(void **state) {
    (void)state;
    begin_with("LSTM", 4, true, "steps w r", "all");
    write_whole(&w, "shape", LIST(0, 0, -1));
    write_some("classes", DIMS(2 * HIDDEN, 5));
    write_some("bias", DIMS(5));
    write_node(&w, "Transpose", "all", "beside");
    write_ints(&w, "perm", LIST(0, 2, 1, 3));
    write_node(&w, "Reshape", "beside shape", "flat");
    write_node(&w, "Relu", "flat", "above");
    write_node(&w, "MatMul", "above classes", "product");
    write_node(&w, "Add", "bias product", "sum");
    write_node(&w, "LogSoftmax", "sum", "logs");
    write_node(&w, "Transpose", "logs", "y");
    write_ints(&w, "perm", LIST(1, 0, 2));
    same(1, STEPS * 5);
    begin_with("LSTM", 4, true, "steps w r", "all");
    write_whole(&w, "shape", LIST(0, 0, -1));
    write_some("classes", DIMS(2 * HIDDEN, 5));
    write_some("bias", DIMS(5));
    write_node(&w, "Transpose", "all", "beside");
    write_ints(&w, "perm", LIST(0, 2, 1, 3));
    write_node(&w, "Reshape", "beside shape", "flat");
    write_node(&w, "MatMul", "flat classes", "product");
    write_node(&w, "Add", "product bias", "sum");
    write_node(&w, "LogSoftmax", "sum", "y");
    same(STEPS, 5);
}

/* The last step of all, and some of them; another dimension behind. */
static void test_places(void **state) {
    (void)state;
    begin_with("GRU", 3, false, "steps w r", "all");
    write_whole(&w, "last", -1, (int64_t[]){-1});
    write_node(&w, "Gather", "all last", "y"); /* [1, N, H] */
    write_int(&w, "axis", 0);
    same(1, HIDDEN);
    begin_with("GRU", 3, false, "steps w r", "all");
    write_whole(&w, "starts", LIST(1));
    write_whole(&w, "ends", LIST(3));
    write_whole(&w, "axes", LIST(0));
    write_node(&w, "Slice", "all starts ends axes", "y");
    same(2, HIDDEN);
    begin_with("GRU", 3, false, "steps w r", "all");
    write_node(&w, "ReduceMean", "all", "y"); /* over the steps: [1, N, H] */
    write_ints(&w, "axes", LIST(0));
    write_int(&w, "keepdims", 0);
    same(1, HIDDEN);
    begin_with("GRU", 3, false, "steps w r", "all"); /* squashed, beside itself */
    write_node(&w, "Tanh", "all", "more");
    write_node(&w, "Concat", "all more", "y");
    write_int(&w, "axis", -1);
    same(STEPS, 2 * HIDDEN);
    begin_with("GRU", 3, false, "steps w r", "all");
    write_whole(&w, "four", LIST(4));
    write_node(&w, "Unsqueeze", "all four", "y");
    same(STEPS, HIDDEN);
    begin_with("GRU", 3, false, "steps w r", "all");
    write_node(&w, "ReduceMean", "all", "y");
    write_ints(&w, "axes", LIST(2));
    refused_as(false, "the batch of its input is dimension 2");
}

/* Zeros are what a state begins with anyway; other numbers would have to be there for every image.
 */
static void test_states(void **state) {
    (void)state;
    const float zeros[HIDDEN] = {0};
    begin_with("LSTM", 4, false, "steps w r - - h c", "- y");
    write_weight(&w, "h", DIMS(1, 1, HIDDEN), zeros);
    write_weight(&w, "c", DIMS(1, 1, HIDDEN), zeros);
    read_open();
    begin_with("LSTM", 4, false, "steps w r - - h", "- y");
    write_some("h", DIMS(1, 1, HIDDEN));
    refused_as(false, "its input 6 is one and the same for an open batch; zeros alone can be");
    begin_with("RNN", 1, false, "steps w r - lengths", "- y");
    write_whole(&w, "lengths", LIST(2));
    refused_as(false, "its input 5 is one and the same for an open batch; the number of all steps");
    begin_with("RNN", 1, false, "steps w r - lengths", "- y");
    write_int(&w, "layout", 1);
    write_whole(&w, "lengths", LIST(STEPS));
    refused_as(false, "the open batch of its input has to be dimension 0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests(tests, draw_images, close_context);
}

#else
FV_NO_ONNX_MAIN
#endif
