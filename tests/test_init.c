/* SPDX-License-Identifier: MIT */
/*
 * test_init.c - weights at the start: filters that enlarge by bilinear interpolation.
 */
#include "carry.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bilinear_filters),
        cmocka_unit_test(test_maps_by_themselves),
        cmocka_unit_test(test_an_image),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
