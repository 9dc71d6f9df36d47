/* SPDX-License-Identifier: MIT */
/*
 * Averages and sums over large maps: of equal numbers, which round to one side each time they are
 * added, the average is that number, to 1e-6 of it; in the reference loops, in every kernel and in
 * every layout, and to the same bits on any number of threads.
 */
#include "cpu/blocked.h"
#include "cpu/conv_sizes.h"
#include "lang/lang.h"
#include "op_problem.h"
#include "plan/plan_internal.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LIMIT 1e-6

static const float alike[] = {1, 0.1f, 0.77f, -0.3f};
#define ALIKE (int)(sizeof alike / sizeof *alike)

static void near(const char *what, double got, double want) {
    if (!(fabs(got - want) <= LIMIT * fabs(want)))
        print_error("%s: %.9g instead of %.9g\n", what, got, want);
    assert_true(fabs(got - want) <= LIMIT * fabs(want));
}

static void must(const fv_context *ctx, fv_status status) {
    if (status != FV_OK) print_error("%s\n", ctx->message);
    assert_int_equal(status, FV_OK);
}

/* -------------------------------------------------------------------------------- kernels --- */

static void check_sums(const fv_kernels *k, int64_t n, float v, float *x, float *dy) {
    const double m = (double)n, mean = (double)v / 2, off = (double)v - (double)(float)mean;
    float sums[2];
    for (int64_t i = 0; i < n; i++) {
        x[i] = v;
        dy[i] = 0.3f;
    }
    near(k->name, (double)k->sum(n, x), m * (double)v);
    near(k->name, (double)k->square_sum(n, x, (float)mean), m * off * off);
    k->bn_sums(n, x, dy, (float)mean, sums);
    near(k->name, (double)sums[0], m * (double)0.3f);
    near(k->name, (double)sums[1], m * (double)0.3f * off);
}

static void test_kernels(void **unused) {
    static const int64_t lengths[] = {97, 513, 1000, 65539, 4096 * 1024 + 1};
    const size_t most = sizeof(float) * (4096 * 1024 + 1);
    float *x = malloc(most), *dy = malloc(most);
    fv_kernels table;
    (void)unused;
    assert_true(x && dy);
    for (int isa = 0; isa <= fv__isa_best(); isa++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            for (int v = 0; v < ALIKE; v++)
                check_sums(fv__kernels(isa, &table), lengths[i], alike[v], x, dy);
    free(x);
    free(dy);
}

/* ------------------------------------------------------------------------ reference loops --- */

static void fill_alike(const fv_tensor *t, float v) {
    for (int64_t i = 0; i < op_count(t); i++) op_set(t, i, (double)v);
}

/* Output 0 is the number that all inputs are; gradients are sums of dy = 0.3. */
static void check_reference(const char *op, const char *sample, float v) {
    op_problem p;
    must(&p.ctx, op_make(&p, fv__op_find(op), sample, FV_F32, 0));
    fill_alike(&p.x[0], v);
    op_forward(&p);
    near(op, op_get(&p.y[0], 0), (double)v);
    op_release(&p);
}

static void test_reference(void **unused) {
    (void)unused;
    for (int v = 0; v < ALIKE; v++) {
        check_reference("globalavgpool", "; 1x1x2048x2048", alike[v]);
        check_reference("avgpool", "1500x2000 stride 2048 ; 1x1x2048x2048", alike[v]);
        check_reference("avgpool", "9 ; 1x1x9x9", alike[v]);
    }
}

/* The gradients of a convolution's weights and biases are sums over the map as well. */
static void test_reference_gradients(void **unused) {
    op_problem p;
    (void)unused;
    must(&p.ctx, op_make(&p, fv__op_find("conv"), "1 1x1 ; 1x1x1500x1500", FV_F32, 0));
    fill_alike(&p.x[0], 0.77f);
    fill_alike(&p.dy[0], 0.3f);
    op_forward(&p);
    op_backward(&p);
    near("weight", op_get(&p.dw[0], 0), 1500.0 * 1500 * (double)0.3f * (double)0.77f);
    near("bias", op_get(&p.dw[1], 0), 1500.0 * 1500 * (double)0.3f);
    op_release(&p);
}

/* ---------------------------------------------------------------------------------- plans --- */

/* Element 0 of what the network makes of an image of equal numbers. */
static double answer(int threads, const char *text, float v) {
    fv_context *ctx;
    fv_graph *net;
    fv_plan *plan;
    fv_exec *exec;
    assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
    must(ctx, fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net, NULL));
    must(ctx, fv__plan_new(ctx, net, &(fv_plan_options){.batch = 1}, &plan));
    must(ctx, fv__exec_new(ctx, plan, &(fv_exec_options){0}, &exec));
    const int64_t count = fv__shape_sample(&net->values[0].shape);
    float *x = malloc((size_t)count * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < count; i++) x[i] = v;
    fv__exec_write(exec, 0, x);
    fv__exec_forward(exec, &(fv_exec_run){.seed = 1}, NULL);
    const fv_tensor y = fv__exec_value(exec, net->heads[0].value);
    const double first = op_get(&y, 0);
    free(x);
    fv__exec_free(exec);
    fv__plan_free(plan);
    fv__net_free(net);
    fv_context_free(ctx);
    return first;
}

static void test_averages(void **unused) {
    static const char *const texts[] = {
        "net t\ninput 1x2048x2048\n  globalavgpool\n",
        "net t\ninput 1x2048x2048\n  avgpool 2048\n",
        "net t\ninput 1x1100x1200\n  avgpool 1000x900 stride 99 pad 3 count_pad no\n",
        "net t\ninput 1x160x160\n  avgpool 16 stride 1\n",
        "net t\ninput 1x1000x1000\n  avgpool 17x2 stride 3\n",
        "net t\ninput 1x1000x1000\n  avgpool 1x1000\n",
    };
    (void)unused;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (int v = 0; v < ALIKE; v++) {
            const double one = answer(1, texts[t], alike[v]);
            const double two = answer(2, texts[t], alike[v]);
            near(texts[t], one, (double)alike[v]);
            assert_true(one == two);
        }
}

/* ----------------------------------------------------------------------- implementations --- */

#define SIDE 1024

/* A problem in blocks or not, its x alternately 0.1 and 0.3 along the pixels and its dy 0.3. */
static void make_map(op_problem *p, const char *op, const char *options, bool blocked,
                     const fv_kernels *kernels) {
    char sample[64];
    snprintf(sample, sizeof sample, "%s; 1x%dx%dx%d", options, blocked ? FV_BLOCK : 1, SIDE, SIDE);
    must(&p->ctx, op_read_sample(p, fv__op_find(op), sample));
    p->in_layout[0] = p->out_layout[0] = blocked ? FV_BLOCK16 : FV_PLAIN;
    must(&p->ctx, op_build(p, FV_F32, 0));
    p->pass.kernels = kernels;
    float *x = p->x[0].data, *dy = p->dy[0].data;
    for (int64_t i = 0; i < op_count(&p->x[0]); i++)
        x[i] = (blocked ? i / FV_BLOCK : i) % 2 ? 0.3f : 0.1f;
    for (int64_t i = 0; i < op_count(&p->dy[0]); i++) dy[i] = 0.3f;
}

static void check_bn(const fv_impl *forward, const fv_impl *backward, bool blocked,
                     const fv_kernels *kernels) {
    const double low = (double)0.1f, high = (double)0.3f, mean = (low + high) / 2;
    const double m = (double)SIDE * SIDE, d = (high - low) / 2;
    op_problem p;
    make_map(&p, "bn", "", blocked, kernels);
    forward->run(&p.pass);
    near("mean", op_get(&p.dw[2], 0), mean);
    near("variance", op_get(&p.dw[3], 0), d * d * m / (m - 1));
    /* xhat is -1 and 1 in turn; where dy is larger at the second, so is dw. */
    float *dy = p.dy[0].data;
    for (int64_t i = 0; i < op_count(&p.dy[0]); i++)
        dy[i] = (blocked ? i / FV_BLOCK : i) % 2 ? 0.3f : 0;
    backward->run(&p.pass);
    near("bias", op_get(&p.dw[1], 0), m / 2 * (double)0.3f);
    near("weight", op_get(&p.dw[0], 0), m / 2 * (double)0.3f * d / sqrt(d * d + 1e-5));
    op_release(&p);
}

static void test_bn(void **unused) {
    fv_kernels table;
    (void)unused;
    for (int isa = 0; isa <= fv__isa_best(); isa++)
        check_bn(&fv__cpu_bn_vector_forward, &fv__cpu_bn_vector_backward, false,
                 fv__kernels(isa, &table));
    check_bn(&fv__cpu_bn_blocked_forward, &fv__cpu_bn_blocked_backward, true,
             fv__kernels(fv__isa_best(), &table));
}

/* The gradients of a convolution; in blocks its weights' are sums over pixels as well. */
static void test_conv(void **unused) {
    fv_kernels table;
    const double m = (double)SIDE * SIDE;
    (void)unused;
    for (int blocked = 0; blocked < 2; blocked++) {
        op_problem p;
        make_map(&p, "conv", blocked ? "16 1x1" : "1 1x1", blocked,
                 fv__kernels(fv__isa_best(), &table));
        void *const dx = p.dx[0].data;
        p.dx[0].data = NULL; /* not wanted */
        if (blocked) {
            fv__cpu_conv_blocked_backward.run(&p.pass);
            near("weight", op_get(&p.dw[0], 0),
                 m / 2 * (double)0.3f * ((double)0.1f + (double)0.3f));
        } else {
            fv__cpu_conv_bias(&p.pass);
        }
        near("bias", op_get(&p.dw[1], 0), m * (double)0.3f);
        p.dx[0].data = dx;
        op_release(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernels),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_reference_gradients),
        cmocka_unit_test(test_averages),
        cmocka_unit_test(test_bn),
        cmocka_unit_test(test_conv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
