/* SPDX-License-Identifier: MIT */
/*
 * A batch in groups of samples (plan/groups.c): whatever the groups, the results are those of each
 * sample by itself. Networks with every way in which values cross from one segment into another
 * are run with more and less room for maps, against the whole batch at once.
 */
#include "fovea.h"
#include "lang/lang.h"
#include "plan/plan_internal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BATCH 12

static const char *const texts[] = {
    /* maps that shrink, weights that grow */
    "net shrink\ninput 3x16x16\n conv 8 3x3 pad 1 - relu - maxpool 2 - conv 12 3x3 pad 1 - bn\n"
    " - relu - maxpool 2 - conv 16 3x3 - flatten - fc 40 - tanh - fc 300 - softmax\n",
    /* what is read again further on, in sums and joins; several heads; the input too */
    "net far\ninput 2x12x12\n conv 6 3x3 pad 1 - relu as early - avgpool 2 as half - concat {\n"
    " identity | conv 4 1x1 - relu | from early - maxpool 2 } - conv 6 3x3 pad 1 - add { identity\n"
    " | from half } - relu - globalavgpool as all - fc 200 - add { identity | from all - fc 200 }\n"
    " - softmax\nhead side from half - fc 4\nhead image from early - conv 1 1x1\n",
    /* from small maps to large ones */
    "net grow\ninput 8x4x4\n conv 16 3x3 pad 1 - relu - upsample 2 - conv 6 3x3 pad 1 - relu\n"
    " - convtranspose 4 4x4 stride 2 pad 1 - conv 2 1x1 - sigmoid\n",
    /* sums that lie over their shortcuts; one is read again further on */
    "net narrow\nblock narrow(k) = add { identity | conv 4 1x1 - relu - conv k 1x1 } - relu\n"
    "input 3x16x16\n conv 8 3x3 pad 1 - narrow(8)*2 as kept - narrow(8) - add { identity | from "
    "kept\n"
    " - conv 8 1x1 } - maxpool 2 - conv 64 3x3 pad 1 - narrow(64)*2 - fc 300 - softmax\n",
    /* DenseNet's joins within joins; views; more than one output */
    "net dense\nblock layer(k) = concat { identity | bn - relu - conv k 3x3 pad 1 }\n"
    "input 3x8x8\n conv 5 3x3 pad 1 - layer(3)*3 - avgpool 2 - layer(2)*2 - flatten - fc 64\n"
    " - reshape 0,4,16 - sigmoid - fc 3\n",
};

static fv_context *ctx;

static void must(fv_status status) {
    if (status != FV_OK) print_error("%s\n", ctx->message);
    assert_int_equal(status, FV_OK);
}

static void numbers(float *x, int64_t n, uint64_t which) {
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)fv__random_normal(fv__key(which, FV_STREAM_CHECK, 0, 0), (uint64_t)i);
}

/* All heads, one behind the other; *segments: of the plan. */
static float *run(const fv_graph *net, float *weights, size_t near, int64_t *count,
                  size_t *segments) {
    const fv_plan_options options = {.batch = BATCH, .near = near};
    fv_plan *plan;
    fv_exec *exec;
    must(fv__plan_new(ctx, net, &options, &plan));
    *segments = plan->segment_count;
    const fv_exec_options memory = {.weights = weights};
    must(fv__exec_new(ctx, plan, &memory, &exec));
    fv_tensor x = fv__exec_value(exec, 0);
    numbers(x.data, fv__shape_count(&x.shape), 3);
    const fv_exec_run once = {.seed = 5};
    for (int i = 0; i < 2; i++) assert_true(fv__exec_forward(exec, &once, NULL));
    *count = 0;
    for (size_t h = 0; h < net->head_count; h++) {
        const fv_tensor t = fv__exec_value(exec, net->heads[h].value);
        assert_int_equal(t.shape.dim[0], BATCH);
        *count += fv__shape_count(&t.shape);
    }
    float *all = malloc((size_t)*count * sizeof *all), *to = all;
    for (size_t h = 0; h < net->head_count; h++) {
        const fv_tensor t = fv__exec_value(exec, net->heads[h].value);
        fv__exec_read(exec, net->heads[h].value, to);
        to += fv__shape_count(&t.shape);
    }
    fv__exec_free(exec);
    fv__plan_free(plan);
    return all;
}

static void test_groups_change_nothing(void **unused) {
    (void)unused;
    size_t most = 0;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        fv_graph *net;
        must(fv__net_parse(ctx, "test", texts[t], strlen(texts[t]), NULL, 0, &net, NULL));
        float *weights = aligned_alloc(64, ((size_t)net->param_elements * 4 + 63) / 64 * 64);
        fv__net_initialise(net, FV_HE, 7, weights);
        int64_t count, again;
        size_t segments;
        float *whole = run(net, weights, SIZE_MAX / 2, &count, &segments);
        assert_int_equal(segments, 1);
        for (size_t near = 1; near < 200000; near *= 3) {
            float *parts = run(net, weights, near, &again, &segments);
            if (segments > most) most = segments;
            assert_int_equal(again, count);
            for (int64_t i = 0; i < count; i++) {
                const float apart = parts[i] - whole[i];
                if (!(apart * apart <= 1e-10f * (1 + whole[i] * whole[i])))
                    fail_msg("net %zu, near %zu: number %lld is %g, not %g", t, near, (long long)i,
                             (double)parts[i], (double)whole[i]);
            }
            free(parts);
        }
        free(whole);
        free(weights);
        fv__net_free(net);
    }
    assert_true(most >= 3); /* segments within segments were there */
}

/* Training, and whoever looks at every value, take the batch as a whole. */
static void test_where_there_are_none(void **unused) {
    (void)unused;
    fv_graph *net;
    fv_plan *plan;
    must(fv__net_parse(ctx, "test", texts[0], strlen(texts[0]), NULL, 0, &net, NULL));
    const fv_plan_options kept = {.batch = BATCH, .near = 1, .keep_values = true};
    must(fv__plan_new(ctx, net, &kept, &plan));
    assert_false(fv__plan_grouped(plan));
    fv__plan_free(plan);
    const fv_plan_options near = {.batch = BATCH, .near = 1};
    must(fv__plan_new(ctx, net, &near, &plan));
    assert_true(fv__plan_grouped(plan));
    fv__plan_free(plan);
    fv__net_free(net);
}

static int open_context(void **state) {
    (void)state;
    return (int)fv_context_new(2, &ctx);
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_change_nothing),
        cmocka_unit_test(test_where_there_are_none),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
