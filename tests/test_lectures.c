/* SPDX-License-Identifier: MIT */
/*
 * test_lectures.c - the worked examples on convolution of five decks of lecture slides (A to E),
 * and the counts of the two LeNets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "by_hand.h"

/* Runs an operator with one weight and no bias; the caller looks and releases. */
static void run(op_problem *p, const char *op, const char *sample, const double *x,
                const double *w) {
    start(p, op, sample);
    put(&p->x[0], x);
    if (w != NULL) put(&p->w[0], w);
    op_forward(p);
}

static void check_run(const char *op, const char *sample, const double *x, const double *w,
                      const double *y) {
    op_problem p;
    run(&p, op, sample, x, w);
    expect(&p.y[0], y, 1e-12);
    op_release(&p);
}

/* ---------------------------------------------------------------------------- worked sums --- */

/* Deck C: one filter over 4x4, without and with padding, and over 7x7 with stride 2. */
static void test_deck_c(void **state) {
    static const double w[] = {2, 1, 2, 0, 0, 3, 0, 0, 2};
    static const double small[] = {3, 2, 0, 1, 0, 2, 1, 2, 2, 0, 0, 3, 2, 3, 1, 2};
    static const double large[] = {3, 2, 0, 1, 0, 2, 1, 0, 2, 1, 2, 1, 2, 1, 2, 0, 0,
                                   3, 0, 0, 2, 2, 3, 1, 0, 1, 1, 3, 2, 2, 1, 1, 0, 3,
                                   1, 1, 1, 0, 0, 1, 2, 2, 2, 1, 0, 3, 2, 1, 1};
    (void)state;
    check_run("conv", "1 3x3 bias no ; 1x1x4x4", small, w, NUMBERS(11, 18, 6, 22));
    check_run("conv", "1 3x3 pad 1 bias no ; 1x1x4x4", small, w,
              NUMBERS(10, 2, 7, 0, 13, 11, 18, 1, 10, 6, 22, 4, 11, 7, 12, 3));
    check_run("conv", "1 3x3 stride 2 bias no ; 1x1x7x7", large, w,
              NUMBERS(11, 4, 11, 9, 6, 15, 8, 10, 13));
}

/* Decks A and D: a cross over 5x5, and the largest of 2x2. */
static void test_decks_a_and_d(void **state) {
    (void)state;
    check_run("conv", "1 3x3 bias no ; 1x1x5x5",
              NUMBERS(1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0),
              NUMBERS(1, 0, 1, 0, 1, 0, 1, 0, 1), NUMBERS(4, 3, 4, 2, 4, 3, 2, 3, 4));
    check_run("maxpool", "2 ; 1x1x4x4", NUMBERS(1, 1, 2, 4, 5, 6, 7, 8, 3, 2, 1, 0, 1, 2, 3, 4),
              NULL, NUMBERS(6, 8, 3, 4));
}

/* Deck A: a 3x3 filter on 4x4 as a matrix C of 4 rows and 16 columns. y = Cx is the convolution;
   x = C'y is the transposed one, and the gradient of the first. */
static void test_matrix(void **state) {
    static const double x[] = {3, 2, 0, 1, 0, 2, 1, 2, 2, 0, 0, 3, 2, 3, 1, 2};
    static const double w[] = {1, -2, 3, 4, 5, -6, 7, 8, 9}, dy[] = {1, -1, 2, 3};
    static const int corner[] = {0, 1, 4, 5}; /* the pixel where each row's filter begins */
    double c[4][16] = {{0}}, cx[4] = {0}, back[16] = {0};
    op_problem conv, transposed;
    (void)state;
    for (int row = 0; row < 4; row++)
        for (int q = 0; q < 9; q++) c[row][corner[row] + q / 3 * 4 + q % 3] = w[q];
    for (int row = 0; row < 4; row++)
        for (int i = 0; i < 16; i++) {
            cx[row] += c[row][i] * x[i];
            back[i] += c[row][i] * dy[row];
        }
    run(&conv, "conv", "1 3x3 bias no ; 1x1x4x4", x, w);
    expect(&conv.y[0], cx, 0);
    put(&conv.dy[0], dy);
    op_backward(&conv);
    expect(&conv.dx[0], back, 0);
    run(&transposed, "convtranspose", "1 3x3 bias no ; 1x1x2x2", dy, w);
    expect(&transposed.y[0], back, 0);
    put(&transposed.dy[0], x); /* (C')' = C */
    op_backward(&transposed);
    expect(&transposed.dx[0], cx, 0);
    op_release(&conv);
    op_release(&transposed);
}

/* Deck E: 3x3 under a 2x2 filter. The filter's gradient is the input convolved with dy; the input's
   is dy, padded, convolved with the filter mirrored. */
static void test_back_propagation(void **state) {
    static const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, f[] = {1, -1, 2, 3},
                        dy[] = {2, 1, -1, 4};
    op_problem p;
    (void)state;
    run(&p, "conv", "1 2x2 bias no ; 1x1x3x3", x, f);
    /* O11 = X11 F11 + X12 F12 + X21 F21 + X22 F22 */
    assert_true(op_get(&p.y[0], 0) == 1 * 1 + 2 * -1 + 4 * 2 + 5 * 3);
    put(&p.dy[0], dy);
    op_backward(&p);
    double dw[4], dx[9];
    for (int i = 0; i < 4; i++) dw[i] = op_get(&p.dw[0], i);
    for (int i = 0; i < 9; i++) dx[i] = op_get(&p.dx[0], i);
    op_release(&p);
    check_run("conv", "1 2x2 bias no ; 1x1x3x3", x, dy, dw);
    check_run("conv", "1 2x2 pad 1 flip bias no ; 1x1x2x2", dy, f, dx);
}

/* ------------------------------------------------------------------------- filters of deck E ---
 */

static const struct {
    const char *name; /* by which `fovea filter` knows it */
    double w[9];
    double divisor, sum;
} filters[] = {{"identity", {0, 0, 0, 0, 1, 0, 0, 0, 0}, 1, 1},
               {"edge1", {1, 0, -1, 0, 0, 0, -1, 0, 1}, 1, 0},
               {"edge2", {0, 1, 0, 1, -4, 1, 0, 1, 0}, 1, 0},
               {"edge3", {-1, -1, -1, -1, 8, -1, -1, -1, -1}, 1, 0},
               {"sharpen", {0, -1, 0, -1, 5, -1, 0, -1, 0}, 1, 1},
               {"box", {1, 1, 1, 1, 1, 1, 1, 1, 1}, 9, 1},
               {"gaussian", {1, 2, 1, 2, 4, 2, 1, 2, 1}, 16, 1}};

/* An even grey stays what it is, or becomes black where edges are looked for; one white pixel
   becomes the filter itself, mirrored: by a true convolution it becomes the filter. */
static void test_filters(void **state) {
    static const double grey[] = {3, 3, 3, 3, 3, 3, 3, 3, 3};
    static const double white[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
                                   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    (void)state;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        double w[9], mirrored[9];
        fv_kernel_facts named = FV_INIT(fv_kernel_facts);
        assert_true(fv_kernel_find(filters[i].name, &named));
        assert_true(named.divisor == filters[i].divisor);
        assert_memory_equal(named.weights, filters[i].w, sizeof named.weights);
        for (int q = 0; q < 9; q++) mirrored[8 - q] = w[q] = filters[i].w[q] / filters[i].divisor;
        check_run("conv", "1 3x3 bias no ; 1x1x3x3", grey, w, NUMBERS(3 * filters[i].sum));
        check_run("conv", "1 3x3 bias no ; 1x1x5x5", white, w, mirrored);
        check_run("conv", "1 3x3 flip bias no ; 1x1x5x5", white, w, w);
    }
}

/* --------------------------------------------------------------------------- sizes, counts --- */

typedef struct counts {
    int64_t weights, biases, connections;
} counts;

static counts count(const char *op, const char *sample, const char *dims) {
    op_problem p;
    fv_cost cost;
    char text[FV_SHAPE_TEXT];
    counts c = {0};
    if (op_read_sample(&p, fv__op_find(op), sample) != FV_OK) fail_msg("%s", p.ctx.message);
    if (fv__op_shape(&p.ctx, p.op, &p.site) != FV_OK) fail_msg("%s", p.ctx.message);
    assert_string_equal(fv__dims_text(text, &p.out[0]), dims);
    for (int i = 0; i < p.site.params; i++) {
        const int64_t n = fv__shape_count(&p.site.param[i].shape);
        if (p.site.param[i].bias)
            c.biases += n;
        else
            c.weights += n;
    }
    fv__op_cost(&p.site, &cost);
    c.connections = cost.connections;
    op_release(&p);
    return c;
}

/* Decks B and E. */
static void test_sizes(void **state) {
    (void)state;
    /* AlexNet's CONV1: (11*11*3)*96 = 35K */
    const counts alexnet = count("conv", "96 11x11 stride 4 ; 1x3x227x227", "1x96x55x55");
    char text[32];
    assert_int_equal(alexnet.weights, 34848);
    assert_string_equal(fv__short_count(text, (double)alexnet.weights), "35K");
    (void)count("conv", "1 3x3 ; 1x1x7x7", "1x1x5x5");
    (void)count("conv", "1 3x3 stride 2 ; 1x1x7x7", "1x1x3x3");
    (void)count("conv", "1 3x3 stride 3 ; 1x1x7x7", "1x1x2x2"); /* 2.33 */
    const counts c = count("conv", "10 5x5 pad 2 ; 1x3x32x32", "1x10x32x32");
    assert_int_equal(c.weights + c.biases, 760);
    /* every pixel of 640x480 to every unit */
    assert_int_equal(count("fc", "1 bias no ; 1x1x480x640", "1x1").weights, 307200);
}

/* Deck E: 7 inputs, 3 units. Every unit sees all; three neighbours each; and they share weights. */
static void test_local_and_shared(void **state) {
    (void)state;
    assert_int_equal(count("fc", "3 bias no ; 1x7", "1x3").weights, 21);
    assert_int_equal(count("local", "1 3 stride 2 bias no ; 1x1x7", "1x1x3").weights, 9);
    assert_int_equal(count("conv", "1 3 stride 2 bias no ; 1x1x7", "1x1x3").weights, 3);
    /* with one filter at all places the two are the same */
    static const double x[] = {3, 1, 4, 1, 5, 9, 2};
    check_run("conv", "1 3 stride 2 bias no ; 1x1x7", x, NUMBERS(1, -1, 2), NUMBERS(10, 13, 0));
    check_run("local", "1 3 stride 2 bias no ; 1x1x7", x, NUMBERS(1, -1, 2, 1, -1, 2, 1, -1, 2),
              NUMBERS(10, 13, 0));
    check_run("local", "1 3 stride 2 bias no ; 1x1x7", x, NUMBERS(1, 0, 0, 0, 1, 0, 0, 0, 1),
              NUMBERS(3, 1, 2));
}

/* Weights, biases, and connections: multiplications, and a bias at every place. */
static void check_counts(counts c, int64_t parameters, int64_t connections) {
    assert_int_equal(c.weights + c.biases, parameters);
    assert_int_equal(c.connections, connections);
}

/* Deck E: from 6 maps to 16, by four strategies; the fourth, by hand, is LeNet-5's. */
static void test_tables(void **state) {
    (void)state;
    counts c = count("tableconv", "16 5x5 table full bias no ; 1x6x14x14", "1x96x10x10");
    assert_int_equal(c.weights, 96 * 25);
    c = count("tableconv", "16 5x5 table direct bias no ; 1x6x14x14", "1x16x10x10");
    assert_int_equal(c.weights, 16 * 25);
    c = count("tableconv", "16 5x5 bias no ; 1x6x14x14", "1x16x10x10");
    assert_int_equal(c.weights, 96 * 25);
    assert_int_equal(c.weights, count("conv", "16 5x5 bias no ; 1x6x14x14", "1x16x10x10").weights);
    c = count("tableconv", "16 5x5 table lenet ; 1x6x14x14", "1x16x10x10");
    check_counts(c, 1516, 151600);
}

/* LeNet-5 (deck E, and the paper): 60,000 parameters, 340,068 connections and 840 of the output;
   and the network of 1989: 9,760 parameters and 64,660 connections, which share them. */
static void test_lenets(void **state) {
    (void)state;
    check_counts(count("conv", "6 5x5 ; 1x1x32x32", "1x6x28x28"), 156, 122304);
    check_counts(count("subsample", "2 ; 1x6x28x28", "1x6x14x14"), 12, 5880);
    check_counts(count("subsample", "2 ; 1x16x10x10", "1x16x5x5"), 32, 2000);
    check_counts(count("conv", "120 5x5 ; 1x16x5x5", "1x120x1x1"), 48120, 48120);
    check_counts(count("fc", "84 ; 1x120x1x1", "1x84"), 10164, 10164);
    check_counts(count("rbf", "10 prototypes digits ; 1x84", "1x10"), 0, 840);
    assert_int_equal(156 + 12 + 1516 + 32 + 48120 + 10164, 60000);
    assert_int_equal(122304 + 5880 + 151600 + 2000 + 48120 + 10164, 340068);
    const counts h1 =
        count("tableconv", "12 5x5 stride 2 pad same bias unit ; 1x1x16x16", "1x12x8x8");
    const counts h2 =
        count("tableconv", "12 5x5 stride 2 pad same masks 255,4080,3855 bias unit ; 1x12x8x8",
              "1x12x4x4");
    const counts h3 = count("fc", "30 ; 1x12x4x4", "1x30"), out = count("fc", "10 ; 1x30", "1x10");
    check_counts(h1, 1068, 19968);
    check_counts(h2, 2592, 38592);
    check_counts(h3, 5790, 5790);
    check_counts(out, 310, 310);
    assert_int_equal(1068 + 2592 + 5790 + 310, 9760);
    assert_int_equal(19968 + 38592 + 5790 + 310, 64660);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deck_c),           cmocka_unit_test(test_decks_a_and_d),
        cmocka_unit_test(test_matrix),           cmocka_unit_test(test_back_propagation),
        cmocka_unit_test(test_filters),          cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_local_and_shared), cmocka_unit_test(test_tables),
        cmocka_unit_test(test_lenets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
