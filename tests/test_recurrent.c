/* SPDX-License-Identifier: MIT */
/*
 * test_recurrent.c - recurrent layers in networks: they learn what a sequence says, their plans
 * agree with the reference in double whoever reads their outputs, and they are written as text.
 */
#include "carry.h"
#include "format/model.h"
#include "train/learner.h"
#include <stdio.h>

#define STEPS  4
#define PLENTY 64 /* samples of a training step */

typedef int32_t label_fn(const float *sequence);

static int32_t first(const float *sequence) {
    return sequence[0] > 0;
}

/* Whether an odd number of them is positive. */
static int32_t parity(const float *sequence) {
    int positive = 0;
    for (int t = 0; t < STEPS; t++) positive += sequence[t] > 0;
    return positive % 2;
}

/* Random signs, and what they mean; the same for the same step. */
static void draw(fv_learner *l, int64_t step, label_fn *label) {
    fv_learner_batch batch;
    must(fv__learner_batch(ctx, l, PLENTY, &batch));
    const fv_key key = fv__key(9, FV_STREAM_CHECK, (uint64_t)step, 0);
    for (int64_t n = 0; n < PLENTY; n++) {
        float *sequence = batch.x + n * STEPS;
        for (int64_t t = 0; t < STEPS; t++)
            sequence[t] = fv__random_below(key, (uint64_t)(n * STEPS + t), 2) ? 1 : -1;
        ((int32_t *)batch.target[FV_TARGET_CLASS])[n] = label(sequence);
    }
}

/* Trains a net of such sequences and asks that it is right about nearly all of the last ones. */
static void learns(const char *text, label_fn *label, int64_t most) {
    fv_net net = {0};
    fv_model *model;
    fv_recipe recipe;
    fv_learner *l;
    fv_step_result result = {0};
    must(fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe));
    must(fv__model_new(ctx, &net, 1, &model));
    fv__recipe_defaults(&recipe);
    recipe.batch = PLENTY;
    fv_setting adam[] = {{"optimizer", "adam"}};
    must(fv__recipe_apply(ctx, adam, 1, &recipe, NULL));
    must(fv__learner_new(ctx, model, &recipe, &l));
    int64_t good = 0; /* steps in a row that were */
    for (int64_t step = 0; step < most && good < 5; step++) {
        draw(l, step, label);
        must(fv__learner_step(ctx, l, PLENTY, 0.02, &result));
        good = result.tally.right >= PLENTY - 1 ? good + 1 : 0;
    }
    if (good < 5)
        fail_msg("after %d steps %d of %d are right: %s", (int)most, (int)result.tally.right,
                 PLENTY, text);
    fv__learner_free(l);
    fv__model_free(model);
}

static void test_first_is_remembered(void **state) {
    (void)state;
    learns("input 4x1x1\n lstm 6 as memory - from memory.2 - fc 2\n", first, 400);
    learns("input 4x1x1\n gru 6 as memory - from memory.2 - fc 2\n", first, 400);
    learns("input 4x1x1\n rnn 6 as memory - from memory.2 - fc 2\n", first, 400);
    learns("input 4x1x1\n gru 4 direction reverse - fc 2\n", first, 400);
}

static void test_parity_is_learned(void **state) {
    (void)state;
    learns("input 4x1x1\n lstm 10 as memory - from memory.2 - fc 2\n", parity, 2000);
    learns("input 4x1x1\n gru 10 linear_before_reset as memory - from memory.2 - fc 2\n", parity,
           2000);
}

/* `highest` of more_ops.h gives a whole number for each sample: here a length, 0 and more
   than there are steps included. */
static const char *const texts[] = {
    /* all steps; the last states alone; all three outputs */
    "input 4x3x1\n lstm 3 - relu - rnn 2 activation relu - fc 3\n",
    "input 4x3x1\n lstm 3 direction both as m - from m.3 - fc 3\n",
    "input 4x3x1\n gru 3 as m - concat { from m.2 | gru 3 direction reverse } - tanh - fc 3\n"
    "head side from m.2 - fc 3\n",
    /* a decoder that starts where an encoder ended */
    "input 4x3x1\n lstm 4 as e - lstm 4 { from input | from e.2 | from e.3 } - fc 3\n",
    /* lengths, and a state beside them */
    "input 4x3x1\n highest as n - gru 3 direction both { from input | from n } as m\n"
    " - lstm 3 peepholes { identity | from n } - add { identity | rnn 3 } - fc 3\n",
    "input 4x3x1\n highest as n - rnn 3 { from input | from n } as m\n"
    " - gru 3 { from input | from n | from m.2 } - fc 3\n",
    /* weights read twice */
    "input 4x3x1\n gru 3 as one - gru 3 direction reverse share one - fc 3\n",
};

static void test_plans_agree(void **state) {
    (void)state;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        fv_graph *net = parse(texts[t]);
        trains(net);
        fv__net_free(net);
    }
}

static void test_written_as_text(void **state) {
    (void)state;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        fv_graph *net = parse(texts[t]);
        fv_text once = {.ctx = ctx}, again = {.ctx = ctx};
        must(fv__net_print(ctx, net, NULL, &once));
        must(fv__text_done(ctx, &once));
        fv_graph *read = parse(once.data);
        must(fv__net_print(ctx, read, NULL, &again));
        must(fv__text_done(ctx, &again));
        assert_string_equal(once.data, again.data);
        assert_int_equal(read->param_elements, net->param_elements);
        fv__text_free(&once);
        fv__text_free(&again);
        fv__net_free(read);
        fv__net_free(net);
    }
}

/* A sequence's end counts: what lies beyond it changes nothing, and y is 0 there. */
static void test_beyond_the_end(void **state) {
    (void)state;
    fv_graph *net =
        parse("input 4x3x1\n highest as n - lstm 2 direction both { from input | from n }"
              " as m - fc 3\n");
    float *weights = calloc((size_t)net->param_elements, sizeof *weights);
    float image[BATCH * 12], y[BATCH * 16], last[BATCH * 4];
    assert_non_null(weights);
    fv__net_initialise(net, FV_HE, 3, weights);
    infer(net, weights, "m", y, image);
    infer(net, weights, "m.2", last, image);
    for (int n = 0; n < BATCH; n++) {
        int length = 0; /* which is the largest of the sample's numbers; there are 4 steps */
        for (int t = 1; t < 12; t++)
            if (image[n * 12 + t] > image[n * 12 + length]) length = t;
        if (length > 4) length = 4;
        for (int t = length; t < 4; t++)
            for (int j = 0; j < 4; j++) assert_true(y[n * 16 + t * 4 + j] == 0);
        if (length == 0) continue;
        assert_memory_equal(last + n * 4, y + n * 16 + (length - 1) * 4, 2 * sizeof(float));
        assert_memory_equal(last + n * 4 + 2, y + n * 16 + 2, 2 * sizeof(float));
    }
    free(weights);
    fv__net_free(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_is_remembered), cmocka_unit_test(test_parity_is_learned),
        cmocka_unit_test(test_plans_agree),         cmocka_unit_test(test_written_as_text),
        cmocka_unit_test(test_beyond_the_end),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
