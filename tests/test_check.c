/* SPDX-License-Identifier: MIT */
/*
 * The gradient check: right networks pass to 1e-7, and one flipped sign in the backward of any
 * operator is found and the operator named.
 */
#include "fovea.h"
#include "lang/lang.h"
#include "train/gradient_check.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* All kinds of operators, and after them the activations that are left. */
static const char all[] =
    "net all\ninput 3x13x13\n"
    " conv 6 3x3 - bn - relu - maxpool 3x3 stride 2 - lrn 3 - shortcut 8 stride 1 - leakyrelu 0.2\n"
    " - concat { conv 4 3x3 pad 1 groups 2 - elu | avgpool 3x3 stride 1 pad 1 | identity }\n"
    " - maxout 2 - add { conv 10 1x1 bias no - sigmoid | dropout 0.3 } - scaledtanh\n"
    " - concat { globalmaxpool | globalavgpool } - flatten - fc 9 - tanh - fc 6 - softmax - fc 5\n";

static const char curves[] =
    "net curves\ninput 2x7x7\n"
    " conv 4 3x3 - prelu channels - gelu - conv 4 1x1 - clip -1 1 - hardsigmoid 1/6 - mish - silu\n"
    " - conv 4 1x1 - selu - softplus 2 - thresholdedrelu 0.1 - hardswish - celu - softsign - "
    "prelu\n"
    " - gelu approximate tanh - softmax axis -1 - fc 5 - logsoftmax\n";

static fv_context *new_context(void) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    return ctx;
}

static fv_graph *build(fv_context *ctx, const char *name, const char *text) {
    fv_graph *net;
    const fv_status status = text
                                 ? fv__net_parse(ctx, name, text, strlen(text), NULL, 0, &net, NULL)
                                 : fv__net_find(ctx, name, NULL, 0, &net, NULL);
    if (status != FV_OK) print_error("%s\n", ctx->message);
    assert_int_equal(status, FV_OK);
    return net;
}

static const fv_check_options options = {.batch = 2, .points = 4, .tolerance = 1e-7, .seed = 3};

static void passes(const char *name, const char *text, int64_t points) {
    fv_context *ctx = new_context();
    fv_graph *net = build(ctx, name, text);
    fv_check_report report;
    fv_check_options mine = options;
    mine.points = points;
    const fv_status status = fv__gradients_check(ctx, net, NULL, &mine, NULL, NULL, &report);
    if (status != FV_OK) print_error("%s\n", ctx->message);
    assert_int_equal(status, FV_OK);
    assert_true(report.worst <= 1e-7);
    int64_t tried = 0, skipped = 0;
    for (size_t i = 0; i < report.count; i++) {
        tried += report.rows[i].tried;
        skipped += report.rows[i].skipped;
    }
    print_message("%s: %zu gradients, worst %.1e, %lld tried, %lld skipped\n", name, report.count,
                  report.worst, (long long)tried, (long long)skipped);
    assert_true(skipped * 10 <= tried);
    fv__gradients_free(&report);
    fv__net_free(net);
    fv_context_free(ctx);
}

static void test_lenet5(void **unused) {
    (void)unused;
    passes("lenet5", NULL, 6);
}

static void test_all_operators(void **unused) {
    (void)unused;
    passes("all", all, 4);
    passes("curves", curves, 4);
}

static void test_small_resnet(void **unused) {
    (void)unused;
    passes(
        "resnet",
        "net resnet\nblock basic(k, s = 1) = add { conv k 3x3 stride s pad 1 bias no - bn - relu\n"
        " - conv k 3x3 pad 1 bias no - bn | if s == 1 and k == channels then identity else\n"
        " (conv k 1x1 stride s bias no - bn) } - relu\n"
        "input 3x12x12\n conv 6 3x3 pad 1 bias no - bn - relu - basic(6) - basic(10, 2)\n"
        " - globalavgpool - fc 5 - softmax\n",
        4);
}

static void test_dense_block(void **unused) {
    (void)unused;
    passes("dense",
           "net dense\nblock dense(k) = concat { identity | bn - relu - conv 4*k 1x1 bias no - bn\n"
           " - relu - conv k 3x3 pad 1 bias no }\n"
           "input 3x8x8\n conv 4 3x3 pad 1 - dense(3)*3 - bn - relu - globalavgpool - fc 5 - "
           "softmax\n",
           4);
}

/* Exactly at a kink or a tie there is no derivative; the check must see that and skip. */
static void test_kinks_are_recognised(void **unused) {
    (void)unused;
    fv_context *ctx = new_context();
    /* relu of a constant 0: the convolution has no bias and meets nothing but padding's zeros after
       a relu that lets nothing through */
    fv_graph *net =
        build(ctx, "kink",
              "net kink\ninput 1x6x6\n relu - shortcut 3 stride 1 - relu - maxpool 2 - fc 3\n"
              " - softmax\n");
    fv_check_report report;
    assert_int_equal(fv__gradients_check(ctx, net, NULL, &options, NULL, NULL, &report), FV_OK);
    int64_t skipped = 0;
    for (size_t i = 0; i < report.count; i++) skipped += report.rows[i].skipped;
    assert_true(skipped > 0);
    fv__gradients_free(&report);
    fv__net_free(net);
    fv_context_free(ctx);
}

/* The operator whose backward the next function spoils, and what of it. */
static const fv_op *victim;
static int spoiled_input, spoiled_param;

static void flip(fv_tensor *t, double *before) {
    const int64_t count = fv__shape_count(&t->shape);
    for (int64_t i = 0; i < count; i++) {
        double *v = (double *)t->data + i;
        *v = 2 * before[i] - *v; /* what was added now counts the other way */
    }
    free(before);
}

static double *copy(const fv_tensor *t) {
    const size_t bytes = (size_t)fv__shape_count(&t->shape) * sizeof(double);
    double *c = malloc(bytes);
    memcpy(c, t->data, bytes);
    return c;
}

static void spoiled_backward(const fv_pass *p) {
    fv_tensor *t = spoiled_param >= 0 ? &p->dw[spoiled_param] : &p->dx[spoiled_input];
    double *before = t->data ? copy(t) : NULL;
    victim->backward[1](p);
    if (before) flip(t, before);
}

static void expect_named(fv_context *ctx, fv_graph *net, size_t n) {
    fv_check_report report;
    const fv_status status = fv__gradients_check(ctx, net, NULL, &options, NULL, NULL, &report);
    if (status != FV_DIFFERS)
        print_error("a flipped sign in %s (input %d, parameter %d) was not found\n", victim->name,
                    spoiled_input, spoiled_param);
    assert_int_equal(status, FV_DIFFERS);
    assert_non_null(report.culprit_op);
    assert_string_equal(report.culprit_op, victim->name);
    assert_string_equal(report.culprit, net->nodes[n].name);
    assert_non_null(strstr(ctx->message, victim->name));
    fv__gradients_free(&report);
}

static void test_every_flipped_sign_is_found(void **unused) {
    (void)unused;
    fv_context *ctx = new_context();
    fv_graph *net = build(ctx, "all", all);
    int found = 0;
    for (size_t n = 0; n < net->node_count; n++) {
        fv_node *node = &net->nodes[n];
        fv_op broken = *node->op;
        victim = node->op;
        broken.backward[1] = spoiled_backward;
        node->op = &broken;
        for (int i = 0; i < node->inputs; i++) {
            if (node->in[i] == 0) continue; /* nobody asks for the image's gradient */
            spoiled_input = i;
            spoiled_param = -1;
            expect_named(ctx, net, n);
            found++;
        }
        for (int p = 0; p < node->params; p++) {
            if (!net->params[node->param[p]].spec.learned) continue;
            spoiled_param = p;
            expect_named(ctx, net, n);
            found++;
        }
        node->op = victim;
    }
    print_message("%d flipped signs, all found\n", found);
    assert_true(found > 35);
    fv__net_free(net);
    fv_context_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lenet5),
        cmocka_unit_test(test_all_operators),
        cmocka_unit_test(test_small_resnet),
        cmocka_unit_test(test_dense_block),
        cmocka_unit_test(test_kinks_are_recognised),
        cmocka_unit_test(test_every_flipped_sign_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
