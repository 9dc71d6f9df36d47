/* SPDX-License-Identifier: MIT */
/*
 * Ten training steps of LeNet-5 against PyTorch: losses, logits, every gradient. The numbers come
 * from tests/oracle/lenet5_torch.py, which says how weights and pictures are made.
 */
#include "lang/lang.h"
#include "train/learner.h"
#include "base/file.h"
#include "fovea.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BATCH   8
#define STEPS   10
#define CLASSES 10
#define WEIGHTS 61706
#define GOLDEN  (STEPS + BATCH * CLASSES + WEIGHTS + 3 * STEPS)

static float hashed(uint32_t i, uint32_t stream) {
    uint32_t v = i * 2654435761u + stream * 40503u + 12345u;
    v ^= v >> 15;
    v *= 2246822519u;
    v ^= v >> 13;
    v *= 3266489917u;
    v ^= v >> 16;
    return (float)((double)v / 4294967296.0 - 0.5);
}

typedef struct state {
    fv_context *ctx;
    fv_model *model;
    float *golden;
} state;

static const fv_graph *net_of(const state *s) {
    return s->model->net.graph;
}

static void load(state *s, int threads) {
    fv_net net = {0};
    assert_int_equal(fv_context_new(threads, &s->ctx), FV_OK);
    assert_int_equal(fv__net_find(s->ctx, "lenet5", NULL, 0, &net.graph, &net.recipe), FV_OK);
    assert_int_equal(fv__model_new(s->ctx, &net, 1, &s->model), FV_OK);
    for (size_t p = 0; p < net_of(s)->param_count; p++) {
        const fv_param *param = &net_of(s)->params[p];
        const fv_shape *shape = &param->spec.shape;
        const double fan_in = shape->rank > 1 ? (double)param->count / (double)shape->dim[0] : 16;
        const float scale = (float)(3.0 / sqrt(fan_in));
        for (int64_t i = 0; i < param->count; i++)
            s->model->weights[param->offset + i] = hashed((uint32_t)i, (uint32_t)p) * scale;
    }
    fv_bytes file;
    char path[4096];
    const char *source = getenv("FOVEA_SOURCE");
    snprintf(path, sizeof path, "%s/tests/vectors/lenet5.bin", source ? source : ".");
    assert_int_equal(fv__file_read(s->ctx, path, 0, &file), FV_OK);
    assert_int_equal(file.size, sizeof(float) * GOLDEN);
    s->golden = malloc(file.size);
    memcpy(s->golden, file.data, file.size);
    fv__file_release(&file);
}

static void unload(state *s) {
    free(s->golden);
    fv__model_free(s->model);
    fv_context_free(s->ctx);
}

static void fill(int step, float *x, int32_t *labels) {
    for (uint32_t i = 0; i < BATCH * 32 * 32; i++) x[i] = hashed(i, 100 + (uint32_t)step) * 4.0f;
    for (int n = 0; n < BATCH; n++) labels[n] = (step * 3 + n * 7) % 10;
}

/* |a - b| / |b| */
static double distance(const float *a, const float *b, int64_t count) {
    double gap = 0, norm = 0;
    for (int64_t i = 0; i < count; i++) {
        gap += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        norm += (double)b[i] * b[i];
    }
    return sqrt(gap / norm);
}

static void check_logits(const state *s) {
    const fv_graph *net = net_of(s);
    const int logits = net->nodes[net->node_count - 1].in[0]; /* what the softmax reads */
    const fv_plan_options options = {.batch = BATCH, .keep = &logits, .keep_count = 1};
    const fv_exec_options memory = {.weights = s->model->weights};
    const fv_exec_run run = {.seed = 1};
    fv_plan *plan;
    fv_exec *exec;
    int32_t labels[BATCH];
    assert_int_equal(fv__plan_new(s->ctx, net, &options, &plan), FV_OK);
    assert_int_equal(fv__exec_new(s->ctx, plan, &memory, &exec), FV_OK);
    fill(0, fv__exec_value(exec, 0).data, labels);
    fv__exec_forward(exec, &run, NULL);
    const double error =
        distance(fv__exec_value(exec, logits).data, s->golden + STEPS, BATCH * CLASSES);
    print_message("logits: %.1e\n", error);
    assert_true(error <= 1e-5);
    fv__exec_free(exec);
    fv__plan_free(plan);
}

static void check_gradients(const state *s, const fv_learner *l) {
    const float *golden = s->golden + STEPS + BATCH * CLASSES;
    for (size_t p = 0; p < net_of(s)->param_count; p++) {
        const fv_param *param = &net_of(s)->params[p];
        const double error =
            distance(fv__learner_gradients(l) + param->offset, golden, param->count);
        print_message("gradient of %s: %.1e\n", param->name, error);
        assert_true(error <= 1e-5);
        golden += param->count;
    }
}

/* Ten steps by a recipe against ten losses. */
static void ten_steps(state *s, const fv_recipe *recipe, const float *losses, bool gradients) {
    fv_learner *l;
    assert_int_equal(fv__learner_new(s->ctx, s->model, recipe, &l), FV_OK);
    for (int step = 0; step < STEPS; step++) {
        fv_learner_batch to;
        fv_step_result result;
        assert_int_equal(fv__learner_batch(s->ctx, l, BATCH, &to), FV_OK);
        fill(step, to.x, to.target[FV_TARGET_CLASS]);
        assert_int_equal(fv__learner_step(s->ctx, l, BATCH, recipe->lr, &result), FV_OK);
        const double golden = (double)losses[step], error = fabs(result.loss - golden) / golden;
        print_message("step %d: loss %.7f, PyTorch %.7f, %.1e\n", step, result.loss, golden, error);
        assert_true(error <= 1e-5);
        if (step == 0 && gradients) check_gradients(s, l);
    }
    fv__learner_free(l);
}

/* A recipe from its settings. */
static fv_recipe recipe_of(fv_context *ctx, const char *settings) {
    fv_recipe r;
    fv_arena arena;
    fv_setting *list;
    size_t count;
    fv__recipe_defaults(&r);
    fv__arena_init(&arena, ctx);
    assert_int_equal(fv__settings_split(ctx, &arena, settings, &list, &count), FV_OK);
    assert_int_equal(fv__recipe_apply(ctx, list, count, &r, NULL), FV_OK);
    fv__arena_free(&arena);
    r.batch = BATCH;
    r.decay = 5e-4;
    return r;
}

static void test_sgd(void **unused) {
    (void)unused;
    state s;
    load(&s, 2);
    check_logits(&s);
    const fv_recipe recipe = recipe_of(s.ctx, "optimizer=sgd momentum=0.9 lr=0.05");
    ten_steps(&s, &recipe, s.golden, true);
    unload(&s);
}

static void other(const char *settings, int index) {
    state s;
    load(&s, 1);
    const fv_recipe recipe = recipe_of(s.ctx, settings);
    ten_steps(&s, &recipe, s.golden + GOLDEN - (3 - index) * STEPS, false);
    unload(&s);
}

static void test_nesterov(void **unused) {
    (void)unused;
    other("optimizer=sgd momentum=0.9 nesterov=yes lr=0.05", 0);
}

static void test_adam(void **unused) {
    (void)unused;
    other("optimizer=adam lr=0.002", 1);
}

static void test_adadelta(void **unused) {
    (void)unused;
    other("optimizer=adadelta lr=1 epsilon=1e-6", 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_nesterov),
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_adadelta),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
