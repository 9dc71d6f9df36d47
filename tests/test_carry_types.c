/* SPDX-License-Identifier: MIT */
/*
 * test_carry_types.c - what flows beside float values of the batch: constants, integers, truth
 * values.
 */
#include "carry.h"

static void refuses(const char *text, const char *words) {
    fv_graph *net;
    assert_int_equal(fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net, NULL),
                     FV_BAD_INPUT);
    if (!strstr(ctx->message, words)) fail_msg("expected \"%s\" in:\n%s", words, ctx->message);
}

/* -------------------------------------------------------------------------- a constant --- */

static fv_graph *scaled_net(const float *scale, int *scaled) {
    fv_graph *net;
    fv_input input = {0};
    int in[2] = {0};
    const fv_shape shape = fv__shape1(4);
    fv__field_defaults(fv__input_fields, &input);
    input.channels = 2, input.height = input.width = 5;
    must(fv__net_new(ctx, "scaled", &input, &net));
    in[0] = add_layer(net, "conv", "4 3x3", in, 1);
    must(fv__net_add_constant(ctx, net, "scale", FV_F32, &shape, scale, &in[1]));
    *scaled = in[0] = add_layer(net, "perchannel", "", in, 2);
    in[0] = add_layer(net, "relu", "", in, 1);
    in[0] = add_layer(net, "fc", "3", in, 1);
    must(fv__net_add_head(ctx, net, &(fv_head){.name = "output", .value = in[0], .weight = 1}));
    must(fv__net_freeze(ctx, net));
    return net;
}

static void test_a_constant(void **state) {
    (void)state;
    static const float factor[4] = {2, -1, 0.5f, 3};
    float scale[4] = {2, -1, 0.5f, 3}, image[BATCH * 50], plain[BATCH * 36], scaled[BATCH * 36];
    int value;
    fv_graph *net = scaled_net(scale, &value);
    scale[0] = 0; /* the net has its own copy */
    trains(net);
    float *weights = aligned_alloc(64, ((size_t)net->param_elements * 4 + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, weights);
    infer(net, weights, "conv0", plain, image);
    infer(net, weights, net->values[value].name, scaled, image);
    for (int i = 0; i < BATCH * 36; i++)
        assert_float_equal(scaled[i], plain[i] * factor[i / 9 % 4], 1e-6);
    /* what cannot mix samples with what all of them have says so */
    const int both[2] = {1, 2};
    int out;
    assert_false(net->values[2].type.batched);
    assert_int_equal(
        fv__net_add(ctx, net,
                    &(fv_node_spec){.op = &fv__op_add, .name = "x", .in = both, .inputs = 2}, &out),
        FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "add cannot join values of the batch with a constant"));
    free(weights);
    fv__net_free(net);
}

/* ------------------------------------------------------------- integers and truth values --- */

static void test_truth_values(void **state) {
    (void)state;
    fv_graph *net =
        parse("input 2x5x5\n conv 4 3x3 pad 1 - tanh as t\n"
              " - choose { above 0.1 as mask | conv 4 1x1 - tanh | identity } - fc 3\n");
    const int mask = fv__net_find_value(net, "mask");
    assert_int_equal(net->values[mask].type.dtype, FV_BOOL8);
    trains(net);
    float image[BATCH * 50], t[BATCH * 100];
    uint8_t bits[BATCH * 100];
    float *weights = aligned_alloc(64, ((size_t)net->param_elements * 4 + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, weights);
    infer(net, weights, "t", t, image);
    infer(net, weights, "mask", bits, image);
    for (int i = 0; i < BATCH * 100; i++) assert_int_equal(bits[i], t[i] > 0.1f);
    free(weights);
    fv__net_free(net);
}

static void test_integers(void **state) {
    (void)state;
    fv_graph *net = parse("input 6x1x1\n fc 5 as scores - take { highest as best | identity }\n"
                          " - concat { identity | from scores - fc 2 }\n");
    trains(net);
    float image[BATCH * 6], scores[BATCH * 5], largest[BATCH];
    int32_t best[BATCH];
    float *weights = aligned_alloc(64, ((size_t)net->param_elements * 4 + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, weights);
    infer(net, weights, "scores", scores, image);
    infer(net, weights, "best", best, image);
    infer(net, weights, "take1", largest, image);
    for (int n = 0; n < BATCH; n++) {
        for (int k = 0; k < 5; k++) assert_true(scores[n * 5 + k] <= scores[n * 5 + best[n]]);
        assert_float_equal(largest[n], scores[n * 5 + best[n]], 0);
    }
    free(weights);
    fv__net_free(net);
}

/* An operator without loops for a type never reads it as another one. */
static void test_types_are_refused(void **state) {
    (void)state;
    refuses("input 6x1x1\n fc 5 - highest - relu", "relu does not compute with int32 values");
    refuses("input 6x4x4\n above 0 - conv 3 3x3", "conv does not compute with bool values");
    refuses("input 6x4x4\n add { above 0 | identity }", "add does not take bool values as input 1");
    refuses("input 6x4x4\n add { identity | above 0 }", "add does not take bool values as input 2");
    refuses("input 6x4x4\n choose { identity | relu | tanh }",
            "choose does not take float32 values as input 1");
    refuses("input 6x4x4\n above 0 - maxpool 2", "maxpool does not compute with bool values");
    refuses("input 6x4x4\n above 0 - globalavgpool",
            "globalavgpool does not compute with bool values");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_constant), cmocka_unit_test(test_truth_values),
        cmocka_unit_test(test_integers), cmocka_unit_test(test_types_are_refused)};
    return cmocka_run_group_tests(tests, open_context, close_context);
}
