/* SPDX-License-Identifier: MIT */
/*
 * Layers of a network by products of bf16 pairs, in plain C: within the error that their contract
 * promises, with what is not finite where it belongs, with what comes before them to the same bits,
 * and refused in words where the contract does not allow them. The products: test_pairs.c.
 */
#include "carry.h"

#include "base/text.h"
#include "contract.h"
#include "cpu/cpu.h"
#include "kern/pairs_plain.h"

static const fv_kernels *plain_tiles(int isa, fv_kernels *table) {
    fv__kernels(isa, table);
    fv__fill_plain_tiles(table);
    table->form.direct = table->form.winograd = 0; /* whatever is faster: they are to take it */
    return table;
}

static const fv_kernels *plain_dots(int isa, fv_kernels *table) {
    fv__kernels(isa, table);
    fv__fill_plain_dots(table);
    table->form.direct = table->form.winograd = 0;
    return table;
}

/* Which products, for which contract. */
typedef struct way {
    const char *name;
    const fv_kernels *(*kernels)(int isa, fv_kernels *table);
    fv_precision precision;
} way;

static const way ways[] = {{"tiles, fp32", plain_tiles, FV_PRECISION_FP32},
                           {"tiles, bf16", plain_tiles, FV_PRECISION_BF16},
                           {"dots, bf16", plain_dots, FV_PRECISION_BF16}};
enum { WAYS = sizeof ways / sizeof *ways };

/* Half of an image is zeros, as a ReLU leaves it. */
static double pixel(int64_t i) {
    const double v = normal(1, i);
    return v > 0 ? v : 0;
}

static bool keeps;   /* every value, so that nothing is joined */
static bool shifted; /* weights, so that a normalisation does something */

/* The layer's output, exact (way NULL) or by that way, for the caller to free. `spoil`: some pixels
   are not finite. */
static double *output_of(const fv_graph *net, const way *w, bool spoil, int64_t *count,
                         fv_text *trace) {
    fv_device device = fv__cpu_device;
    if (w) device.kernels = w->kernels;
    const fv_plan_options options = {.batch = 2,
                                     .dtype = w ? FV_F32 : FV_F64,
                                     .reference = !w,
                                     .keep_values = keeps,
                                     .device = &device};
    const size_t weights = (size_t)net->param_elements + 1;
    float *fresh = calloc(weights, sizeof *fresh);
    double *wide = calloc(weights, sizeof *wide);
    fv__net_initialise(net, FV_HE, 3, fresh);
    for (size_t i = 0; shifted && i < weights; i++)
        fresh[i] += 0.1f * (float)fabs(normal(9, (int64_t)i));
    for (size_t i = 0; i < weights; i++) wide[i] = (double)fresh[i];
    fv_plan *plan;
    fv_exec *exec;
    ctx->precision = w ? (int)w->precision : 0;
    must(fv__plan_new(ctx, net, &options, &plan));
    ctx->precision = 0;
    if (trace) must(fv__plan_trace(ctx, plan, true, trace));
    const fv_exec_options with = {.weights = w ? (void *)fresh : (void *)wide};
    must(fv__exec_new(ctx, plan, &with, &exec));
    const fv_tensor x = fv__exec_value(exec, 0);
    for (int64_t i = 0; i < fv__shape_count(&x.shape); i++) {
        const double v = !spoil || i % 977 ? pixel(i) : i % 2 ? INFINITY : NAN;
        if (w)
            ((float *)x.data)[i] = (float)v;
        else
            ((double *)x.data)[i] = (double)(float)v;
    }
    fv__exec_forward(exec, &(fv_exec_run){0}, NULL);
    const fv_tensor y = fv__exec_value(exec, net->heads[0].value);
    *count = fv__shape_count(&y.shape);
    double *out = calloc((size_t)*count, sizeof *out);
    for (int64_t i = 0; i < *count; i++)
        out[i] = w ? (double)((float *)y.data)[i] : ((double *)y.data)[i];
    fv__exec_free(exec);
    fv__plan_free(plan);
    free(fresh);
    free(wide);
    return out;
}

static void check_layer(const char *text) {
    int64_t count;
    fv_graph *net = parse(text);
    double *want = output_of(net, NULL, false, &count, NULL);
    for (int i = 0; i < WAYS; i++) {
        fv_text trace = {0};
        double *got = output_of(net, &ways[i], false, &count, &trace), gap = 0, norm = 0;
        for (int64_t j = 0; j < count; j++) {
            gap += (got[j] - want[j]) * (got[j] - want[j]);
            norm += want[j] * want[j];
        }
        print_message("%s: %s %.2e\n", text, ways[i].name, sqrt(gap / norm));
        if (!strstr(trace.data, " pairs") || strstr(trace.data, "pairs: ")) /* refused */
            fail_msg("%s, %s: %s", text, ways[i].name, trace.data);
        const double most = contract_bound(ways[i].precision, 0);
        if (!(gap <= most * most * norm))
            fail_msg("%s, %s: off by %.2e", text, ways[i].name, sqrt(gap / norm));
        fv__text_free(&trace);
        free(got);
    }
    free(want);
    fv__net_free(net);
}

static void test_layers(void **state) {
    (void)state;
    check_layer("input 48x14x14\nconv 48 3x3 pad 1\n");
    check_layer("input 512x7x7\nconv 24 3x3 pad 1\n");
    check_layer("input 256x14x14\nconv 104 1x1\n");
    check_layer("input 64x15x15\nconv 128 3x3 stride 2 pad 1\n");
    check_layer("input 32x12x12\nconv 32 5x5 pad 2\n");
    check_layer("input 128x40x60\nconv 64 1x1\n"); /* bands of unequal height */
    check_layer("input 64x70x120\nconv 64 3x3 stride 2 pad 1\n");
    check_layer("input 3x39x39\nconv 64 7x7 stride 2 pad 3\n");
    check_layer("input 3x20x20\nconv 64 3x3 pad 1\n");
}

/* What is not finite comes out where it belongs, and nowhere else: an infinite number is met by no
   part of a product that makes it none. */
static void test_not_finite(void **state) {
    int64_t count, infinite = 0, none = 0;
    fv_graph *net = parse("input 24x13x17\nconv 20 5x5 pad 2\n");
    double *want = output_of(net, NULL, true, &count, NULL);
    (void)state;
    for (int i = 0; i < WAYS; i++) {
        double *got = output_of(net, &ways[i], true, &count, NULL);
        for (int64_t j = 0; j < count; j++) {
            infinite += isinf(want[j]) != 0;
            none += isnan(want[j]) != 0;
            if (isnan(want[j]) != isnan(got[j]) || isinf(want[j]) != isinf(got[j]))
                fail_msg("%s: number %lld is %g, expected %g", ways[i].name, (long long)j, got[j],
                         want[j]);
        }
        free(got);
    }
    assert_true(infinite > 100 && none > 100);
    free(want);
    fv__net_free(net);
}

/* A batch normalisation and a relu in front, applied while pairs are made, or written for itself:
   the same bits. */
static void test_before(void **state) {
    static const char *const nets[] = {"input 24x13x17\nbn - relu - conv 20 3x3 pad 1\n",
                                       "input 32x14x14\nbn - conv 40 1x1 pad 1\n",
                                       "input 5x21x21\nbn - relu - conv 32 5x5 stride 2 pad 2\n"};
    (void)state;
    shifted = true;
    for (int n = 0; n < 3; n++) {
        fv_graph *net = parse(nets[n]);
        for (int i = 0; i < WAYS; i++) {
            int64_t count;
            fv_text trace = {0};
            double *joined = output_of(net, &ways[i], false, &count, &trace);
            if (!strstr(trace.data, "prologue: ")) fail_msg("%s: %s", ways[i].name, trace.data);
            fv__text_free(&trace);
            keeps = true;
            double *apart = output_of(net, &ways[i], false, &count, NULL);
            keeps = false;
            for (int64_t j = 0; j < count; j++)
                if (joined[j] != apart[j])
                    fail_msg("%s, %s: %g and %g", nets[n], ways[i].name, joined[j], apart[j]);
            free(joined);
            free(apart);
        }
        fv__net_free(net);
    }
    shifted = false;
}

/* Who refuses by contract, in words. */
static void test_contracts(void **state) {
    (void)state;
    static const way strict = {"strict", plain_tiles, FV_PRECISION_STRICT};
    static const way dots = {"dots, fp32", plain_dots, FV_PRECISION_FP32};
    fv_graph *net = parse("input 32x20x20\nconv 32 3x3 pad 1\n");
    int64_t count;
    fv_text trace = {0};
    free(output_of(net, &strict, false, &count, &trace));
    assert_non_null(strstr(trace.data, "pairs: strict does not allow bfloat16"));
    assert_non_null(strstr(trace.data, "winograd: tiles of 4x4 pixels double the rounding errors"));
    fv__text_free(&trace);
    trace = (fv_text){0};
    free(output_of(net, &dots, false, &count, &trace));
    assert_non_null(strstr(trace.data, "pairs: three products of bf16 pairs take longer"));
    fv__text_free(&trace);
    fv__net_free(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers), cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_before), cmocka_unit_test(test_contracts)};
    return cmocka_run_group_tests(tests, open_context, close_context);
}
