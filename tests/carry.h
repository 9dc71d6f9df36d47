/* SPDX-License-Identifier: MIT */
/*
 * carry.h - what the tests of the types share (test_carry*.c): a context with the operators of
 * more_ops.h, and ways to run a network. Include once, in the test's own file.
 */
#ifndef FV_TESTS_CARRY_H
#define FV_TESTS_CARRY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lang/lang.h"
#include "more_ops.h"
#include "plan/plan.h"
#include "train/gradient_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 3

static fv_context *ctx; /* of the group of tests */

static inline int open_context(void **state) {
    (void)state;
    if (fv_context_new(2, &ctx) != FV_OK) return 1;
    ctx->ops = fv__more_ops;
    return 0;
}

static inline int close_context(void **state) {
    (void)state;
    ctx->ops = NULL; /* not its own */
    fv_context_free(ctx);
    return 0;
}

/* Fails the test with the context's message. */
static inline void must(fv_status status) {
    if (status != FV_OK) fail_msg("%s", ctx->message);
}

static inline fv_graph *parse(const char *text) {
    fv_graph *net;
    must(fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net, NULL));
    return net;
}

/* Adds a layer to a net that is being built; returns its first output. */
static inline int add_layer(fv_graph *net, const char *op, const char *options, const int *in,
                            int inputs) {
    uint64_t bytes[FV_LONG_MAX + 64] = {0};
    char name[32];
    int value;
    snprintf(name, sizeof name, "%s%zu", op, net->node_count);
    fv_node_spec spec = {
        .op = fv__op_find_in(ctx, op), .options = bytes, .name = name, .in = in, .inputs = inputs};
    must(fv__options_parse(ctx, spec.op, options, bytes));
    must(fv__net_add(ctx, net, &spec, &value));
    return value;
}

/* Random number i of a thing. */
static inline double normal(uint64_t thing, int64_t i) {
    return fv__random_normal(fv__key(5, FV_STREAM_CHECK, thing, 0), (uint64_t)i);
}

/* A net with losses in float, as planned, or in double by reference loops; with `gradients`, which
   are as wide as the plan's numbers, trained and backward too. Returns the loss. */
static inline double run(const fv_graph *net, bool exact, void *gradients) {
    const fv_plan_options options = {.batch = BATCH,
                                     .training = gradients != NULL,
                                     .backward = gradients != NULL,
                                     .dtype = exact ? FV_F64 : FV_F32,
                                     .reference = exact};
    const size_t count = (size_t)net->param_elements + 1;
    float *fresh = calloc(count, sizeof *fresh);
    double *weights = aligned_alloc(64, (count * sizeof *weights + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, fresh);
    for (size_t i = 0; i < count; i++) {
        if (exact)
            weights[i] = (double)fresh[i];
        else
            ((float *)weights)[i] = fresh[i];
    }
    fv_plan *plan;
    fv_exec *exec;
    must(fv__plan_new(ctx, net, &options, &plan));
    must(fv__exec_new(ctx, plan, &(fv_exec_options){.weights = weights, .gradients = gradients},
                      &exec));
    const fv_tensor x = fv__exec_value(exec, 0);
    for (int64_t i = 0; i < fv__shape_count(&x.shape); i++) {
        const float v = (float)normal(1, i);
        if (exact)
            ((double *)x.data)[i] = (double)v;
        else
            ((float *)x.data)[i] = v;
    }
    int32_t *labels = fv__exec_value(exec, net->heads[0].target).data;
    for (int n = 0; n < BATCH; n++) labels[n] = n % 2;
    fv__exec_forward(exec, &(fv_exec_run){.seed = 1}, NULL);
    const void *y = fv__exec_value(exec, net->heads[0].value).data;
    const double loss = exact ? *(const double *)y : (double)*(const float *)y;
    if (gradients) fv__exec_backward(exec, NULL);
    fv__exec_free(exec);
    fv__plan_free(plan);
    free(fresh);
    free(weights);
    return loss;
}

/* The plan's loss, in inference and trained, and its gradients agree with those of the reference
   loops in double, and those with differences. */
static inline void trains(const fv_graph *net) {
    const fv_check_options options = {.batch = BATCH, .points = 6, .tolerance = 1e-7, .seed = 3};
    fv_check_report report;
    fv_graph *with;
    must(fv__net_with_loss(ctx, net, &fv__op_crossentropy, &with));
    const size_t count = (size_t)with->param_elements + 1;
    float *planned = aligned_alloc(64, (count * sizeof *planned + 63) / 64 * 64);
    double *exact = aligned_alloc(64, (count * sizeof *exact + 63) / 64 * 64);
    for (int training = 0; training < 2; training++) {
        const double a = run(with, false, training ? planned : NULL);
        const double b = run(with, true, training ? exact : NULL);
        assert_true(fabs(a - b) <= 1e-5 * fabs(b));
    }
    for (size_t p = 0; p < with->param_count; p++) {
        double gap = 0, norm = 0;
        if (!with->params[p].spec.learned) continue;
        for (int64_t k = 0; k < with->params[p].count; k++) {
            const int64_t i = with->params[p].offset + k;
            gap += ((double)planned[i] - exact[i]) * ((double)planned[i] - exact[i]);
            norm += exact[i] * exact[i];
        }
        if (!(sqrt(gap) <= 2e-5 * sqrt(norm) + 1e-7))
            fail_msg("the gradient of %s is off by %.1e", with->params[p].name, sqrt(gap / norm));
    }
    free(planned);
    free(exact);
    fv__net_free(with);
    must(fv__gradients_check(ctx, net, NULL, &options, NULL, NULL, &report));
    assert_true(report.count > 0);
    fv__gradients_free(&report);
}

/* Runs a net for inference over BATCH random images, which go to `image`, and reads a value. */
static inline void infer(const fv_graph *net, const float *weights, const char *value, void *out,
                         float *image) {
    const int index = fv__net_find_value(net, value);
    assert_true(index >= 0);
    const fv_plan_options options = {.batch = BATCH, .keep = &index, .keep_count = 1};
    fv_plan *plan;
    fv_exec *exec;
    must(fv__plan_new(ctx, net, &options, &plan));
    must(fv__exec_new(ctx, plan, &(fv_exec_options){.weights = (void *)(uintptr_t)weights}, &exec));
    const int64_t count = BATCH * fv__shape_sample(&net->values[0].shape);
    for (int64_t i = 0; i < count; i++) image[i] = (float)normal(4, i);
    fv__exec_write(exec, 0, image);
    fv__exec_forward(exec, &(fv_exec_run){0}, NULL);
    fv__exec_read(exec, index, out);
    fv__exec_free(exec);
    fv__plan_free(plan);
}

#endif
