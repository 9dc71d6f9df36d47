/* SPDX-License-Identifier: MIT */
/*
 * Plans: sharing memory, fusing and choosing fast versions must not change results. Small networks
 * with every way values can share memory are run three ways: as planned, with a buffer of its own
 * for each value, and by the reference loops in double.
 */
#include "lang/lang.h"
#include "plan/plan.h"
#include "fovea.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BATCH 3

static const char *const texts[] = {
    /* fused and in-place activations, views */
    "net plain\ninput 2x9x8\n conv 5 3x3 - relu - maxpool 2 - conv 7 3x3 pad 1 - leakyrelu 0.1\n"
    " - flatten - fc 11 - tanh - dropout 0.4 - fc 4 - softmax\n",
    /* a value read twice must survive the activation behind it */
    "net twice\ninput 3x8x8\n conv 6 3x3 pad 1 as a - add { relu | conv 6 3x3 pad 1 | identity }\n"
    " - relu - globalavgpool - fc 5 - softmax\n",
    /* DenseNet: concat in concat in concat, written in place; bn over the joined buffer */
    "net dense\nblock layer(k) = concat { identity | bn - relu - conv 4*k 1x1 bias no - bn - relu\n"
    " - conv k 3x3 pad 1 bias no }\ninput 3x8x8\n conv 4 3x3 pad 1 - layer(2)*3 - bn - relu\n"
    " - conv 5 1x1 - avgpool 2 - layer(3)*2 - globalavgpool - fc 4 - softmax\n",
    /* Inception, an activation over the join, a skip from far behind */
    "net incept\ninput 2x10x10\n conv 4 3x3 pad 1 - relu as stem - concat { conv 3 1x1 - relu |\n"
    " conv 2 1x1 - elu - conv 5 3x3 pad 1 - sigmoid | maxpool 3x3 stride 1 pad 1 - conv 2 1x1 }\n"
    " - relu - conv 4 3x3 pad 1 - add { identity | from stem - conv 4 1x1 } - scaledtanh\n"
    " - lrn 3 - maxpool 2 - fc 6 - softmax\n",
    /* ResNet with option A and a projection */
    "net res\nblock basic(k, s = 1) = add { conv k 3x3 stride s pad 1 bias no - bn - relu\n"
    " - conv k 3x3 pad 1 bias no - bn | if s == 1 and k == channels then identity else\n"
    " (shortcut k stride s) } - relu\ninput 3x8x8\n conv 4 3x3 pad 1 bias no - bn - relu\n"
    " - basic(4) - basic(8, 2) - basic(8) - globalavgpool - fc 3 - softmax\n",
    /* heads that only training has; maxout; a join of a join read by two */
    "net heads\ninput 2x8x8\n conv 6 3x3 - maxout 2 as mid - conv 4 3x3 - relu - fc 4 - softmax\n"
    "head side weight 0.3 training from mid - avgpool 3 - fc 7 - relu - fc 4 - softmax\n",
    /* the image itself in a join and in a sum */
    "net image\ninput 2x6x6\n concat { identity | conv 2 3x3 pad 1 } - add { identity |\n"
    " conv 4 3x3 pad 1 - relu } - concat { relu | identity } - fc 3 - softmax\n",
    /* activations whose backward reads x, one behind the other and where another reads the same;
       a learned slope; softmax along the pixels */
    "net curves\ninput 2x6x6\n conv 4 3x3 pad 1 - prelu channels - gelu - silu - mish as mid\n"
    " - add { conv 4 1x1 - clip -1 0.5 | hardswish | prelu } - celu - gelu approximate tanh\n"
    " - softmax axis -1 - fc 5 - selu - softplus - logsoftmax\n"
    "head side weight 0.3 training from mid - hardsigmoid - avgpool 3 - softsign - fc 4 - "
    "softmax\n",
    /* sums over their shortcuts; one that is read further on; one behind deep products */
    "net narrow\nblock narrow(k, m) = add { identity | conv m 1x1 - relu - conv k 1x1 } - relu\n"
    "input 3x10x10\n conv 12 3x3 pad 1 - relu - narrow(12, 4)*2 as kept - narrow(12, 5) - tanh\n"
    " - concat { narrow(12, 300) | from kept } - conv 12 1x1 - add { identity | conv 12 1x1 } as "
    "sum\n"
    " - narrow(12, 4) - add { identity | from sum - flatten - reshape 0,12,10,10 } - fc 3 - "
    "softmax\n",
    /* nothing but pooling before the classifier */
    "net pools\ninput 3x12x12\n maxpool 2 - concat { avgpool 2 | maxpool 2 } - relu - fc 4\n",
};

typedef struct built {
    fv_graph *net, *with_loss;
    float *weights, *gradients;
    double *weights64, *gradients64;
} built;

static fv_context *new_context(int threads) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
    return ctx;
}

static void must(fv_context *ctx, fv_status status) {
    if (status != FV_OK) print_error("%s\n", ctx->message);
    assert_int_equal(status, FV_OK);
}

static built build(fv_context *ctx, const char *text) {
    built b;
    must(ctx, fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &b.net, NULL));
    must(ctx, fv__net_with_loss(ctx, b.net, &fv__op_crossentropy, &b.with_loss));
    const size_t n = (size_t)b.net->param_elements + 1;
    b.weights = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
    b.gradients = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
    b.weights64 = calloc(n, sizeof(double));
    b.gradients64 = calloc(n, sizeof(double));
    return b;
}

static void reset(built *b) {
    fv__net_initialise(b->net, FV_HE, 7, b->weights);
    for (int64_t i = 0; i < b->net->param_elements; i++) {
        b->weights[i] += 0.05f * (float)(i % 7 - 3);
        b->weights64[i] = (double)b->weights[i];
    }
    for (size_t p = 0; p < b->net->param_count; p++) /* variances stay positive */
        if (!b->net->params[p].spec.learned)
            for (int64_t i = 0; i < b->net->params[p].count; i++) {
                float *w = b->weights + b->net->params[p].offset + i;
                *w = fabsf(*w) + 0.5f;
                b->weights64[b->net->params[p].offset + i] = (double)*w;
            }
}

static void release(built *b) {
    fv__net_free(b->net);
    fv__net_free(b->with_loss);
    free(b->weights);
    free(b->gradients);
    free(b->weights64);
    free(b->gradients64);
}

static void fill(fv_exec *exec, const fv_graph *net) {
    const fv_tensor x = fv__exec_value(exec, 0);
    int32_t *labels = fv__exec_value(exec, net->heads[0].target).data;
    const fv_key key = fv__key(3, FV_STREAM_CHECK, 0, 0);
    for (int64_t i = 0; i < fv__shape_count(&x.shape); i++) {
        const float v = (float)fv__random_normal(key, (uint64_t)i);
        if (x.dtype == FV_F64)
            ((double *)x.data)[i] = (double)v;
        else
            ((float *)x.data)[i] = v;
    }
    for (int n = 0; n < BATCH; n++) labels[n] = n % 3;
}

/* Runs forward and backward; returns the weighted loss. */
static double run(fv_context *ctx, built *b, const fv_plan_options *options, size_t *bytes) {
    fv_plan *plan;
    fv_exec *exec;
    const bool wide = options->dtype == FV_F64;
    reset(b);
    must(ctx, fv__plan_new(ctx, b->with_loss, options, &plan));
    const fv_exec_options memory = {.weights = wide ? (void *)b->weights64 : b->weights,
                                    .gradients = wide ? (void *)b->gradients64 : b->gradients};
    const fv_exec_run once = {.seed = 5, .time = 2};
    must(ctx, fv__exec_new(ctx, plan, &memory, &exec));
    fill(exec, b->with_loss);
    fv__exec_forward(exec, &once, NULL);
    if (options->backward) fv__exec_backward(exec, NULL);
    double loss = 0;
    for (size_t h = 0; h < b->with_loss->head_count; h++) {
        if (b->with_loss->heads[h].training && !options->training) continue;
        const void *y = fv__exec_value(exec, b->with_loss->heads[h].value).data;
        loss +=
            b->with_loss->heads[h].weight * (wide ? *(const double *)y : (double)*(const float *)y);
    }
    if (bytes) *bytes = fv__plan_memory(plan).activations;
    fv__exec_free(exec);
    fv__plan_free(plan);
    return loss;
}

static void compare_gradients(const built *b, const float *mine, double limit, const char *how) {
    for (size_t p = 0; p < b->net->param_count; p++) {
        const fv_param *param = &b->net->params[p];
        double gap = 0, norm = 0;
        if (!param->spec.learned) continue;
        for (int64_t i = param->offset; i < param->offset + param->count; i++) {
            gap += (mine[i] - b->gradients64[i]) * (mine[i] - b->gradients64[i]);
            norm += b->gradients64[i] * b->gradients64[i];
        }
        if (sqrt(gap) > limit * sqrt(norm) + 1e-7)
            print_error("%s, %s: gradient of %s is off by %.1e\n", b->net->name, how, param->name,
                        sqrt(gap / norm));
        assert_true(sqrt(gap) <= limit * sqrt(norm) + 1e-7);
    }
}

static void test_sharing_changes_nothing(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(2);
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
        for (int training = 0; training < 2; training++) {
            built b = build(ctx, texts[t]);
            size_t shared, apart;
            fv_plan_options options = {.batch = BATCH, .training = training, .backward = training};
            options.dtype = FV_F64;
            options.reference = true;
            const double exact = run(ctx, &b, &options, NULL);
            options.dtype = FV_F32;
            options.reference = false;
            const double planned = run(ctx, &b, &options, &shared);
            if (training) compare_gradients(&b, b.gradients, 2e-5, "as planned");
            options.keep_values = true;
            const double kept = run(ctx, &b, &options, &apart);
            if (training) compare_gradients(&b, b.gradients, 2e-5, "every value kept");
            print_message("%-8s %-9s loss %.7f, planned %.1e, kept %.1e off; %zu of %zu bytes\n",
                          b.net->name, training ? "training" : "inference", exact,
                          fabs(planned - exact), fabs(kept - exact), shared, apart);
            assert_true(fabs(planned - exact) <= 1e-5 * fabs(exact));
            assert_true(fabs(kept - exact) <= 1e-5 * fabs(exact));
            assert_true(shared <= apart);
            release(&b);
        }
    fv_context_free(ctx);
}

static void test_same_bits_for_any_threads(void **unused) {
    (void)unused;
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        float *first = NULL;
        for (int threads = 1; threads <= 4; threads++) {
            fv_context *ctx = new_context(threads);
            built b = build(ctx, texts[t]);
            const fv_plan_options options = {.batch = BATCH, .training = true, .backward = true};
            run(ctx, &b, &options, NULL);
            const size_t bytes = (size_t)b.net->param_elements * sizeof(float);
            if (!first) {
                first = malloc(bytes);
                memcpy(first, b.gradients, bytes);
            }
            assert_memory_equal(first, b.gradients, bytes);
            release(&b);
            fv_context_free(ctx);
        }
        free(first);
    }
}

/* A plan may be shared: one made for one thread is run by a context with three. */
static void test_a_plan_serves_other_contexts(void **unused) {
    (void)unused;
    fv_context *one = new_context(1), *three = new_context(3);
    built b = build(one, texts[0]);
    const fv_plan_options options = {.batch = BATCH, .training = true, .backward = true};
    fv_plan *plan;
    fv_exec *a, *c;
    reset(&b);
    must(one, fv__plan_new(one, b.with_loss, &options, &plan));
    const fv_exec_options memory = {.weights = b.weights, .gradients = b.gradients};
    const fv_exec_run once = {.seed = 1, .time = 1};
    must(one, fv__exec_new(one, plan, &memory, &a));
    must(three, fv__exec_new(three, plan, &memory, &c));
    fill(a, b.with_loss);
    fill(c, b.with_loss);
    fv__exec_forward(a, &once, NULL);
    fv__exec_backward(a, NULL);
    const size_t bytes = (size_t)b.net->param_elements * sizeof(float);
    float *kept = malloc(bytes);
    memcpy(kept, b.gradients, bytes);
    fv__exec_forward(c, &once, NULL);
    fv__exec_backward(c, NULL);
    assert_memory_equal(kept, b.gradients, bytes);
    free(kept);
    fv__exec_free(a);
    fv__exec_free(c);
    fv__plan_free(plan);
    release(&b);
    fv_context_free(one);
    fv_context_free(three);
}

/* Concat's branches are written in place and flatten costs nothing: neither is a step. */
static void test_joins_and_views_take_no_step(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    built b = build(ctx, texts[2]);
    const fv_plan_options options = {.batch = 1};
    fv_plan *plan;
    fv_text trace = {0};
    must(ctx, fv__plan_new(ctx, b.net, &options, &plan));
    must(ctx, fv__plan_trace(ctx, plan, true, &trace));
    assert_non_null(trace.data);
    assert_null(strstr(trace.data, "concat"));
    assert_non_null(strstr(trace.data, "conv"));
    fv__text_free(&trace);
    fv__plan_free(plan);
    release(&b);
    fv_context_free(ctx);
}

/* The blocks of a residual net work on one buffer, beside what is narrow. */
static void test_sums_lie_over_shortcuts(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    built b = build(ctx, "net chain\nblock narrow(k) = add { identity | conv 4 1x1 - relu - conv k "
                         "1x1 } - relu\ninput 3x16x16\n conv 32 3x3 pad 1 - narrow(32)*4 - "
                         "globalavgpool - fc 3\n");
    const fv_plan_options options = {.batch = 2};
    fv_plan *plan;
    must(ctx, fv__plan_new(ctx, b.net, &options, &plan));
    const size_t map = 2 * 32 * 16 * 16 * sizeof(float);
    const size_t taken = fv__plan_memory(plan).activations;
    print_message("%zu bytes for maps of %zu\n", taken, map);
    assert_true(taken < 2 * map);
    fv__plan_free(plan);
    release(&b);
    fv_context_free(ctx);
}

/* In training each step packs its weights where maps that it does not need have lain; packed ahead,
   for forward and backward, these layers' would be many times their size. */
static void test_training_packs_step_by_step(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    built b = build(ctx, "net deep\ninput 64x8x8\n (conv 64 3x3 pad 1 - relu)*12 - fc 3\n");
    const size_t weights = (size_t)b.net->param_elements * sizeof(float);
    fv_plan_options options = {.batch = 2};
    fv_plan *plan;
    must(ctx, fv__plan_new(ctx, b.net, &options, &plan));
    assert_true(fv__plan_memory(plan).prepared >= weights / 2); /* packed, they are not late */
    fv__plan_free(plan);
    options.training = options.backward = true;
    must(ctx, fv__plan_new(ctx, b.with_loss, &options, &plan));
    const fv_plan_memory memory = fv__plan_memory(plan);
    print_message("%zu bytes of weights, packed ahead %zu, maps and what is packed %zu\n", weights,
                  memory.prepared, memory.activations);
    assert_int_equal(memory.prepared, 0);
    assert_true(memory.activations < weights);
    fv__plan_free(plan);
    release(&b);
    fv_context_free(ctx);
}

static void test_bad_batches(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    built b = build(ctx, texts[0]);
    fv_plan *plan;
    fv_plan_options options = {.batch = 0};
    assert_int_equal(fv__plan_new(ctx, b.net, &options, &plan), FV_BAD_INPUT);
    options.batch = INT64_MAX / 2;
    assert_int_equal(fv__plan_new(ctx, b.net, &options, &plan), FV_BAD_INPUT);
    assert_null(plan);
    release(&b);
    fv_context_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sharing_changes_nothing),
        cmocka_unit_test(test_same_bits_for_any_threads),
        cmocka_unit_test(test_a_plan_serves_other_contexts),
        cmocka_unit_test(test_joins_and_views_take_no_step),
        cmocka_unit_test(test_sums_lie_over_shortcuts),
        cmocka_unit_test(test_training_packs_step_by_step),
        cmocka_unit_test(test_bad_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
