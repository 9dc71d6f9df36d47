/* SPDX-License-Identifier: MIT */
/*
 * test_init.c - weights at the start: filters that enlarge by bilinear interpolation; numbers of
 * one deviation, biases that start at 1.
 */
#include "carry.h"
#include "format/model.h"

static void starts(const char *text, const float *expected, int64_t count) {
    fv_graph *net = parse(text);
    float weights[256];
    assert_int_equal(net->params[0].count, count);
    assert_true(net->param_elements <= 256);
    assert_int_equal(net->params[0].spec.init, FV_INIT_BILINEAR);
    for (int init = FV_HE; init <= FV_LECUN; init++) {
        fv__net_initialise(net, init, 3, weights);
        for (int64_t i = 0; i < count; i++) assert_float_equal(weights[i], expected[i], 1e-7);
    }
    fv__net_free(net);
}

/* Long, Shelhamer & Darrell's filters of side 4 and 3, and one that is no square. */
static void test_bilinear_filters(void **state) {
    static const float even[] = {0.25f, 0.75f, 0.75f, 0.25f}, odd[] = {0.5f, 1, 0.5f};
    float square[2 * 16], oblong[12];
    (void)state;
    for (int i = 0; i < 32; i++) square[i] = even[i % 16 / 4] * even[i % 4];
    for (int i = 0; i < 12; i++) oblong[i] = odd[i / 4] * even[i % 4];
    starts("input 2x3x3\nconvtranspose 2 4 stride 2 pad 1 groups 2 bias no init bilinear\n", square,
           32);
    starts("input 1x3x3\nconvtranspose 1 3x4 stride 2 bias no init bilinear\n", oblong, 12);
}

/* Without groups every map still goes to itself alone. */
static void test_maps_by_themselves(void **state) {
    float expected[4 * 9] = {0};
    (void)state;
    for (int map = 0; map < 2; map++)
        for (int i = 0; i < 9; i++)
            expected[map * 27 + i] = (i / 3 == 1 ? 1 : 0.5f) * (i % 3 == 1 ? 1 : 0.5f);
    starts("input 2x3x3\nconvtranspose 2 3 stride 2 init bilinear\n", expected, 36);
}

/* An enlarged image: bilinear interpolation between its pixels, but at the edges. */
static void test_an_image(void **state) {
    float weights[16], image[BATCH * 16], y[BATCH * 64];
    fv_graph *net =
        parse("input 1x4x4\nconvtranspose 1 4 stride 2 pad 1 bias no init bilinear as y\n");
    (void)state;
    fv__net_initialise(net, FV_HE, 3, weights);
    infer(net, weights, "y", y, image);
    for (int h = 1; h < 7; h++)
        for (int w = 1; w < 7; w++) {
            /* where the pixel's middle lies among those of the image */
            const int top = (h - 1) / 2, left = (w - 1) / 2;
            const float down = h % 2 ? 0.25f : 0.75f, right = w % 2 ? 0.25f : 0.75f;
            const float *x = image + top * 4 + left;
            const float upper = (1 - right) * x[0] + right * x[1];
            const float lower = (1 - right) * x[4] + right * x[5];
            assert_float_equal(y[h * 8 + w], (1 - down) * upper + down * lower, 1e-6);
        }
    fv__net_free(net);
}

/* ------------------------------------------------------------------------------- by recipe --- */

static const char start_text[] =
    "net start\ninput 2x4x4\n"
    "  conv 8 3x3 pad 1 - relu - conv 8 3x3 pad 1 bias no - bn - relu - fc 60 - relu - fc 4\n"
    "train init normal deviation 0.01 ones \"conv1,fc*\"\n";

/* The model of a text; NULL: refused, with the context's message. */
static fv_model *begin(const char *text) {
    fv_net net = {0};
    fv_model *model = NULL;
    must(fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe));
    return fv__model_new(ctx, &net, 1, &model) == FV_OK ? model : NULL;
}

/* Weights from N(0, deviation^2), whatever reads them; biases of the layers named are 1, all others
   as ever. */
static void test_normal(void **state) {
    fv_model *model = begin(start_text);
    (void)state;
    assert_non_null(model);
    const fv_graph *net = model->net.graph;
    for (size_t p = 0; p < net->param_count; p++) {
        const fv_param *param = &net->params[p];
        const float *w = model->weights + param->offset;
        double sum = 0, square = 0;
        for (int64_t i = 0; i < param->count; i++)
            sum += (double)w[i], square += (double)w[i] * (double)w[i];
        const double count = (double)param->count, mean = sum / count;
        const double deviation = sqrt(square / count - mean * mean);
        if (param->spec.init == FV_INIT_WEIGHT) { /* to four times what chance leaves */
            assert_true(fabs(mean) < 0.04 / sqrt(count));
            assert_true(fabs(deviation - 0.01) < 0.04 / sqrt(2 * count));
        } else if (strcmp(param->name, "conv1.bias") == 0 || strncmp(param->name, "fc", 2) == 0) {
            assert_true(mean == 1 && deviation == 0);
        } else if (strcmp(param->name, "bn1.bias") == 0) {
            assert_true(square == 0);
        }
    }
    fv__model_free(model);
}

/* The recipe's other ways are not touched by it, and `none` is nothing. */
static void test_ones_alone(void **state) {
    fv_model *he = begin("net a\ninput 1x4x4\n fc 8 - fc 4\n");
    fv_model *none = begin("net a\ninput 1x4x4\n fc 8 - fc 4\ntrain ones none\n");
    fv_model *ones = begin("net a\ninput 1x4x4\n fc 8 - fc 4\ntrain ones \"fc2..\"\n");
    (void)state;
    assert_true(he && none && ones);
    const fv_graph *net = he->net.graph;
    const size_t bytes = (size_t)net->param_elements * sizeof(float);
    assert_memory_equal(he->weights, none->weights, bytes);
    const int last = fv__net_find_param(net, "fc2.bias");
    for (int i = 0; i < 4; i++) ones->weights[net->params[last].offset + i] -= 1;
    assert_memory_equal(he->weights, ones->weights, bytes);
    fv__model_free(he), fv__model_free(none), fv__model_free(ones);
}

static void refused(const char *names, const char *says) {
    char text[256];
    snprintf(text, sizeof text,
             "net a\ninput 1x4x4\n fc 8 - relu - fc 4 bias no\ntrain ones \"%s\"\n", names);
    assert_null(begin(text));
    if (!strstr(ctx->message, says)) fail_msg("%s (wanted: %s)", ctx->message, says);
}

static void test_ones_messages(void **state) {
    (void)state;
    refused("fc3", "ones: the network a has no layer 'fc3'; did you mean 'fc1'?");
    refused("relu1", "ones: relu1 has no bias");
    refused("fc2", "ones: fc2 has no bias");
    refused("fc1,,fc2", "ones takes names of layers");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bilinear_filters), cmocka_unit_test(test_maps_by_themselves),
        cmocka_unit_test(test_an_image),         cmocka_unit_test(test_normal),
        cmocka_unit_test(test_ones_alone),       cmocka_unit_test(test_ones_messages),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
