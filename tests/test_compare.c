/* SPDX-License-Identifier: MIT */
/*
 * test_compare.c - public: two models compared, with differences worked out by hand.
 */
#include "public.h"

static fv_model *parsed(fv_context *ctx, const char *text) {
    fv_model *model;
    OK(ctx, fv_model_parse(ctx, text, NULL, 1, &model));
    return model;
}

static float *weights(fv_context *ctx, fv_model *model, const char *name) {
    fv_tensor_view view = FV_INIT(fv_tensor_view);
    OK(ctx, fv_model_tensor_named(ctx, model, name, &view));
    return view.data;
}

static fv_comparison *compared(fv_context *ctx, const fv_model *a, const fv_model *b,
                               const float *input, fv_status want) {
    fv_compare_options options = FV_INIT(fv_compare_options);
    fv_comparison *c;
    options.input = input;
    const fv_status status = fv_compare(ctx, a, b, &options, &c);
    if (status != want) fail_msg("fv_compare gave %d: %s", (int)status, fv_context_error(ctx));
    return c;
}

#define SMALL                                                                                      \
    "net small\ninput 1x6x6\n"                                                                     \
    "conv 2 3x3 - relu - conv 3 3x3 - relu - fc 4 - softmax\n"

static void same_twice(void **state) {
    fv_context *ctx = *state;
    fv_model *a = parsed(ctx, SMALL), *b = parsed(ctx, SMALL);
    for (int same = 0; same < 2; same++) { /* the very same handle, too */
        fv_comparison *c = compared(ctx, a, same ? a : b, NULL, FV_OK);
        assert_int_equal(c->layer_count, 6);
        assert_int_equal(c->first, -1);
        assert_int_equal(c->only_a + c->only_b + c->outputs_differ, 0);
        assert_int_equal(c->output_count, 1);
        assert_int_equal(c->same, 6);
        assert_int_equal(c->different + c->reshaped + c->tensors_a + c->tensors_b, 0);
        assert_null(c->tensor);
        assert_string_equal(c->layers[2]->name, "conv2");
        assert_int_equal(c->layers[2]->rank, 3);
        assert_int_equal(c->layers[2]->dims[0], 3);
        assert_true(c->layers[2]->relative == 0 && c->layers[2]->largest == 0);
        fv_comparison_free(c);
    }
    fv_model_free(a);
    fv_model_free(b);
}

/* (3, 4) and (3, 8): 4 apart, relative 4/sqrt(73). */
static void by_hand(void **state) {
    fv_context *ctx = *state;
    fv_model *a = parsed(ctx, "net two\ninput 1x1x2\nfc 2 bias no\n");
    fv_model *b = parsed(ctx, "net two\ninput 1x1x2\nfc 2 bias no\n");
    const float one[] = {1, 0, 0, 1}, two[] = {1, 0, 0, 2}, input[] = {3, 4};
    memcpy(weights(ctx, a, "fc1.weight"), one, sizeof one);
    memcpy(weights(ctx, b, "fc1.weight"), two, sizeof two);
    for (int turned = 0; turned < 2; turned++) {
        fv_comparison *c = compared(ctx, turned ? b : a, turned ? a : b, input, FV_DIFFERS);
        assert_int_equal(c->first, 0);
        assert_int_equal(c->outputs_differ, 1);
        assert_true(c->outputs[0]->fits && c->outputs[0]->differs);
        assert_true(c->outputs[0]->largest == 4);
        assert_true(fabs(c->outputs[0]->relative - 4 / sqrt(73)) < 1e-12);
        assert_int_equal(c->different, 1);
        assert_string_equal(c->tensor, "fc1.weight");
        assert_true(c->largest_weight == 1);
        fv_comparison_free(c);
    }
    fv_model_free(a);
    fv_model_free(b);
}

static void where_it_begins(void **state) {
    fv_context *ctx = *state;
    fv_model *a = parsed(ctx, SMALL), *b = parsed(ctx, SMALL);
    weights(ctx, b, "conv2.bias")[1] = 0.5f;
    fv_comparison *c = compared(ctx, a, b, NULL, FV_DIFFERS);
    assert_string_equal(c->layers[c->first]->name, "conv2");
    assert_true(fabs(c->layers[c->first]->largest - 0.5) < 1e-6);
    assert_false(c->layers[0]->differs);
    fv_comparison_free(c);
    fv_model_free(a);
    fv_model_free(b);
}

static void not_finite(void **state) {
    fv_context *ctx = *state;
    fv_model *a = parsed(ctx, SMALL), *b = parsed(ctx, SMALL);
    weights(ctx, b, "conv1.bias")[0] = NAN;
    fv_comparison *c = compared(ctx, a, b, NULL, FV_DIFFERS);
    assert_int_equal(c->first, 0);
    assert_int_equal(c->layers[0]->not_finite, 16);
    assert_true(isfinite(c->layers[0]->relative) && c->layers[0]->differs);
    fv_comparison_free(c);
    c = compared(ctx, b, b, NULL, FV_OK); /* the same nonsense twice is the same */
    assert_int_equal(c->outputs[0]->not_finite, 0);
    fv_comparison_free(c);
    fv_model_free(a);
    fv_model_free(b);
}

static void other_shapes(void **state) {
    fv_context *ctx = *state;
    fv_model *a = parsed(ctx, SMALL);
    fv_model *b = parsed(ctx, "net other\ninput 1x6x6\n"
                              "conv 2 3x3 - relu - conv 5 3x3 - relu - fc 4 - softmax\n");
    fv_comparison *c = compared(ctx, a, b, NULL, FV_DIFFERS);
    assert_string_equal(c->layers[c->first]->name, "conv2");
    assert_false(c->layers[c->first]->fits);
    assert_int_equal(c->reshaped, 3);
    fv_comparison_free(c);
    fv_model_free(b);
    b = parsed(ctx, "net deep\ninput 1x6x6\nconv 2 3x3 - relu - maxpool 2 as here - fc 4 as "
                    "first - softmax\nhead more from here - fc 2\n");
    c = compared(ctx, a, b, NULL, FV_DIFFERS);
    assert_int_equal(c->only_a, 2); /* conv2, relu2 */
    assert_int_equal(c->only_b, 2); /* here, first */
    assert_int_equal(c->outputs_a, 1);
    assert_int_equal(c->outputs_b, 2);
    assert_int_equal(c->outputs_differ, 2);
    fv_comparison_free(c);
    fv_model_free(b);
    fv_model_free(a);
}

static void other_inputs(void **state) {
    fv_context *ctx = *state;
    fv_model *any = parsed(ctx, "net any\ninput 1x9x7\nconv 2 3x3 - globalavgpool - fc 3\n");
    fv_model *same = parsed(ctx, "net any\ninput 1x6x6\nconv 2 3x3 - globalavgpool - fc 3\n");
    fv_model *fixed = parsed(ctx, SMALL), *colour;
    fv_comparison *c = compared(ctx, same, any, NULL, FV_OK);
    assert_int_equal(c->layers[0]->dims[1], 4);
    fv_comparison_free(c);
    SAYS(ctx, fv_compare(ctx, any, fixed, NULL, &c), FV_BAD_INPUT, "fc1");
    assert_null(c);
    colour = parsed(ctx, "net colour\ninput 3x6x6\nconv 2 3x3\n");
    SAYS(ctx, fv_compare(ctx, fixed, colour, NULL, &c), FV_BAD_INPUT,
         "small takes in [6x6x1] and colour [6x6x3]");
    fv_model_free(colour);
    fv_model_free(any);
    fv_model_free(same);
    fv_model_free(fixed);
}

static void nonsense(void **state) {
    fv_context *ctx = *state;
    fv_model *a = parsed(ctx, SMALL);
    fv_compare_options options = FV_INIT(fv_compare_options);
    fv_comparison *c;
    options.tolerance = -1;
    SAYS(ctx, fv_compare(ctx, a, a, &options, &c), FV_USAGE, "tolerance");
    SAYS(ctx, fv_compare(ctx, a, NULL, NULL, &c), FV_USAGE, "NULL");
    fv_comparison_free(NULL);
    fv_model_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_twice),      cmocka_unit_test(by_hand),
        cmocka_unit_test(where_it_begins), cmocka_unit_test(not_finite),
        cmocka_unit_test(other_shapes),    cmocka_unit_test(other_inputs),
        cmocka_unit_test(nonsense),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
