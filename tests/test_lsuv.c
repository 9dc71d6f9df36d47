/* SPDX-License-Identifier: MIT */
/*
 * test_lsuv.c - how weights start, orthogonal and scaled by the data; what classes count.
 */
#include "lang/lang.h"
#include "op/crossentropy.h"
#include "train/class_weights.h"
#include "train/learner.h"
#include "train/lsuv.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define IMAGES 70
#define PIXELS 64 /* 1x8x8 */

static const char net_text[] =
    "net deep(classes = 3)\ninput 1x8x8\n"
    "  conv 12 3x3 pad 1 - relu - conv 12 3x3 pad 1 as b - bn - relu - conv 12 3x3 pad 1 share b\n"
    "  - maxpool 2 - fc 20 - tanh - dropout 0.2 - fc classes - softmax\n"
    "train batch 32 init lsuv\n";

static void must(const fv_context *ctx, fv_status status) {
    if (status != FV_OK) fail_msg("%s", ctx->message);
}

static fv_model *make_model(fv_context *ctx, const char *text) {
    fv_net net = {0};
    fv_model *model;
    must(ctx, fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe));
    must(ctx, fv__model_new(ctx, &net, 5, &model));
    return model;
}

static const fv_param *param(const fv_model *model, const char *name) {
    const int i = fv__net_find_param(model->net.graph, name);
    assert_true(i >= 0);
    return &model->net.graph->params[i];
}

/* Images whose class is 0 five times in seven, 1 and 2 once each; bright, and not around 0. */
static fv_status sample(fv_context *ctx, void *user, int64_t i, fv_arena *scratch, fv_sample *out) {
    float *x = fv__arena_alloc(scratch, PIXELS * sizeof *x);
    int32_t *label = fv__arena_alloc(scratch, sizeof *label);
    (void)ctx, (void)user;
    if (!x || !label) return FV_EXHAUSTED;
    for (int k = 0; k < PIXELS; k++)
        x[k] = (float)(3 + 7 * fv__random_normal((fv_key){3, 4}, (uint64_t)(i * PIXELS + k)));
    *label = i % 7 < 5 ? 0 : (int32_t)(i % 7 - 4);
    out->image =
        (fv_image_view){.data = x, .dtype = FV_F32, .channels = 1, .height = 8, .width = 8};
    out->target[0] = (fv_target){.kind = FV_TARGET_CLASS, .dtype = FV_I32, .data = label};
    out->targets = 1;
    return FV_OK;
}

static fv_dataset make_set(fv_context *ctx) {
    fv_dataset set;
    const fv_sample_source source = {.name = "uneven",
                                     .count = IMAGES,
                                     .target = {{FV_TARGET_CLASS, 0}},
                                     .targets = 1,
                                     .classes = 3,
                                     .dtype = FV_F32,
                                     .channels = 1,
                                     .height = 8,
                                     .width = 8,
                                     .sample = sample};
    must(ctx, fv__dataset_from(ctx, &source, &set));
    return set;
}

/* ------------------------------------------------------------------------------ orthogonal --- */

/* Rows, or columns where they are fewer, have norm 1 and are orthogonal. */
static void expect_orthonormal(const fv_model *model, const char *name) {
    const fv_param *p = param(model, name);
    const int64_t rows = p->spec.shape.dim[0], columns = p->count / rows;
    const bool tall = rows > columns;
    const int64_t n = tall ? columns : rows, length = tall ? rows : columns;
    const float *w = model->weights + p->offset;
    for (int64_t a = 0; a < n; a++)
        for (int64_t b = 0; b <= a; b++) {
            double sum = 0;
            for (int64_t i = 0; i < length; i++)
                sum += (double)w[tall ? i * columns + a : a * columns + i] *
                       (double)w[tall ? i * columns + b : b * columns + i];
            if (fabs(sum - (a == b)) > 1e-6)
                fail_msg("%s: %lld by %lld is %g", name, (long long)a, (long long)b, sum);
        }
}

static void test_orthogonal(void **unused) {
    (void)unused;
    fv_context *ctx;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    fv_model *model = make_model(ctx, net_text);
    expect_orthonormal(model, "conv1.weight"); /* 12 rows of 9 */
    expect_orthonormal(model, "b.weight");     /* 12 of 108 */
    expect_orthonormal(model, "fc1.weight");
    expect_orthonormal(model, "fc2.weight");
    fv__model_free(model);
    fv_context_free(ctx);
}

/* ------------------------------------------------------------------------------------ lsuv --- */

/* The variance of what a layer gives for the first images, in training. */
static double variance_of(fv_context *ctx, fv_model *model, const fv_dataset *set,
                          const char *value) {
    const fv_recipe *r = &model->net.recipe;
    const fv_plan_options options = {.batch = r->batch, .training = true, .keep_values = true};
    const fv_exec_options memory = {.host_weights = model->weights};
    uint32_t order[IMAGES];
    float x[32 * PIXELS], *y;
    fv_graph *net;
    fv_plan *plan;
    fv_exec *exec;
    double sum = 0, square = 0;
    must(ctx, fv__net_with_loss(ctx, model->net.graph, &fv__op_crossentropy, &net));
    must(ctx, fv__plan_new(ctx, net, &options, &plan));
    must(ctx, fv__exec_new(ctx, plan, &memory, &exec));
    fv__random_permutation(fv__key((uint64_t)r->seed, FV_STREAM_SHUFFLE, 0, 0), order, IMAGES);
    const fv_batch batch = {.order = order, .n = r->batch};
    must(ctx, fv__batch_fill(ctx, set, &net->input, &batch, x, NULL, 0));
    fv__exec_write(exec, 0, x);
    const fv_exec_run run = {.seed = (uint64_t)r->seed};
    (void)fv__exec_forward(exec, &run, NULL);
    const int v = fv__net_find_value(net, value);
    const int64_t count = r->batch * fv__shape_sample(&net->values[v].shape);
    y = test_malloc((size_t)count * sizeof *y);
    fv__exec_read(exec, v, y);
    for (int64_t i = 0; i < count; i++) sum += (double)y[i];
    for (int64_t i = 0; i < count; i++)
        square += ((double)y[i] - sum / (double)count) * ((double)y[i] - sum / (double)count);
    test_free(y);
    fv__exec_free(exec);
    fv__plan_free(plan);
    fv__net_free(net);
    return square / (double)count;
}

static void test_lsuv(void **unused) {
    (void)unused;
    float *first = NULL;
    for (int threads = 1; threads <= 3; threads++) {
        fv_context *ctx;
        assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
        fv_model *model = make_model(ctx, net_text);
        fv_dataset set = make_set(ctx);
        const size_t bytes = (size_t)model->net.graph->param_elements * sizeof(float);
        assert_true(variance_of(ctx, model, &set, "conv1") > 1.5);
        must(ctx, fv__lsuv(ctx, model, &fv__op_crossentropy, &set, model->net.recipe.batch,
                           (uint64_t)model->net.recipe.seed));
        static const char *const layers[] = {"conv1", "b", "fc1", "fc2"};
        for (int i = 0; i < 4; i++) {
            const double variance = variance_of(ctx, model, &set, layers[i]);
            if (!(fabs(variance - 1) < 0.1)) fail_msg("%s: variance %g", layers[i], variance);
        }
        /* scaled as a whole: still orthogonal */
        const fv_param *p = param(model, "fc1.weight");
        const float *w = model->weights + p->offset;
        double across = 0;
        for (int64_t i = 0; i < p->count / 20; i++)
            across += (double)w[i] * (double)w[p->count / 20 + i];
        assert_true(fabs(across) < 1e-5);
        if (!first)
            memcpy(first = test_malloc(bytes), model->weights, bytes);
        else
            assert_memory_equal(first, model->weights, bytes);
        fv__dataset_close(&set);
        fv__model_free(model);
        fv_context_free(ctx);
    }
    test_free(first);
}

/* --------------------------------------------------------------------------- class weights --- */

static void test_class_weights(void **unused) {
    (void)unused;
    fv_context *ctx;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    fv_dataset set = make_set(ctx);
    fv_long_reals *w = test_malloc(sizeof *w);
    must(ctx, fv__class_weights(ctx, "balanced", &set, w)); /* 50, 10 and 10 of 70 */
    assert_int_equal(w->count, 3);
    assert_true(fabs(w->v[0] - 70.0 / 150) < 1e-12 && fabs(w->v[1] - 70.0 / 30) < 1e-12);
    assert_true(fabs(50 * w->v[0] + 10 * w->v[1] + 10 * w->v[2] - 70) < 1e-9);
    must(ctx, fv__class_weights(ctx, "1,2,0.5", NULL, w));
    assert_true(w->count == 3 && w->v[2] == 0.5);
    assert_int_equal(fv__class_weights(ctx, "balanced", NULL, w), FV_USAGE);
    assert_int_equal(fv__class_weights(ctx, "1,-2,1", NULL, w), FV_BAD_INPUT);
    assert_int_equal(fv__class_weights(ctx, "even", NULL, w), FV_BAD_INPUT);
    test_free(w);
    fv__dataset_close(&set);
    fv_context_free(ctx);
}

/* A step with the setting is one whose network's text has the weights; those win over it. */
static void test_weighed_steps(void **unused) {
    (void)unused;
    static const char *const texts[] = {
        "net a\ninput 1x8x8\n  fc 3\ntrain batch 7 class_weights \"1,2,0.5\"\n",
        "net a\ninput 1x8x8\n  fc 3\nloss crossentropy weights 1,2,0.5\ntrain batch 7\n",
        "net a\ninput 1x8x8\n  fc 3\nloss crossentropy weights 1,2,0.5\n"
        "train batch 7 class_weights \"5,5,1\"\n",
        "net a\ninput 1x8x8\n  fc 3\ntrain batch 7\n"};
    float end[4][3 * PIXELS + 3];
    double loss[4];
    for (int i = 0; i < 4; i++) {
        fv_context *ctx;
        fv_learner *l;
        fv_learner_batch to;
        fv_step_result result;
        assert_int_equal(fv_context_new(1, &ctx), FV_OK);
        fv_model *model = make_model(ctx, texts[i]);
        must(ctx, fv__learner_new(ctx, model, &model->net.recipe, &l));
        must(ctx, fv__learner_batch(ctx, l, 7, &to));
        for (int k = 0; k < 7 * PIXELS; k++)
            to.x[k] = (float)fv__random_normal((fv_key){1, 2}, (uint64_t)k);
        for (int32_t k = 0; k < 7; k++) ((int32_t *)to.target[FV_TARGET_CLASS])[k] = k % 3;
        must(ctx, fv__learner_step(ctx, l, 7, 0.1, &result));
        memcpy(end[i], model->weights, sizeof end[i]);
        loss[i] = result.loss;
        fv__learner_free(l);
        fv__model_free(model);
        fv_context_free(ctx);
    }
    assert_true(loss[0] == loss[1] && loss[1] == loss[2] && loss[0] != loss[3]);
    assert_memory_equal(end[0], end[1], sizeof end[0]);
    assert_memory_equal(end[0], end[2], sizeof end[0]);
    assert_memory_not_equal(end[0], end[3], sizeof end[0]);
}

/* A text between quotes, in a network's text and printed again. */
static void test_texts(void **unused) {
    (void)unused;
    static const char text[] = "net a\ninput 1x8x8\n  conv 2 3x3 - fc 3\n"
                               "train batch 7 freeze \"conv1..conv1,c*\" class_weights balanced\n";
    fv_context *ctx;
    fv_net net = {0}, again = {0};
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    fv_text printed = {.ctx = ctx};
    must(ctx, fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe));
    assert_string_equal(net.recipe.freeze, "conv1..conv1,c*");
    assert_string_equal(net.recipe.class_weights, "balanced");
    must(ctx, fv__net_print(ctx, net.graph, &net.recipe, &printed));
    must(ctx, fv__net_parse(ctx, "again", printed.data, printed.length, NULL, 0, &again.graph,
                            &again.recipe));
    assert_string_equal(again.recipe.freeze, "conv1..conv1,c*");
    assert_string_equal(again.recipe.class_weights, "balanced");
    const fv_setting wrong[] = {{"freeze", "conv1 fc1"}, {"freeze", "\"conv1\""}};
    for (int i = 0; i < 2; i++) {
        fv_setting one = wrong[i];
        assert_int_equal(fv__recipe_apply(ctx, &one, 1, &again.recipe, NULL), FV_BAD_INPUT);
        assert_non_null(strstr(ctx->message, "takes no blanks and no quotes"));
    }
    fv__text_free(&printed);
    fv__net_free(net.graph);
    fv__net_free(again.graph);
    fv_context_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orthogonal),    cmocka_unit_test(test_lsuv),
        cmocka_unit_test(test_class_weights), cmocka_unit_test(test_weighed_steps),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
