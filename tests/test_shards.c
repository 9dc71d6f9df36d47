/* SPDX-License-Identifier: MIT */
/*
 * test_shards.c - a batch cut into shards whose gradients are added in a fixed binary tree: the
 * same bits whether one learner computes all of them or several share them, with any number of
 * threads.
 */
#include "lang/lang.h"
#include "train/learner.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define STEPS    4
#define LEARNERS 8

static const char mixed[] =
    "net mixed\ninput 2x8x8\n"
    "  conv 6 3x3 pad 1 - bn - relu - maxpool 2 - dropout 0.3\n"
    "  - conv 8 3x3 - bn momentum 0.3 - tanh - fc 12 - relu - dropout 0.5 - fc 5 - softmax\n"
    "train optimizer adam lr 0.01 batch 64\n";
/* Nothing that sees other samples: shards change only how sums are rounded. */
static const char alone[] =
    "net alone\ninput 2x8x8\n"
    "  conv 6 3x3 pad 1 - relu - maxpool 2 - dropout 0.3 - fc 9 - tanh\n"
    "  - dropout 0.5 - fc 5 - softmax\ntrain lr 0.05 momentum 0.9 batch 64\n";

static fv_context *new_context(int threads) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
    return ctx;
}

static void must(const fv_context *ctx, fv_status status) {
    if (status != FV_OK) fail_msg("%s", ctx->message);
}

static fv_model *model_of(fv_context *ctx, const char *text) {
    fv_net net = {0};
    fv_model *model;
    must(ctx, fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe));
    must(ctx, fv__model_new(ctx, &net, 1, &model));
    return model;
}

static fv_recipe recipe_of(fv_context *ctx, const fv_model *model, int shards) {
    fv_recipe recipe = model->net.recipe;
    char value[16];
    snprintf(value, sizeof value, "%d", shards);
    fv_setting setting[] = {{"shards", value}};
    must(ctx, fv__recipe_apply(ctx, setting, 1, &recipe, NULL));
    assert_int_equal(recipe.shards, shards);
    return recipe;
}

/* ------------------------------------------------------------ learners that share a batch --- */

/* Every learner has a model of its own, as it would on a machine of its own. */
typedef struct group {
    fv_context *ctx;
    int count;
    fv_shards part[LEARNERS];
    fv_model *model[LEARNERS];
    fv_learner *learner[LEARNERS];
} group;

static group new_group(fv_context *ctx, const char *text, int shards, const fv_shards *parts,
                       int count) {
    group g = {.ctx = ctx, .count = count};
    for (int i = 0; i < count; i++) {
        g.model[i] = model_of(ctx, text);
        const fv_recipe recipe = recipe_of(ctx, g.model[i], shards);
        g.part[i] = parts[i];
        must(ctx, fv__learner_new_part(ctx, g.model[i], &recipe, parts[i], &g.learner[i]));
    }
    return g;
}

static void free_group(group *g) {
    for (int i = 0; i < g->count; i++) {
        fv__learner_free(g->learner[i]);
        fv__model_free(g->model[i]);
    }
}

/* Lays the samples of a learner, which follow from their number in the whole batch. */
static int64_t lay(fv_context *ctx, fv_learner *l, int64_t n, int step) {
    fv_learner_batch to;
    int64_t count;
    const int64_t first = fv__learner_first(l, n, &count);
    const fv_key key = fv__key(7, FV_STREAM_CHECK, (uint64_t)step, 0);
    must(ctx, fv__learner_batch(ctx, l, n, &to));
    for (int64_t i = 0; i < count; i++) {
        for (int64_t k = 0; k < 128; k++)
            to.x[i * 128 + k] = (float)fv__random_normal(key, (uint64_t)((first + i) * 128 + k)) +
                                (float)((first + i) % 2);
        ((int32_t *)to.target[FV_TARGET_CLASS])[i] = (int32_t)((first + i) * 3 % 5);
    }
    return count;
}

/* The gradients of shards [first, first + count) added up as the tree says, in the block of the
   learner that has the first of them: where one learner has them all, that is what it computed. */
static float *tree_sum(const group *g, int first, int count) {
    const fv_device *device = g->ctx->device;
    for (int i = 0; i < g->count; i++)
        if (g->part[i].first == first && g->part[i].count == count)
            return fv__learner_gradients(g->learner[i]);
    assert_true(count > 1);
    int half = 1;
    while (2 * half < count) half *= 2;
    float *left = tree_sum(g, first, half), *right = tree_sum(g, first + half, count - half);
    device->add(g->ctx, left, right, fv__learner_net(g->learner[0])->param_elements);
    return left;
}

static fv_step_result shared_step(const group *g, int shards, int64_t n, int step, double lr) {
    fv_step_result whole = {0};
    double divisor = 0;
    for (int i = 0; i < g->count; i++)
        divisor += fv__learner_divisor(g->learner[i], lay(g->ctx, g->learner[i], n, step), 0);
    assert_true(divisor == (double)n);
    for (int i = 0; i < g->count; i++) {
        fv_step_result mine;
        fv__learner_gradient(g->ctx, g->learner[i], n, &divisor, &mine);
        whole.loss += mine.loss;
        whole.tally.right += mine.tally.right;
        whole.tally.counted += mine.tally.counted;
    }
    const float *sum = tree_sum(g, 0, shards);
    const size_t bytes = (size_t)fv__learner_net(g->learner[0])->param_elements * sizeof *sum;
    for (int i = 0; i < g->count; i++) {
        g->ctx->device->copy(fv__learner_gradients(g->learner[i]), sum, bytes);
        must(g->ctx, fv__learner_apply(g->ctx, g->learner[i], lr));
    }
    return whole;
}

static void same_bits(const fv_model *a, const fv_model *b) {
    assert_memory_equal(a->weights, b->weights,
                        (size_t)a->net.graph->param_elements * sizeof(float));
}

/* One learner with all the shards. */
static fv_model *trained(fv_context *ctx, const char *text, int shards, int64_t n,
                         fv_step_result *result) {
    fv_model *model = model_of(ctx, text);
    const fv_recipe recipe = recipe_of(ctx, model, shards);
    fv_learner *l;
    must(ctx, fv__learner_new(ctx, model, &recipe, &l));
    for (int step = 0; step < STEPS; step++) {
        lay(ctx, l, n, step);
        must(ctx, fv__learner_step(ctx, l, n, recipe.lr, result));
    }
    fv__learner_free(l);
    return model;
}

/* The same steps by learners that share them: every one ends with the bits of the one that had all.
 */
static void shares(const char *text, int shards, int64_t n, const fv_shards *parts, int count) {
    fv_context *ctx = new_context(2);
    fv_step_result all, shared = {0};
    fv_model *whole = trained(ctx, text, shards, n, &all);
    group g = new_group(ctx, text, shards, parts, count);
    for (int step = 0; step < STEPS; step++)
        shared = shared_step(&g, shards, n, step, g.model[0]->net.recipe.lr);
    for (int i = 0; i < count; i++) same_bits(g.model[i], whole);
    assert_float_equal(shared.loss, all.loss, 1e-12);
    assert_int_equal(shared.tally.right, all.tally.right);
    assert_int_equal(shared.tally.counted, n);
    free_group(&g);
    fv__model_free(whole);
    fv_context_free(ctx);
}

#define PARTS(...)                                                                                 \
    (const fv_shards[]){__VA_ARGS__}, sizeof((fv_shards[]){__VA_ARGS__}) / sizeof(fv_shards)

static void test_learners_share_four(void **state) {
    (void)state;
    for (int uneven = 0; uneven < 2; uneven++) {
        const int64_t n = uneven ? 61 : 64;
        shares(mixed, 4, n, PARTS({0, 4}));
        shares(mixed, 4, n, PARTS({0, 2}, {2, 2}));
        shares(mixed, 4, n, PARTS({0, 1}, {1, 1}, {2, 1}, {3, 1}));
        shares(mixed, 4, n, PARTS({0, 2}, {2, 1}, {3, 1}));
    }
}

static void test_learners_share_three_and_five(void **state) {
    (void)state;
    shares(mixed, 3, 64, PARTS({0, 2}, {2, 1}));
    shares(mixed, 3, 61, PARTS({0, 1}, {1, 1}, {2, 1}));
    shares(mixed, 5, 61, PARTS({0, 4}, {4, 1}));
    shares(mixed, 5, 64, PARTS({0, 2}, {2, 2}, {4, 1}));
    shares(mixed, 7, 50, PARTS({0, 4}, {4, 3}));
    shares(mixed, 7, 50, PARTS({0, 4}, {4, 2}, {6, 1}));
}

static void test_same_bits_for_any_threads(void **state) {
    (void)state;
    for (int shards = 1; shards <= 5; shards += 2) {
        fv_context *one = new_context(1), *two = new_context(2);
        fv_step_result a, b;
        fv_model *x = trained(one, mixed, shards, 61, &a), *y = trained(two, mixed, shards, 61, &b);
        same_bits(x, y);
        assert_true(a.loss == b.loss);
        fv__model_free(x);
        fv__model_free(y);
        fv_context_free(one);
        fv_context_free(two);
    }
}

static double distance(const fv_model *a, const fv_model *b) {
    double gap = 0, norm = 0;
    for (int64_t i = 0; i < a->net.graph->param_elements; i++) {
        gap += ((double)a->weights[i] - b->weights[i]) * ((double)a->weights[i] - b->weights[i]);
        norm += (double)a->weights[i] * a->weights[i];
    }
    return sqrt(gap / norm);
}

/* Dropout's numbers belong to the sample, so that without bn shards change no more than rounding;
   with it, statistics are each shard's own and the weights others. */
static void test_shards_and_none(void **state) {
    (void)state;
    fv_context *ctx = new_context(1);
    fv_step_result a, b;
    for (int64_t n = 61; n <= 64; n += 3)
        for (int shards = 2; shards <= 64; shards = shards == 4 ? 61 : shards + 1) {
            if (n < shards) continue;
            fv_model *one = trained(ctx, alone, 1, n, &a),
                     *cut = trained(ctx, alone, shards, n, &b);
            assert_float_equal(a.loss, b.loss, 1e-5);
            assert_int_equal(a.tally.right, b.tally.right);
            assert_true(distance(one, cut) < 1e-5);
            fv__model_free(one);
            fv__model_free(cut);
        }
    fv_model *one = trained(ctx, mixed, 1, 64, &a), *cut = trained(ctx, mixed, 4, 64, &b);
    assert_true(distance(one, cut) > 1e-4);
    fv__model_free(one);
    fv__model_free(cut);
    fv_context_free(ctx);
}

/* What bn observes of the batch is the mean of its shards, each counted by its samples. */
static void test_running_statistics(void **state) {
    (void)state;
    static const char text[] = "net stats\ninput 2x8x8\n bn momentum 1 - globalavgpool - fc 5\n"
                               "train lr 0.1 batch 61\n";
    fv_context *ctx = new_context(1);
    fv_model *model = model_of(ctx, text);
    const fv_recipe recipe = recipe_of(ctx, model, 4);
    fv_learner *l;
    fv_learner_batch batch;
    fv_step_result result;
    double mean[2] = {0}, variance[2] = {0};
    must(ctx, fv__learner_new(ctx, model, &recipe, &l));
    lay(ctx, l, 61, 0);
    must(ctx, fv__learner_batch(ctx, l, 61, &batch));
    for (int shard = 0, first = 0; shard < 4; shard++) { /* 16, 15, 15, 15 samples */
        const int count = shard == 0 ? 16 : 15;
        for (int c = 0; c < 2; c++) {
            double sum = 0, square = 0;
            const double m = count * 64;
            for (int i = first * 64; i < (first + count) * 64; i++) {
                const double x = batch.x[(i / 64 * 2 + c) * 64 + i % 64];
                sum += x;
                square += x * x;
            }
            mean[c] += sum / m * count / 61;
            variance[c] += (square / m - sum / m * (sum / m)) * m / (m - 1) * count / 61;
        }
        first += count;
    }
    must(ctx, fv__learner_step(ctx, l, 61, 0.1, &result));
    const fv_graph *net = model->net.graph;
    const float *running = model->weights + net->params[fv__net_find_param(net, "bn1.mean")].offset;
    const float *spread =
        model->weights + net->params[fv__net_find_param(net, "bn1.variance")].offset;
    for (int c = 0; c < 2; c++) {
        assert_float_equal(running[c], mean[c], 1e-5);
        assert_float_equal(spread[c], variance[c], 1e-4);
    }
    fv__learner_free(l);
    fv__model_free(model);
    fv_context_free(ctx);
}

/* --------------------------------------------------------------------------- what cannot --- */

static void refuses_part(fv_context *ctx, fv_model *model, int shards, fv_shards part) {
    const fv_recipe recipe = recipe_of(ctx, model, shards);
    fv_learner *l;
    char message[128];
    assert_int_equal(fv__learner_new_part(ctx, model, &recipe, part, &l), FV_USAGE);
    assert_null(l);
    snprintf(message, sizeof message, "%d shards from %d on are no node of the tree of %d shards",
             part.count, part.first, shards);
    assert_string_equal(ctx->message, message);
}

static void test_what_cannot(void **state) {
    (void)state;
    fv_context *ctx = new_context(1);
    fv_model *model = model_of(ctx, mixed);
    static const fv_shards wrong[] = {{1, 2}, {0, 3}, {2, 3},  {0, 5},  {3, 2},
                                      {4, 1}, {1, 3}, {-2, 2}, {5, -1}, {1, 4}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) refuses_part(ctx, model, 4, wrong[i]);
    refuses_part(ctx, model, 5, (fv_shards){2, 3});
    /* fewer samples than shards: of the batch, or of the last one of an epoch */
    fv_recipe recipe = recipe_of(ctx, model, 8);
    fv_learner *l;
    fv_learner_batch batch;
    must(ctx, fv__learner_new(ctx, model, &recipe, &l));
    assert_int_equal(fv__learner_batch(ctx, l, 7, &batch), FV_BAD_INPUT);
    assert_string_equal(ctx->message,
                        "7 samples cannot be cut into 8 shards; take fewer shards, or "
                        "a batch that does not leave so few at the end");
    fv__learner_free(l);
    recipe.batch = 5;
    assert_int_equal(fv__learner_new(ctx, model, &recipe, &l), FV_BAD_INPUT);
    assert_null(l);
    fv_setting none[] = {{"shards", "0"}};
    assert_true(fv__recipe_apply(ctx, none, 1, &recipe, NULL) != FV_OK);
    fv__model_free(model);
    fv_context_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learners_share_four),
        cmocka_unit_test(test_learners_share_three_and_five),
        cmocka_unit_test(test_same_bits_for_any_threads),
        cmocka_unit_test(test_shards_and_none),
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_what_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
