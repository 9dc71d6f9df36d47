/* SPDX-License-Identifier: MIT */
/*
 * test_moves.c - operators that move data: numbers that can be worked out on paper, and plans with
 * them, whose views and joins change nothing.
 */
#include "carry.h"
#include "op_problem.h"

#define CLOSE 1e-12
#define NUMBERS(...)                                                                               \
    (const double[]) {                                                                             \
        __VA_ARGS__                                                                                \
    }

static void start(op_problem *p, const char *op, const char *sample) {
    if (op_make(p, fv__op_find(op), sample, FV_F64, 0) != FV_OK)
        fail_msg("%s '%s': %s", op, sample, p->ctx.message);
}

static void put(const fv_tensor *t, const double *v) {
    for (int64_t i = 0; i < op_count(t); i++) op_set(t, i, v[i]);
}

static void count_up(const fv_tensor *t) {
    for (int64_t i = 0; i < op_count(t); i++) op_set(t, i, (double)i);
}

static void expect(const fv_tensor *t, const double *v, double tolerance) {
    for (int64_t i = 0; i < op_count(t); i++)
        if (!(fabs(op_get(t, i) - v[i]) <= tolerance))
            fail_msg("number %d is %g, not %g", (int)i, op_get(t, i), v[i]);
}

/* Of x = 0, 1, 2, … the operator makes these. */
static void makes(const char *op, const char *sample, const double *v) {
    op_problem p;
    start(&p, op, sample);
    count_up(&p.x[0]);
    op_forward(&p);
    expect(&p.y[0], v, CLOSE);
    op_release(&p);
}

static void test_by_hand(void **state) {
    (void)state;
    makes("transpose", "0,2,1 ; 1x2x3", NUMBERS(0, 3, 1, 4, 2, 5));
    makes("slice", "-1 -99 1 steps -2 ; 1x5", NUMBERS(4, 2, 0));
    makes("tile", "1,2,2 ; 1x1x2", NUMBERS(0, 1, 0, 1, 0, 1, 0, 1));
    makes("expand", "2,2 ; 1x2x1", NUMBERS(0, 0, 1, 1));
    makes("crop", "1 ; 1x1x2x4", NUMBERS(1));
    makes("pad", "2,1 axes 1 mode reflect ; 1x3", NUMBERS(2, 1, 0, 1, 2, 1));
    makes("pad", "2,1 axes 1 mode edge ; 1x3", NUMBERS(0, 0, 0, 1, 2, 2));
    makes("pad", "2,1 axes 1 mode wrap ; 1x3", NUMBERS(1, 2, 0, 1, 2, 0));
    makes("pad", "2,-1 axes 1 value 7 ; 1x3", NUMBERS(7, 7, 0, 1));
    makes("gather", "2,-3 axis 1 ; 1x3x2", NUMBERS(4, 5, 0, 1));
    makes("depthtospace", "2 ; 1x8x1x1", NUMBERS(0, 2, 4, 6, 1, 3, 5, 7));
    makes("depthtospace", "2 mode crd ; 1x8x1x1", NUMBERS(0, 1, 2, 3, 4, 5, 6, 7));
    makes("spacetodepth", "2 ; 1x1x2x4", NUMBERS(0, 2, 1, 3, 4, 6, 5, 7));
    makes("upsample", "1x2 ; 1x1x2x2", NUMBERS(0, 0, 1, 1, 2, 2, 3, 3));
    makes("upsample", "1x2 mode bilinear ; 1x1x1x3", NUMBERS(0, 0.25, 0.75, 1.25, 1.75, 2));
    makes("upsample", "1x2 mode bilinear align_corners ; 1x1x1x2", NUMBERS(0, 1 / 3., 2 / 3., 1));
    makes("resize", "1x2 ; 1x1x1x4", NUMBERS(0, 2));
    makes("resize", "1x2 rounding round_prefer_ceil ; 1x1x1x4", NUMBERS(1, 3));
}

/* A glimpse: half the image around its lower right corner's middle, as gridsample's grid says. */
static void test_glimpse(void **state) {
    (void)state;
    op_problem grid, look;
    start(&grid, "affinegrid", "2 ; 1x2x3");
    put(&grid.x[0], NUMBERS(0.5, 0, 0.5, 0, 0.5, 0.5));
    op_forward(&grid);
    expect(&grid.y[0], NUMBERS(0.25, 0.25, 0.75, 0.25, 0.25, 0.75, 0.75, 0.75), 1e-15);
    start(&look, "gridsample", "; 1x1x4x4, 1x2x2x2");
    count_up(&look.x[0]);
    for (int64_t i = 0; i < 8; i++) op_set(&look.x[1], i, op_get(&grid.y[0], i));
    op_forward(&look);
    expect(&look.y[0], NUMBERS(10, 11, 14, 15), CLOSE);
    /* half a pixel further to the right: means, and nothing beyond the edge */
    for (int64_t i = 0; i < 8; i += 2) op_set(&look.x[1], i, op_get(&grid.y[0], i) + 0.25);
    put(&look.dy[0], NUMBERS(1, 0, 0, 0));
    op_forward(&look);
    expect(&look.y[0], NUMBERS(10.5, 5.5, 14.5, 7.5), CLOSE);
    op_backward(&look);
    assert_true(fabs(op_get(&look.dx[0], 10) - 0.5) <= CLOSE);
    assert_true(fabs(op_get(&look.dx[0], 11) - 0.5) <= CLOSE);
    assert_true(fabs(op_get(&look.dx[1], 0) - 2) <=
                CLOSE); /* a pixel more is 1, and 1 is 2 pixels */
    assert_true(fabs(op_get(&look.dx[1], 1) - 8) <= CLOSE); /* a row more is 4 */
    op_release(&grid);
    op_release(&look);
}

/* An index that names no place is seen, and gives nothing back. */
static void test_no_such_place(void **state) {
    (void)state;
    static const char *const ops[] = {"gather", "gatherelements", "embedding"};
    static const char *const samples[] = {"; constant 3x1, below 3 4", "; 4x3, below 3 4x1",
                                          "3 1 ; below 3 4"};
    for (int k = 0; k < 3; k++) {
        op_problem p;
        start(&p, ops[k], samples[k]);
        const fv_tensor *indices = &p.x[k == 2 ? 0 : 1];
        put(indices, NUMBERS(0, -1, 3, -4));
        op_forward(&p);
        for (int i = 0; i < 4; i++) assert_int_equal(!!isnan(op_get(&p.y[0], i)), i >= 2);
        op_backward(&p);
        double sum = 0;
        const fv_tensor *g = k == 2 ? &p.dw[0] : &p.dx[0];
        for (int64_t i = 0; i < op_count(g); i++) sum += op_get(g, i);
        assert_true(fabs(sum - op_get(&p.dy[0], 0) - op_get(&p.dy[0], 1)) <= CLOSE);
        op_release(&p);
    }
}

/* As planned in float and trained, the same as by reference loops in double; and its gradients. */
static void test_plans(void **state) {
    (void)state;
    static const char *const texts[] = {
        "input 3x8x8\n conv 8 3x3 pad 1 - relu - split 2 as cut - depthtospace 2\n"
        " - upsample 2 mode bilinear - crop 8x8 - pad 1,1,1,1 axes 2,3 mode reflect\n"
        " - slice 0,0 8,8 2,3 - concat { identity | from cut.2 - slice 0 2 1 }\n"
        " - transpose 0,1,3,2 - reshape 0,-1,4,8\n"
        " - concat axis 3 { identity | conv 6 3x3 pad 1 } - unsqueeze 1 - squeeze 1\n"
        " - gather 0,2,4,-1 axis 1 - tile 1,2,1,1 - resize 5x7 - fc 3\n",
        "input 4x4x4\n conv 16 3x3 pad 1 - reshape 0,16,-1 - transpose 0,2,1 - reshape 0,16,4,4\n"
        " - concat { conv 16 1x1 | identity } - reshape 0,-1 - fc 3\n",
        "input 4x4x4\n split sizes 1,3 as cut - relu - reshape 0,16 - concat { identity\n"
        "   | from cut.2 - conv 2 3x3 - flatten | from cut.2 - globalavgpool - squeeze } - fc 3\n",
        "input 1x9x9\n identity as image - conv 2 5x5 stride 2 - tanh - fc 6 as theta\n"
        " - gridsample padding border { from image | from theta - affinegrid 5x5 } - fc 3\n",
        "input 6x1x1\n fc 5 - highest - embedding 5 3 - tanh - fc 3\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fv_graph *net = parse(texts[i]);
        trains(net);
        fv__net_free(net);
    }
}

/* Truth values, which are a byte each, through views, joins and copies. */
static void test_truth_values_move(void **state) {
    (void)state;
    fv_graph *net = parse("input 2x2x3\n identity as x\n"
                          " - concat { above 0 | above 0.5 | above -0.5 } - transpose 0,2,3,1\n"
                          " - reshape 0,-1 - slice 0 -1 1 as bits\n"
                          " - choose { identity | from x - flatten - tile 1,3 - slice 1 99 1\n"
                          "   | from x - flatten - tile 1,3 - slice 0 -1 1 } - fc 3\n");
    float x[BATCH * 12];
    uint8_t bits[BATCH * 35];
    static const float limits[] = {0, 0.5f, -0.5f};
    float *weights = aligned_alloc(64, ((size_t)net->param_elements * 4 + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, weights);
    infer(net, weights, "bits", bits, x);
    for (int n = 0; n < BATCH; n++)
        for (int i = 0; i < 35; i++) {
            const int pixel = i / 6, channel = i % 6;
            assert_int_equal(bits[n * 35 + i],
                             x[n * 12 + channel % 2 * 6 + pixel] > limits[channel / 2]);
        }
    trains(net);
    free(weights);
    fv__net_free(net);
}

/* gather with a constant: as indices, and as the table that is looked up in. */
static void test_constants(void **state) {
    (void)state;
    static const int32_t places[4] = {2, 0, 0, -1};
    static const float table[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const fv_shape four = fv__shape1(4), rows = fv__shape2(5, 2);
    fv_graph *net;
    fv_input input = {0};
    int in[2] = {0};
    fv__field_defaults(fv__input_fields, &input);
    input.channels = 3, input.height = input.width = 2;
    must(fv__net_new(ctx, "looked up", &input, &net));
    must(fv__net_add_constant(ctx, net, "places", FV_I32, &four, places, &in[1]));
    in[0] = add_layer(net, "gather", "axis 1", in, 2);
    const int scores = in[0] = add_layer(net, "fc", "5", in, 1);
    in[1] = add_layer(net, "highest", "", in, 1);
    must(fv__net_add_constant(ctx, net, "table", FV_F32, &rows, table, &in[0]));
    in[0] = add_layer(net, "gather", "", in, 2);
    in[1] = scores;
    in[0] = add_layer(net, "concat", "", in, 2);
    in[0] = add_layer(net, "fc", "3", in, 1);
    must(fv__net_add_head(ctx, net, &(fv_head){.name = "output", .value = in[0], .weight = 1}));
    must(fv__net_freeze(ctx, net));
    trains(net);
    float *weights = aligned_alloc(64, ((size_t)net->param_elements * 4 + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, weights);
    float x[BATCH * 12], taken[BATCH * 16], rows_of[BATCH * 2];
    int32_t best[BATCH];
    infer(net, weights, "gather0", taken, x);
    infer(net, weights, "highest2", best, x);
    infer(net, weights, "gather3", rows_of, x);
    for (int n = 0; n < BATCH; n++) {
        for (int i = 0; i < 16; i++)
            assert_true(taken[n * 16 + i] == x[n * 12 + (places[i / 4] + 3) % 3 * 4 + i % 4]);
        for (int k = 0; k < 2; k++) assert_true(rows_of[n * 2 + k] == table[best[n] * 2 + k]);
    }
    free(weights);
    fv__net_free(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),           cmocka_unit_test(test_glimpse),
        cmocka_unit_test(test_no_such_place),     cmocka_unit_test(test_plans),
        cmocka_unit_test(test_truth_values_move), cmocka_unit_test(test_constants)};
    return cmocka_run_group_tests(tests, open_context, close_context);
}
