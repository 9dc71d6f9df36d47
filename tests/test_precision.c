/* SPDX-License-Identifier: MIT */
/*
 * How far a layer in float32 is from the same layer in double, as plans compute it: the relative
 * error of all its numbers together, on images as a ReLU leaves them, for every set of
 * instructions. The promise is contract.h's; bench_cpu holds every implementation to it.
 */
#include "carry.h"
#include "contract.h"

#include "kern/kern.h"

/* Half of an image is zeros. */
static float pixel(int64_t i) {
    const double v = normal(1, i);
    return v > 0 ? (float)v : 0;
}

/* The layer's output in inference, in a block of doubles for the caller to free. */
static double *output_of(const fv_graph *net, bool exact, int64_t *count) {
    const fv_plan_options options = {
        .batch = 1, .dtype = exact ? FV_F64 : FV_F32, .reference = exact};
    const size_t weights = (size_t)net->param_elements + 1;
    float *fresh = aligned_alloc(64, (weights * sizeof *fresh + 63) / 64 * 64);
    double *wide = aligned_alloc(64, (weights * sizeof *wide + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, fresh);
    for (size_t i = 0; i < weights; i++) wide[i] = (double)fresh[i];
    fv_plan *plan;
    fv_exec *exec;
    must(fv__plan_new(ctx, net, &options, &plan));
    must(fv__exec_new(ctx, plan,
                      &(fv_exec_options){.weights = exact ? (void *)wide : (void *)fresh}, &exec));
    const fv_tensor x = fv__exec_value(exec, 0);
    for (int64_t i = 0; i < fv__shape_count(&x.shape); i++) {
        if (exact)
            ((double *)x.data)[i] = (double)pixel(i);
        else
            ((float *)x.data)[i] = pixel(i);
    }
    fv__exec_forward(exec, &(fv_exec_run){0}, NULL);
    const fv_tensor y = fv__exec_value(exec, net->heads[0].value);
    *count = fv__shape_count(&y.shape);
    double *out = calloc((size_t)*count, sizeof *out);
    for (int64_t i = 0; i < *count; i++)
        out[i] = exact ? ((double *)y.data)[i] : (double)((float *)y.data)[i];
    fv__exec_free(exec);
    fv__plan_free(plan);
    free(fresh);
    free(wide);
    return out;
}

static void check_layer(const char *text) {
    const double most = contract_bound(FV_PRECISION_FP32, 0);
    int64_t count;
    fv_graph *net = parse(text);
    double *exact = output_of(net, true, &count);
    for (int isa = 0; isa < FV_ISAS; isa++) {
        if (!fv__isa_supported(isa)) continue;
        ctx->isa = isa;
        double *got = output_of(net, false, &count), gap = 0, norm = 0;
        for (int64_t i = 0; i < count; i++) {
            gap += (got[i] - exact[i]) * (got[i] - exact[i]);
            norm += exact[i] * exact[i];
        }
        if (!(gap <= most * most * norm))
            fail_msg("%s (%s) is off by %.2e, more than %.0e", text, fv__isa_name(isa),
                     sqrt(gap / norm), most);
        free(got);
    }
    ctx->isa = fv__isa_best();
    free(exact);
    fv__net_free(net);
}

static void test_layers(void **state) {
    (void)state;
    check_layer("input 64x28x28\nconv 16 3x3 pad 1\n");
    check_layer("input 512x14x14\nconv 16 3x3 pad 1\n");
    check_layer("input 512x14x14\nconv 16 3x3 stride 2 pad 1\n");
    check_layer("input 512x14x14\nconv 16 1x1\n");
    check_layer("input 512x7x7\nfc 16\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_layers)};
    return cmocka_run_group_tests(tests, open_context, close_context);
}
