/* SPDX-License-Identifier: MIT */
/*
 * test_trainer.c - the public trainer: it learns, in the same bits for any number of threads, and
 * refuses nonsense in words.
 */
#include "base/file.h"
#include "format/model.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SIDE = 12, PIXELS = SIDE * SIDE };

static int setup(void **state) {
    fv_context *ctx;
    fv_status status = fv_context_new(2, &ctx);
    *state = ctx;
    return (int)status;
}

static int teardown(void **state) {
    fv_context_free(*state);
    return 0;
}

static void fills(float *x, int64_t count, unsigned seed) {
    for (int64_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
    }
}

static void says(fv_context *ctx, fv_status got, fv_status want, const char *words) {
    if (got != want || !strstr(fv_context_error(ctx), words))
        fail_msg("gave %d: %s\n  expected %d: %s", (int)got, fv_context_error(ctx), (int)want,
                 words);
}

/* Three kinds of images: bright on the left, on the right, or in the middle. */
static void draw(float *x, int32_t *labels, int n, unsigned seed) {
    fills(x, n * PIXELS, seed);
    for (int i = 0; i < n; i++) {
        labels[i] = (int32_t)((seed + (unsigned)i) % 3);
        for (int p = 0; p < PIXELS; p++)
            if (p % SIDE / 4 == labels[i]) x[i * PIXELS + p] += 1.0f;
    }
}

/* The first loss, the mean of the last 20, and a sum of the bits it came to. */
typedef struct outcome {
    double first, last;
    uint64_t bits;
} outcome;

static outcome train(int threads, int steps) {
    outcome o = {0};
    fv_context *ctx;
    fv_trainer *t;
    fv_model *m;
    double loss = 0;
    float x[16 * PIXELS];
    int32_t labels[16];
    assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
    const char *plain = "net plain\ninput 1x12x12\n conv 8 3x3 pad 1 - bn - relu - maxpool 2\n"
                        " - fc 16 - relu - dropout 0.25 - fc 3 - softmax\n";
    assert_int_equal(fv_model_parse(ctx, plain, NULL, 1, &m), FV_OK);
    if (fv_trainer_new(ctx, m, "lr=0.05 momentum=0.9 batch=16 decay=1e-4", &t) != FV_OK)
        fail_msg("%s", fv_context_error(ctx));
    for (int s = 0; s < steps; s++) {
        int n = s % 5 == 4 ? 7 : 16;
        draw(x, labels, n, (unsigned)s);
        if (s == 120) assert_int_equal(fv_trainer_set_rate(t, 0.01), FV_OK);
        if (fv_trainer_step(t, x, labels, n, &loss) != FV_OK) fail_msg("%s", fv_context_error(ctx));
        if (s == 0) o.first = loss;
        if (s >= steps - 20) o.last += loss / 20;
    }
    o.bits =
        fv__fnv64(FV_FNV_START, m->weights, sizeof(float) * (size_t)m->net.graph->param_elements);
    fv_trainer_free(t);
    fv_model_free(m);
    fv_context_free(ctx);
    return o;
}

static void training_learns_the_same_bits(void **state) {
    (void)state;
    const outcome start = train(1, 1), one = train(1, 160), two = train(2, 160);
    assert_true(one.first > 0.5 && one.last < 0.1);
    assert_int_equal(one.bits, two.bits);
    assert_int_equal(one.bits, train(5, 160).bits);
    assert_int_not_equal(one.bits, start.bits);
}

static void trainers_refuse_nonsense(void **state) {
    fv_context *ctx = *state;
    fv_model *m;
    fv_trainer *t;
    assert_int_equal(fv_model_create(ctx, "lenet5", NULL, 1, &m), FV_OK);
    const size_t floats = 4 * (size_t)fv_model_input(m, NULL);
    float *x = calloc(floats, sizeof *x);
    int32_t labels[4] = {0, 9, 1, 2};
    double loss = -1;
    says(ctx, fv_trainer_new(ctx, m, "lrr=1", &t), FV_USAGE, "did you mean 'lr'?");
    assert_null(t);
    says(ctx, fv_trainer_new(ctx, m, "wurzelbrunft=1", &t), FV_USAGE, "no training setting");
    says(ctx, fv_trainer_new(ctx, m, "lr", &t), FV_USAGE, "NAME=VALUE");
    says(ctx, fv_trainer_new(ctx, m, "lr=fast", &t), FV_BAD_INPUT, "lr");
    says(ctx, fv_trainer_new(ctx, m, "batch=0", &t), FV_BAD_INPUT, "batch");
    says(ctx, fv_trainer_new(ctx, NULL, NULL, &t), FV_USAGE, "'model'");
    says(ctx, fv_trainer_new(ctx, m, NULL, NULL), FV_USAGE, "'out'");
    if (fv_trainer_new(ctx, m, "lr=0.01 batch=4", &t) != FV_OK) fail_msg("%s", ctx->message);
    says(ctx, fv_trainer_step(t, NULL, labels, 4, &loss), FV_USAGE, "'x'");
    says(ctx, fv_trainer_step(t, x, NULL, 4, &loss), FV_USAGE, "'labels'");
    says(ctx, fv_trainer_step(t, x, labels, 0, &loss), FV_USAGE, "1 to 4 samples");
    says(ctx, fv_trainer_step(t, x, labels, 5, &loss), FV_USAGE, "not 5");
    labels[2] = 10;
    says(ctx, fv_trainer_step(t, x, labels, 4, &loss), FV_BAD_INPUT,
         "label of sample 2 is 10; this network has classes 0 to 9");
    labels[2] = -1;
    says(ctx, fv_trainer_step(t, x, labels, 4, &loss), FV_BAD_INPUT, "is -1");
    says(ctx, fv_trainer_set_rate(t, -1), FV_USAGE, "learning rate");
    says(ctx, fv_trainer_set_rate(t, NAN), FV_USAGE, "learning rate");
    labels[2] = 1;
    float before = m->weights[0];
    x[1] = INFINITY;
    assert_int_equal(fv_trainer_step(t, x, labels, 4, &loss), FV_DIVERGED);
    assert_true(*fv_context_error(ctx));
    assert_true(m->weights[0] == before);
    x[1] = 0;
    assert_int_equal(fv_trainer_step(t, x, labels, 4, NULL), FV_OK);
    fv_trainer_free(t);
    fv_model_free(m);
    free(x);
}

/* Slopes begin where they are told to and weight decay spares them: nothing flows here but zeros,
   so that decay alone could move them. */
static void decay_spares_slopes(void **state) {
    fv_context *ctx = *state;
    fv_model *m;
    fv_trainer *t;
    const float x[36] = {0};
    const int32_t label = 1;
    if (fv_model_parse(ctx,
                       "net slopes\ninput 1x6x6\n conv 2 3x3 bias no - prelu channels initial 0.125"
                       " - prelu - fc 3 - softmax\n",
                       NULL, 1, &m) != FV_OK ||
        fv_trainer_new(ctx, m, "lr=0.5 decay=0.5 batch=1", &t) != FV_OK)
        fail_msg("%s", ctx->message);
    const fv_graph *net = m->net.graph;
    const float *first = m->weights + net->params[1].offset;
    const float *second = m->weights + net->params[2].offset, before = m->weights[0];
    for (int step = 0; step < 2; step++) {
        assert_string_equal(net->params[1].name, "prelu1.slope");
        assert_true(first[0] == 0.125f && first[1] == 0.125f && second[0] == 0.25f);
        assert_int_equal(fv_trainer_step(t, x, &label, 1, NULL), FV_OK);
    }
    assert_true(fabsf(m->weights[0]) < fabsf(before));
    fv_trainer_free(t);
    fv_model_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_learns_the_same_bits),
        cmocka_unit_test(trainers_refuse_nonsense),
        cmocka_unit_test(decay_spares_slopes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
