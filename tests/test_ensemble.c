/* SPDX-License-Identifier: MIT */
/*
 * Several models as one, against the same computed image by image: the mean of their softmax
 * outputs, in double.
 */
#include "fovea.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MODELS  3
#define IMAGES  100
#define CLASSES 10

static fv_context *ctx;
static fv_model *models[MODELS];
static fv_dataset *set;

static void must(fv_status status) {
    if (status != FV_OK) fail_msg("status %d: %s", (int)status, fv_context_error(ctx));
}

static int open_all(void **unused) {
    (void)unused;
    static const char *const texts[MODELS] = {
        "net a\ninput 1x28x28 scale 1/255\n fc 10 - softmax\n",
        "net b\ninput 1x28x28 scale 1/64\n conv 3 5x5 stride 2 - relu - fc 10\n", /* logits */
        "net c\ninput 1x28x28 scale 1/16\n maxpool 2 - fc 10 - softmax\n",
    };
    if (fv_context_new(2, &ctx) != FV_OK) return 1;
    for (int m = 0; m < MODELS; m++)
        if (fv_model_parse(ctx, texts[m], NULL, (uint64_t)m + 1, &models[m]) != FV_OK) return 1;
    return fv_dataset_open(ctx, "digits:600", 1, NULL, &set) != FV_OK;
}

static int close_all(void **unused) {
    (void)unused;
    for (int m = 0; m < MODELS; m++) fv_model_free(models[m]);
    fv_dataset_free(set);
    fv_context_free(ctx);
    return 0;
}

/* Adds a model's probabilities for every image. */
static void add_model(const fv_model *model, double sum[IMAGES][CLASSES], int32_t *labels) {
    fv_run *run;
    int64_t count;
    must(fv_run_new(ctx, model, IMAGES, &run));
    must(fv_dataset_batch(ctx, set, fv_model_net(model), NULL, 0, IMAGES, fv_run_input(run),
                          labels));
    must(fv_run_forward(run, IMAGES));
    const float *y = fv_run_output(run, 0, &count);
    for (int i = 0; i < IMAGES; i++) {
        double total = 0;
        for (int k = 0; k < CLASSES; k++)
            total += fv_model_output_is_softmax(model, 0) ? (double)y[i * CLASSES + k]
                                                          : exp((double)y[i * CLASSES + k]);
        for (int k = 0; k < CLASSES; k++)
            sum[i][k] += (fv_model_output_is_softmax(model, 0) ? (double)y[i * CLASSES + k]
                                                               : exp((double)y[i * CLASSES + k])) /
                         total;
    }
    fv_run_free(run);
}

static void mean_of_probabilities(void **unused) {
    (void)unused;
    static double sum[IMAGES][CLASSES];
    int32_t labels[IMAGES];
    int right = 0, among = 0;
    double loss = 0;
    memset(sum, 0, sizeof sum);
    for (int m = 0; m < MODELS; m++) add_model(models[m], sum, labels);
    fv_evaluation *each[MODELS], *all;
    fv_evaluation_options o = FV_INIT(fv_evaluation_options);
    o.each = 1;
    o.batch = 7;
    must(fv_evaluate_ensemble(ctx, (const fv_model *const *)models, MODELS, set, &o, each, &all));
    for (int i = 0; i < IMAGES; i++) {
        int best = 0, before = 0;
        for (int k = 1; k < CLASSES; k++)
            if (sum[i][k] > sum[i][best]) best = k;
        for (int k = 0; k < CLASSES; k++) before += sum[i][k] > sum[i][labels[i]];
        right += best == labels[i];
        among += before < 5;
        loss -= log(sum[i][labels[i]] / MODELS) / IMAGES;
        assert_int_equal(all->predicted[i], best);
        assert_true(fabs((double)all->confidence[i] - sum[i][best] / MODELS) < 1e-5);
        assert_true(fabs((double)all->label_probability[i] - sum[i][labels[i]] / MODELS) < 1e-5);
    }
    assert_int_equal(all->images, IMAGES);
    assert_int_equal(all->correct, right);
    assert_int_equal(all->correct5, among);
    assert_true(fabs(all->loss - loss) < 1e-5 * loss);
    for (int m = 0; m < MODELS; m++) {
        fv_evaluation *alone;
        must(fv_evaluate(ctx, models[m], set, &o, &alone));
        assert_int_equal(each[m]->correct, alone->correct);
        assert_true(each[m]->loss == alone->loss);
        fv_evaluation_free(alone);
        fv_evaluation_free(each[m]);
    }
    fv_evaluation_free(all);
}

/* An ensemble of one is that one. */
static void of_one(void **unused) {
    (void)unused;
    fv_evaluation *alone, *all;
    must(fv_evaluate(ctx, models[0], set, NULL, &alone));
    must(fv_evaluate_ensemble(ctx, (const fv_model *const *)models, 1, set, NULL, NULL, &all));
    assert_int_equal(all->correct, alone->correct);
    assert_int_equal(all->correct5, alone->correct5);
    assert_true(fabs(all->loss - alone->loss) < 1e-5 * alone->loss);
    fv_evaluation_free(alone);
    fv_evaluation_free(all);
}

static void refused(const fv_model *other, int count, fv_status wanted, const char *words) {
    const fv_model *two[] = {models[0], other};
    fv_evaluation *each[2], *all;
    const fv_status got = fv_evaluate_ensemble(ctx, two, count, set, NULL, each, &all);
    if (got != wanted || !strstr(fv_context_error(ctx), words))
        fail_msg("status %d: %s\n(wanted \"%s\")", (int)got, fv_context_error(ctx), words);
    assert_null(all);
    for (int i = 0; i < count; i++) assert_null(each[i]);
}

static void what_does_not_fit(void **unused) {
    (void)unused;
    fv_model *seven, *numbers;
    must(fv_model_parse(ctx, "net seven\ninput 1x28x28\n fc 7 - softmax\n", NULL, 1, &seven));
    must(fv_model_parse(ctx, "net numbers\ninput 1x28x28\n fc 10\ntrain loss smoothl1\n", NULL, 1,
                        &numbers));
    refused(seven, 2, FV_BAD_INPUT, "a has 10, and seven has 7");
    refused(numbers, 2, FV_BAD_INPUT, "numbers");
    refused(NULL, 2, FV_USAGE, "models");
    refused(seven, 0, FV_USAGE, "at least one model");
    fv_model_free(seven);
    fv_model_free(numbers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_of_probabilities),
        cmocka_unit_test(of_one),
        cmocka_unit_test(what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
