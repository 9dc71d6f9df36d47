/* SPDX-License-Identifier: MIT */
/*
 * test_ops.c - the operators: everything op_cases.h checks, and numbers worked out by hand, from
 * lectures and papers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "by_hand.h"
#include "device/device.h"
#include "op_cases.h"

#include <math.h>
#include <stdio.h>

static void none_failed(const op_tally *t) {
    print_message("%d checks\n", t->passed);
    assert_int_equal(t->failed, 0);
    assert_true(t->passed > 0);
}

#define CASES(name)                                                                                \
    static void test_##name(void **state) {                                                        \
        op_tally t = {0};                                                                          \
        (void)state;                                                                               \
        op_cases_##name(&t);                                                                       \
        none_failed(&t);                                                                           \
    }
CASES(samples)
CASES(mutations)
CASES(hostile)
CASES(random)
CASES(parts)
CASES(windows)
CASES(torch)

/* ------------------------------------------------------------------------- numbers by hand --- */

/* Dumoulin & Visin 2016, figures 1.1, 1.5 and 1.6. */
static const double dumoulin[] = {3, 3, 2, 1, 0, 0, 0, 1, 3, 1, 3, 1, 2,
                                  2, 3, 2, 0, 0, 2, 2, 2, 0, 0, 0, 1};

static void test_conv_by_hand(void **state) {
    op_problem p;
    (void)state;
    start(&p, "conv", "1 3x3 bias no ; 1x1x5x5");
    put(&p.x[0], dumoulin);
    put(&p.w[0], NUMBERS(0, 1, 2, 2, 2, 0, 0, 1, 2));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(12, 12, 17, 10, 17, 19, 9, 6, 14), 0);
    /* the middle pixel was read by every output: its gradient is the kernel's sum */
    put(&p.dy[0], NUMBERS(1, 1, 1, 1, 1, 1, 1, 1, 1));
    op_backward(&p);
    assert_true(op_get(&p.dx[0], 12) == 10);
    assert_true(op_get(&p.dx[0], 0) == 0); /* the corner by the first weight alone, which is 0 */
    assert_true(op_get(&p.dx[0], 4) == 2);
    assert_true(op_get(&p.dw[0], 0) == 3 + 3 + 2 + 0 + 0 + 1 + 3 + 1 + 2);
    op_release(&p);
}

static void test_pools_by_hand(void **state) {
    op_problem p;
    (void)state;
    start(&p, "avgpool", "3 stride 1 ; 1x1x5x5");
    put(&p.x[0], dumoulin);
    op_forward(&p);
    expect(&p.y[0], NUMBERS(1.7, 1.7, 1.7, 1.0, 1.2, 1.8, 1.1, 0.8, 1.3), 0.05);
    op_release(&p);
    start(&p, "maxpool", "3 stride 1 ; 1x1x5x5");
    put(&p.x[0], dumoulin);
    op_forward(&p);
    expect(&p.y[0], NUMBERS(3, 3, 3, 3, 3, 3, 3, 2, 3), 0);
    op_release(&p);
    /* CS231n, lecture 5: 2x2 windows, stride 2 */
    start(&p, "maxpool", "2 ; 1x1x4x4");
    put(&p.x[0], NUMBERS(1, 1, 2, 4, 5, 6, 7, 8, 3, 2, 1, 0, 1, 2, 3, 4));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(6, 8, 3, 4), 0);
    put(&p.dy[0], NUMBERS(1, 2, 3, 4));
    op_backward(&p);
    expect(&p.dx[0], NUMBERS(0, 0, 0, 0, 0, 1, 0, 2, 3, 0, 0, 0, 0, 0, 0, 4), 0);
    op_release(&p);
    /* of equals the first in reading order gets the gradient */
    start(&p, "maxpool", "2 ; 1x1x2x2");
    put(&p.x[0], NUMBERS(5, 5, 5, 5));
    op_forward(&p);
    put(&p.dy[0], NUMBERS(1));
    op_backward(&p);
    expect(&p.dx[0], NUMBERS(1, 0, 0, 0), 0);
    op_release(&p);
    /* padding counts in the average unless told otherwise */
    start(&p, "avgpool", "2 pad 1 ; 1x1x2x2");
    put(&p.x[0], NUMBERS(4, 8, 12, 16));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(1, 2, 3, 4), 0);
    op_release(&p);
    start(&p, "avgpool", "2 pad 1 count_pad no ; 1x1x2x2");
    put(&p.x[0], NUMBERS(4, 8, 12, 16));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(4, 8, 12, 16), 0);
    op_release(&p);
}

/* CS231n's map, and what maxunpool makes of its maxima; ONNX's example of MaxUnpool. */
static void test_unpooling_by_hand(void **state) {
    op_problem p;
    (void)state;
    start(&p, "maxpoolindices", "2 ; 1x1x4x4");
    put(&p.x[0], NUMBERS(1, 1, 2, 4, 5, 6, 7, 8, 3, 2, 1, 0, 1, 2, 3, 4));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(6, 8, 3, 4), 0);
    expect(&p.y[1], NUMBERS(5, 7, 8, 15), 0);
    op_release(&p);
    start(&p, "maxunpool", "2 ; 1x1x2x2, below 16 1x1x2x2");
    put(&p.x[0], NUMBERS(1, 2, 3, 4));
    put(&p.x[1], NUMBERS(5, 7, 13, 15));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4), 0);
    /* of two with one index the last; outside of the map nothing is written */
    put(&p.x[1], NUMBERS(3, -1, 3, 16));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0);
    op_backward(&p);
    expect(&p.dx[0], NUMBERS(0, 0, op_get(&p.dy[0], 3), 0), 0);
    op_release(&p);
}

/* LeCun, Bottou, Bengio & Haffner 1998, section II.B: S2 has 12 trainable parameters, S4 has 32. */
static void test_other_pools_by_hand(void **state) {
    op_problem p;
    (void)state;
    start(&p, "subsample", "2 ; 1x6x28x28");
    assert_true(p.out[0].dim[2] == 14 && op_count(&p.w[0]) + op_count(&p.w[1]) == 12);
    op_release(&p);
    start(&p, "subsample", "2 ; 1x16x10x10");
    assert_true(p.out[0].dim[2] == 5 && op_count(&p.w[0]) + op_count(&p.w[1]) == 32);
    op_release(&p);
    start(&p, "subsample", "2 ; 1x1x2x4");
    put(&p.x[0], NUMBERS(1, 2, 5, 6, 3, 4, 7, 8));
    put(&p.w[0], NUMBERS(0.5));
    put(&p.w[1], NUMBERS(1));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(6, 14), 0);
    op_release(&p);
    start(&p, "lppool", "2 ; 1x1x2x2"); /* the sides of a box and its diagonal */
    put(&p.x[0], NUMBERS(2, -4, 4, 8));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(10), 1e-14);
    put(&p.x[0], NUMBERS(2e200, -4e200, 4e200, 8e200)); /* no overflow */
    op_forward(&p);
    assert_true(fabs(op_get(&p.y[0], 0) / 1e201 - 1) < 1e-14);
    put(&p.x[0], NUMBERS(0, 0, 0, 0));
    op_forward(&p);
    op_backward(&p);
    expect(&p.y[0], NUMBERS(0), 0);
    expect(&p.dx[0], NUMBERS(0, 0, 0, 0), 0);
    put(&p.x[0], NUMBERS(0, NAN, 0, 0));
    op_forward(&p);
    assert_true(isnan(op_get(&p.y[0], 0)));
    op_release(&p);
    /* five pixels in three windows: 0 to 1, 1 to 3, 3 to 4 */
    start(&p, "adaptiveavgpool", "1x3 ; 1x1x5");
    put(&p.x[0], NUMBERS(1, 2, 6, 4, 5));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(1.5, 4, 4.5), 1e-15);
    op_release(&p);
    for (int in = 1; in < 20; in++) /* the largest of their windows, and all */
        for (int out = 2; out < 20; out++) {
            char sample[64];
            fv_cost cost;
            int64_t most = 0, sum = 0;
            (void)snprintf(sample, sizeof sample, "1x%d ; 1x1x1x%d", out, in);
            start(&p, "adaptivemaxpool", sample);
            for (int o = 0; o < out; o++) {
                const int64_t size = ((o + 1) * in + out - 1) / out - o * in / out;
                most = size > most ? size : most;
                sum += size;
            }
            p.op->cost(&p.site, &cost);
            assert_true(cost.kernel_h == 1 && cost.kernel_w == most);
            assert_true(cost.connections == sum);
            op_release(&p);
        }
}

/* CS231n's notes on backpropagation: a neuron with weights 2, -3 and bias -3 sees -1 and -2. */
static void test_neuron_by_hand(void **state) {
    op_problem fc, sigmoid;
    (void)state;
    start(&fc, "fc", "1 ; 1x2");
    start(&sigmoid, "sigmoid", "; 1x1");
    put(&fc.x[0], NUMBERS(-1, -2));
    put(&fc.w[0], NUMBERS(2, -3));
    put(&fc.w[1], NUMBERS(-3));
    op_forward(&fc);
    expect(&fc.y[0], NUMBERS(1), 0);
    put(&sigmoid.x[0], NUMBERS(1));
    op_forward(&sigmoid);
    expect(&sigmoid.y[0], NUMBERS(0.73), 0.005);
    put(&sigmoid.dy[0], NUMBERS(1));
    op_backward(&sigmoid);
    put(&fc.dy[0], NUMBERS(op_get(&sigmoid.dx[0], 0)));
    op_backward(&fc);
    expect(&fc.dx[0], NUMBERS(0.39, -0.59), 0.005);
    expect(&fc.dw[0], NUMBERS(-0.20, -0.39), 0.005);
    expect(&fc.dw[1], NUMBERS(0.20), 0.005);
    op_release(&fc);
    op_release(&sigmoid);
}

/* CS231n's example for the softmax loss: scores 3.2, 5.1, -1.7 of a cat. */
static void test_losses_by_hand(void **state) {
    op_problem p;
    (void)state;
    start(&p, "softmax", "; 1x3");
    put(&p.x[0], NUMBERS(3.2, 5.1, -1.7));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(0.13, 0.87, 0.00), 0.005);
    op_release(&p);
    start(&p, "softmax", "; 2x2"); /* no overflow, and no 0/0 */
    put(&p.x[0], NUMBERS(1000, 999, -1000, -999));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(0.7311, 0.2689, 0.2689, 0.7311), 1e-4);
    op_release(&p);
    start(&p, "crossentropy", "; 1x3");
    put(&p.x[0], NUMBERS(3.2, 5.1, -1.7));
    put(&p.x[1], NUMBERS(0));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(2.04), 0.005);
    put(&p.dy[0], NUMBERS(1));
    op_backward(&p);
    expect(&p.dx[0], NUMBERS(0.13 - 1, 0.87, 0.00), 0.005);
    put(&p.x[0], NUMBERS(1000, 0, -1000)); /* no overflow */
    op_forward(&p);
    expect(&p.y[0], NUMBERS(0), 0);
    put(&p.x[1], NUMBERS(3)); /* no such class: no number, rather than one that looks right */
    op_forward(&p);
    assert_true(isnan(op_get(&p.y[0], 0)));
    op_release(&p);
    start(&p, "squarederror", "; 2x2");
    put(&p.x[0], NUMBERS(0.5, 0.5, 3, 1));
    put(&p.x[1], NUMBERS(0, 1));
    op_forward(&p); /* (0.25 + 0.25)/2 and (9 + 0)/2, their mean */
    expect(&p.y[0], NUMBERS((0.25 + 4.5) / 2), 1e-15);
    put(&p.x[1], NUMBERS(0, -1));
    op_forward(&p);
    assert_true(isnan(op_get(&p.y[0], 0)));
    op_release(&p);
}

/* Three pixels of two classes, of which nobody labelled the last; and numbers as a target. */
static void test_targets_by_hand(void **state) {
    op_problem p;
    const double ln2 = log(2), ln3 = log(3);
    (void)state;
    start(&p, "crossentropy", "ignore 2 ; 1x2x1x3");
    put(&p.x[0], NUMBERS(0, ln3, 5, 0, 0, 7));
    put(&p.x[1], NUMBERS(0, 1, 2));
    op_weigh(&p);
    assert_true(p.pass.divisor == 2);
    op_forward(&p); /* probabilities 1/2, 1/4 */
    expect(&p.y[0], NUMBERS((ln2 + 2 * ln2) / 2), 1e-15);
    put(&p.dy[0], NUMBERS(1));
    op_backward(&p);
    expect(&p.dx[0], NUMBERS(-0.25, 0.375, 0, 0.25, -0.375, 0), 1e-15);
    p.pass.divisor = 8; /* as a part of a larger batch: a quarter of the loss */
    op_forward(&p);
    expect(&p.y[0], NUMBERS(3 * ln2 / 8), 1e-15);
    put(&p.x[1],
        NUMBERS(2, 2, 2)); /* nothing counts: no loss, no gradient, no number that is none */
    op_weigh(&p);
    op_zero(&p.dx[0]);
    op_forward(&p);
    op_backward(&p);
    expect(&p.y[0], NUMBERS(0), 0);
    expect(&p.dx[0], NUMBERS(0, 0, 0, 0, 0, 0), 0);
    put(&p.x[1], NUMBERS(0, 3, 2)); /* no such class */
    op_weigh(&p);
    op_forward(&p);
    assert_true(isnan(op_get(&p.y[0], 0)));
    op_release(&p);
    start(&p, "squarederror", "target vector ; 2x2");
    put(&p.x[0], NUMBERS(1, 2, 0, 4));
    put(&p.x[1], NUMBERS(0, 2, 3, 4));
    op_forward(&p);
    expect(&p.y[0], NUMBERS((0.5 + 4.5) / 2), 1e-15);
    put(&p.dy[0], NUMBERS(1));
    op_backward(&p);
    expect(&p.dx[0], NUMBERS(0.5, 0, -1.5, 0), 1e-15);
    op_release(&p);
}

static void test_norms_by_hand(void **state) {
    op_problem p;
    (void)state;
    /* 1, 3, 5, 7: mean 4, variance 5; divided by one less, 20/3 */
    start(&p, "bn", "epsilon 1e-12 ; 4x1");
    put(&p.x[0], NUMBERS(1, 3, 5, 7));
    put(&p.w[0], NUMBERS(2));
    put(&p.w[1], NUMBERS(10));
    put(&p.w[2], NUMBERS(0));
    put(&p.w[3], NUMBERS(1));
    op_forward(&p);
    double s = 2 / sqrt(5);
    expect(&p.y[0], NUMBERS(10 - 3 * s, 10 - s, 10 + s, 10 + 3 * s), 1e-9);
    expect(&p.dw[2], NUMBERS(4), 1e-15); /* what was observed, and what follows it */
    expect(&p.dw[3], NUMBERS(20.0 / 3), 1e-15);
    op_follow(&p);
    expect(&p.w[2], NUMBERS(0.4), 1e-15);
    expect(&p.w[3], NUMBERS(0.9 + 0.1 * 20 / 3), 1e-15);
    p.pass.share = 0.25; /* a quarter of the whole batch: that much of it is added */
    op_forward(&p);
    expect(&p.dw[2], NUMBERS(4 + 1), 1e-15);
    expect(&p.dw[3], NUMBERS(1.25 * 20 / 3), 1e-14);
    p.pass.training = false; /* in inference: the running ones, and nothing is observed */
    put(&p.w[2], NUMBERS(1));
    put(&p.w[3], NUMBERS(4));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(10, 12, 14, 16), 1e-9);
    expect(&p.w[2], NUMBERS(1), 0);
    expect(&p.w[3], NUMBERS(4), 0);
    expect(&p.dw[2], NUMBERS(4 + 1), 1e-15);
    op_release(&p);
    /* a batch of one number: no variance to correct, and no division by zero */
    start(&p, "bn", "; 1x1");
    op_forward(&p);
    assert_true(isfinite(op_get(&p.y[0], 0)) && isfinite(op_get(&p.dw[3], 0)));
    op_release(&p);
    /* size 3, alpha 3, so s = 1 + sum of squares of the neighbours and oneself; beta 1 */
    start(&p, "lrn", "3 alpha 3 beta 1 ; 1x4");
    put(&p.x[0], NUMBERS(1, 2, 3, 4));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(1.0 / 6, 2.0 / 15, 3.0 / 30, 4.0 / 26), 1e-15);
    op_release(&p);
    /* within a channel, where the 3x3 pixels around the middle are all of it; alpha 9, so again the
       sum of squares */
    start(&p, "lrn", "3 alpha 9 beta 1 region within ; 1x1x1x3");
    put(&p.x[0], NUMBERS(1, 2, 3));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(1.0 / 6, 2.0 / 15, 3.0 / 14), 1e-15);
    op_release(&p);
}

/* 1, 3, 5, 7 have mean 4 and variance 5; 3 and 4 are sides of a triangle whose third is 5. */
static void test_sample_norms_by_hand(void **state) {
    const double s = 1 / sqrt(5);
    op_problem p;
    (void)state;
    start(&p, "groupnorm", "1 epsilon 1e-12 ; 1x2x2");
    put(&p.x[0], NUMBERS(1, 3, 5, 7));
    put(&p.w[0], NUMBERS(1, 2)); /* by channel */
    put(&p.w[1], NUMBERS(0, 10));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(-3 * s, -s, 10 + 2 * s, 10 + 6 * s), 1e-9);
    op_release(&p);
    start(&p, "instancenorm", "affine no epsilon 1e-12 ; 1x2x2");
    put(&p.x[0], NUMBERS(1, 3, 5, 9));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(-1, 1, -1, 1), 1e-9);
    op_release(&p);
    start(&p, "layernorm", "epsilon 1e-12 ; 1x4");
    put(&p.x[0], NUMBERS(1, 3, 5, 7));
    put(&p.w[0], NUMBERS(1, 2, 3, 4)); /* by number */
    put(&p.w[1], NUMBERS(0, 0, 0, 1));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(-3 * s, -2 * s, 3 * s, 1 + 12 * s), 1e-9);
    op_release(&p);
    start(&p, "meanvariance", "1 epsilon 1e-12 ; 1x4");
    put(&p.x[0], NUMBERS(2, 2, 2, 2)); /* no variance: no number that is none */
    op_forward(&p);
    op_backward(&p);
    expect(&p.y[0], NUMBERS(0, 0, 0, 0), 0);
    assert_true(isfinite(op_get(&p.dx[0], 0)));
    op_release(&p);
    start(&p, "l2norm", "; 1x2x2");
    put(&p.x[0], NUMBERS(3, 0, 4, 0));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(0.6, 0, 0.8, 0), 1e-15);
    op_release(&p);
    /* one number per channel, which always becomes 0 */
    start(&p, "instancenorm", "; 3x2x1x1");
    assert_true(p.op->trains(&p.ctx, &p.site) == FV_BAD_INPUT);
    op_release(&p);
}

/* A convolution with what fold made of its weights is the convolution and the bn behind it. */
static void test_fold(void **state) {
    static const char *const folds[] = {
        "; constant 4x3x2x2, constant 4, constant 4, constant 4, constant 4, constant positive 4",
        "; constant 4x3x2x2, constant 4, constant 4, constant 4, constant positive 4"};
    (void)state;
    for (int own = 0; own < 2; own++) {
        op_problem conv, bn, fold;
        start(&conv, "conv", own ? "4 2x2 bias no ; 2x3x4x5" : "4 2x2 ; 2x3x4x5");
        start(&bn, "bn", "epsilon 1e-12 ; 2x4x3x4");
        if (op_make(&fold, &fv__op_fold, folds[own], FV_F64, 0) != FV_OK)
            fail_msg("%s", fold.ctx.message);
        for (int k = 0; k < fold.site.inputs; k++) {
            const int layer = conv.site.params;
            const fv_tensor *from = k < layer ? &conv.w[k] : &bn.w[k - layer];
            for (int64_t i = 0; i < op_count(from); i++) op_set(&fold.x[k], i, op_get(from, i));
        }
        op_forward(&conv);
        for (int64_t i = 0; i < op_count(&bn.x[0]); i++) op_set(&bn.x[0], i, op_get(&conv.y[0], i));
        bn.pass.training = false;
        op_forward(&bn);
        op_forward(&fold);
        fv_tensor w[2] = {fold.y[0], fold.y[1]};
        conv.pass.w = w;
        conv.pass.params = 2;
        op_forward(&conv);
        for (int64_t i = 0; i < op_count(&bn.y[0]); i++)
            assert_true(fabs(op_get(&conv.y[0], i) - op_get(&bn.y[0], i)) < 1e-10);
        op_release(&conv);
        op_release(&bn);
        op_release(&fold);
    }
}

/* One activation at some points: its values, and its slopes there. */
static void check_curve(const char *op, const char *sample, const double *x, const double *y,
                        const double *slopes, double tolerance) {
    op_problem p;
    start(&p, op, sample);
    put(&p.x[0], x);
    op_forward(&p);
    expect(&p.y[0], y, tolerance);
    for (int64_t i = 0; i < op_count(&p.dy[0]); i++) op_set(&p.dy[0], i, 1);
    op_backward(&p);
    expect(&p.dx[0], slopes, tolerance);
    op_release(&p);
}

/* On both sides of every bend, and far away, where nothing may overflow. */
static void test_activations_by_hand(void **state) {
    (void)state;
    check_curve("hardswish", "; 1x6", NUMBERS(-4, -3, -1.5, 0, 1.5, 4),
                NUMBERS(0, 0, -0.375, 0, 1.125, 4), NUMBERS(0, 0, 0, 0.5, 1, 1), 1e-15);
    check_curve("hardsigmoid", "1/6 ; 1x5", NUMBERS(-4, -1.5, 0, 1.5, 4),
                NUMBERS(0, 0.25, 0.5, 0.75, 1), NUMBERS(0, 1. / 6, 1. / 6, 1. / 6, 0), 1e-15);
    check_curve("hardsigmoid", "; 1x4", NUMBERS(-2.5, -1, 1, 2.5), NUMBERS(0, 0.3, 0.7, 1),
                NUMBERS(0, 0.2, 0.2, 0), 1e-15);
    check_curve("clip", "0 6 ; 1x6", NUMBERS(-1, 0, 2, 5.5, 6, 9), NUMBERS(0, 0, 2, 5.5, 6, 6),
                NUMBERS(0, 0, 1, 1, 0, 0), 0);
    check_curve("clip", "min 1 max -1 ; 1x3", NUMBERS(-2, 0, 2), NUMBERS(-1, -1, -1),
                NUMBERS(0, 0, 0), 0); /* as in ONNX, the largest wins */
    check_curve("clip", "; 1x2", NUMBERS(-1e30, 1e30), NUMBERS(-1e30, 1e30), NUMBERS(1, 1), 0);
    check_curve("thresholdedrelu", "; 1x4", NUMBERS(-3, 0.9, 1, 1.5), NUMBERS(0, 0, 0, 1.5),
                NUMBERS(0, 0, 0, 1), 0);
    check_curve("thresholdedrelu", "-1 ; 1x3", NUMBERS(-2, -0.5, 0), NUMBERS(0, -0.5, 0),
                NUMBERS(0, 1, 1), 0);
    check_curve("softsign", "; 1x3", NUMBERS(-3, 0, 1), NUMBERS(-0.75, 0, 0.5),
                NUMBERS(0.0625, 1, 0.25), 1e-15);
    check_curve("softplus", "; 1x3", NUMBERS(-1000, 0, 1000), NUMBERS(0, log(2), 1000),
                NUMBERS(0, 0.5, 1), 1e-15);
    check_curve("selu", "; 1x3", NUMBERS(-1000, 0, 1), NUMBERS(-1.7580993408473766, 0, 1.05070098),
                NUMBERS(0, 1.7580993408473766, 1.05070098), 1e-8);
    check_curve("celu", "2 ; 1x3", NUMBERS(-1000, 0, 3), NUMBERS(-2, 0, 3), NUMBERS(0, 1, 1), 0);
    check_curve("silu", "; 1x3", NUMBERS(-1000, 0, 1000), NUMBERS(0, 0, 1000), NUMBERS(0, 0.5, 1),
                0);
    check_curve("mish", "; 1x3", NUMBERS(-1000, 0, 1000), NUMBERS(0, 0, 1000), NUMBERS(0, 0.6, 1),
                1e-15);
    /* Hendrycks & Gimpel 2016: the normal distribution at 1 is 0.8413 */
    check_curve("gelu", "; 1x4", NUMBERS(-1e200, 0, 1, 1e200), NUMBERS(0, 0, 0.841344746, 1e200),
                NUMBERS(0, 0.5, 1.083315471, 1), 1e-9);
    check_curve("gelu", "approximate tanh ; 1x4", NUMBERS(-1e200, 0, 1, 1e200),
                NUMBERS(0, 0, 0.8411919906, 1e200), NUMBERS(0, 0.5, 1.0829640838, 1), 1e-9);
}

/* He, Zhang, Ren & Sun 2015, equations 1 and 8. */
static void test_prelu_by_hand(void **state) {
    op_problem p;
    (void)state;
    start(&p, "prelu", "channels ; 2x2x1x2");
    assert_true(p.site.param[0].init == FV_INIT_VALUE && p.site.param[0].value == 0.25);
    put(&p.x[0], NUMBERS(-4, 2, -1, -2, 8, -8, 3, 0));
    put(&p.w[0], NUMBERS(0.25, -0.5));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(-1, 2, 0.5, 1, 8, -2, 3, 0), 0);
    put(&p.dy[0], NUMBERS(1, 1, 1, 2, 1, 3, 1, 5));
    op_backward(&p);
    expect(&p.dx[0], NUMBERS(0.25, 1, -0.5, -1, 1, 0.75, 1, -2.5), 0);
    expect(&p.dw[0], NUMBERS(-4 - 24, -1 - 4), 0);
    op_release(&p);
}

/* Along the other axes, and where two are equal or none is a number. */
static void test_axes_by_hand(void **state) {
    op_problem p;
    (void)state;
    start(&p, "softmax", "axis -1 ; 1x2x2");
    put(&p.x[0], NUMBERS(0, log(3), log(4), 0));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(0.25, 0.75, 0.8, 0.2), 1e-15);
    op_release(&p);
    start(&p, "softmax", "axis 0 ; constant 2x2");
    put(&p.x[0], NUMBERS(0, log(3), log(4), 0));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(0.2, 0.75, 0.8, 0.25), 1e-15);
    op_release(&p);
    start(&p, "logsoftmax", "; 1x2"); /* a probability too small for a number has a logarithm */
    put(&p.x[0], NUMBERS(0, 10000));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(-10000, 0), 0);
    op_release(&p);
    start(&p, "hardmax", "; 2x3");
    put(&p.x[0], NUMBERS(2, 5, 5, (double)NAN, 1, 2));
    op_forward(&p);
    assert_true(isnan(op_get(&p.y[0], 3)));
    op_set(&p.y[0], 3, 1);
    expect(&p.y[0], NUMBERS(0, 1, 0, 1, 0, 0), 0);
    op_release(&p);
}

/* LeCun, Bottou, Bengio & Haffner 1998, appendix A: f(1) = 1, f(-1) = -1; A is its limit. */
static void test_scaledtanh_by_hand(void **state) {
    op_problem p;
    (void)state;
    start(&p, "scaledtanh", "; 1x3");
    put(&p.x[0], NUMBERS(1, -1, 100));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(1, -1, 1.7159), 1e-4);
    op_release(&p);
}

static void test_shortcut_by_hand(void **state) {
    op_problem p;
    (void)state;
    start(&p, "shortcut", "4 2 ; 1x1x3x3"); /* 3 missing: one before, two behind */
    put(&p.x[0], NUMBERS(1, 2, 3, 4, 5, 6, 7, 8, 9));
    op_forward(&p);
    expect(&p.y[0], NUMBERS(0, 0, 0, 0, 1, 3, 7, 9, 0, 0, 0, 0, 0, 0, 0, 0), 0);
    op_release(&p);
}

/* Numbers of one operator on whole numbers or others, whatever its inputs are: as NumPy has them.
 */
static void compute(const char *op, const char *sample, const double *a, const double *b,
                    const double *y) {
    op_problem p;
    start(&p, op, sample);
    put(&p.x[0], a);
    if (b != NULL) put(&p.x[1], b);
    op_forward(&p);
    expect(&p.y[0], y, 1e-12);
    op_release(&p);
}

static void test_arithmetic_by_hand(void **state) {
    (void)state;
    const double *a = NUMBERS(7, -7, 7, -7, 5), *b = NUMBERS(3, 3, -3, -3, 0);
    const char *whole = "; below 9 1x5, below 9 1x5";
    compute("div", whole, a, b, NUMBERS(2, -2, -2, 2, 0));
    compute("mod", whole, a, b, NUMBERS(1, 2, -2, -1, 0));
    compute("mod", "fmod ; below 9 1x5, below 9 1x5", a, b, NUMBERS(1, -1, 1, -1, 0));
    compute("mod", "; 1x4, 1x4", a, b, NUMBERS(1, 2, -2, -1));
    compute("mod", "fmod ; 1x4, 1x4", a, b, NUMBERS(1, -1, 1, -1));
    const double *large = NUMBERS(2147483647, -2147483648.0, 65536);
    compute("sum", "; below 9 1x3, below 9 1x3", large, NUMBERS(1, -1, 1),
            NUMBERS(-2147483648.0, 2147483647, 65537));
    compute("mul", "; below 9 1x3, below 9 1x3", large, NUMBERS(2, -1, 65536),
            NUMBERS(-2, -2147483648.0, 0));
    compute("reducesum", "1 ; below 9 1x3", large, NULL, NUMBERS(65535));
    compute("round", "; 1x6", NUMBERS(0.5, 1.5, 2.5, -0.5, -1.5, 2.4), NULL,
            NUMBERS(0, 2, 2, 0, -2, 2));
    compute("cast", "int32 ; 1x6", NUMBERS(2.7, -2.7, 3e9, -3e9, (double)NAN, 0), NULL,
            NUMBERS(2, -2, 2147483647, -2147483648.0, 0, 0));
    compute("cast", "bool ; 1x3", NUMBERS(-0.5, 0, (double)NAN), NULL, NUMBERS(1, 0, 1));
    compute("argmax", "; 1x5", NUMBERS(1, 3, 2, 3, 0), NULL, NUMBERS(1));
    compute("argmax", "last ; 1x5", NUMBERS(1, 3, 2, 3, 0), NULL, NUMBERS(3));
    compute("argmin", "; 1x5", NUMBERS(1, (double)NAN, 0, (double)NAN, 2), NULL, NUMBERS(1));
    compute("reducelogsumexp", "1 ; 1x2", NUMBERS(1000, 1000), NULL, NUMBERS(1000 + log(2)));
    compute("reduceprod", "1 ; 1x3", NUMBERS(2, 0, 5), NULL, NUMBERS(0));
    compute("pow", "; 1x4, 1x4", NUMBERS(-2, 0, 4, 2), NUMBERS(3, 0, 0.5, -1),
            NUMBERS(-8, 1, 2, 0.5));
}

/* With one zero among them only its own factor matters; with two, none does. */
static void test_products_by_hand(void **state) {
    op_problem p;
    (void)state;
    start(&p, "reduceprod", "1 ; 2x3");
    put(&p.x[0], NUMBERS(2, 0, 5, 0, 0, 3));
    put(&p.dy[0], NUMBERS(1, 1));
    op_forward(&p);
    op_backward(&p);
    expect(&p.dx[0], NUMBERS(0, 10, 0, 0, 0, 0), 0);
    op_release(&p);
    compute("matmul", "; constant 2x2, constant 2x2", NUMBERS(1, 2, 3, 4), NUMBERS(5, 6, 7, 8),
            NUMBERS(19, 22, 43, 50));
}

static void test_dropout(void **state) {
    op_problem p, q;
    double mean = 0, kept = 0;
    int different = 0;
    (void)state;
    start(&p, "dropout", "0.3 ; 100x200");
    for (int64_t i = 0; i < op_count(&p.x[0]); i++) op_set(&p.x[0], i, 1);
    op_forward(&p);
    for (int64_t i = 0; i < op_count(&p.y[0]); i++) {
        double y = op_get(&p.y[0], i);
        assert_true(y == 0 || fabs(y - 1 / 0.7) < 1e-15);
        assert_true((y != 0) == (op_get(&p.saved[0], i) == 1));
        mean += y / 20000;
        kept += y != 0;
    }
    assert_true(fabs(kept / 20000 - 0.7) < 0.015 && fabs(mean - 1) < 0.02);
    /* another step, another mask; the same step, the same one, in batches of any size */
    start(&q, "dropout", "0.3 ; 50x400");
    for (int64_t i = 0; i < op_count(&q.x[0]); i++) op_set(&q.x[0], i, 1);
    op_forward(&q);
    for (int64_t i = 0; i < op_count(&p.y[0]); i++)
        assert_true(op_get(&p.y[0], i) == op_get(&q.y[0], i));
    q.pass.first = 10; /* a part of the batch that begins with sample 10: the masks from there on */
    op_forward(&q);
    for (int64_t i = 0; i < op_count(&p.y[0]) - 4000; i++)
        assert_true(op_get(&p.y[0], i + 4000) == op_get(&q.y[0], i));
    q.pass.first = 0;
    q.pass.random = fv__key(7, FV_STREAM_DROPOUT, 3, 12);
    op_forward(&q);
    for (int64_t i = 0; i < op_count(&p.y[0]); i++)
        different += op_get(&p.y[0], i) != op_get(&q.y[0], i);
    assert_true(different > 7000 && different < 9800); /* 2 * 0.3 * 0.7 of 20000 is 8400 */
    op_release(&p);
    op_release(&q);
}

/* A number that is none must be seen at the end, or nobody learns that it arose. What drops values
   may drop it; whole numbers and truth values cannot hold it, and what is the same for all samples
   does not read them. */
static void test_nan_passes(void **state) {
    (void)state;
    for (int i = 0; fv__ops[i] != NULL; i++)
        for (int training = 0; training < 2; training++) {
            op_problem p;
            bool seen = false;
            if (training && (fv__ops[i]->traits & FV_DROPS)) continue;
            start(&p, fv__ops[i]->name, fv__ops[i]->samples[0]);
            p.pass.training = training == 1;
            const bool reads = p.out_type[0].batched || !p.in_type[0].batched || p.op->target;
            const bool holds = reads && op_is_real(&p.x[0]) && op_is_real(&p.y[0]);
            if (holds) op_set(&p.x[0], 0, (double)NAN);
            op_forward(&p);
            for (int64_t k = 0; k < op_count(&p.y[0]); k++)
                seen = seen || isnan(op_get(&p.y[0], k));
            if (holds && !seen) fail_msg("%s loses a NaN", fv__ops[i]->name);
            op_release(&p);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_torch),
        cmocka_unit_test(test_conv_by_hand),
        cmocka_unit_test(test_pools_by_hand),
        cmocka_unit_test(test_neuron_by_hand),
        cmocka_unit_test(test_losses_by_hand),
        cmocka_unit_test(test_targets_by_hand),
        cmocka_unit_test(test_norms_by_hand),
        cmocka_unit_test(test_activations_by_hand),
        cmocka_unit_test(test_prelu_by_hand),
        cmocka_unit_test(test_axes_by_hand),
        cmocka_unit_test(test_sample_norms_by_hand),
        cmocka_unit_test(test_unpooling_by_hand),
        cmocka_unit_test(test_other_pools_by_hand),
        cmocka_unit_test(test_scaledtanh_by_hand),
        cmocka_unit_test(test_shortcut_by_hand),
        cmocka_unit_test(test_arithmetic_by_hand),
        cmocka_unit_test(test_products_by_hand),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_nan_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
