/* SPDX-License-Identifier: MIT */
/*
 * test_views.c - the views that a test averages over: where they lie, and that eval's numbers are
 * those of the mean of their probabilities.
 */
#include "api/given.h"
#include "data/views.h"
#include "lang/lang.h"
#include "sample_fixture.h"
#include "train/evaluate.h"
#include <math.h>

static void near(double got, double want, double slack) {
    if (!(fabs(got - want) <= slack)) fail_msg("%.9g, expected %.9g", got, want);
}

static fv_model *model_of(const char *text) {
    fv_net net = {0};
    fv_model *model;
    if (fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe) != FV_OK ||
        fv__model_new(ctx, &net, 1, &model) != FV_OK)
        fail_msg("%s", ctx->message);
    return model;
}

/* An image of w x h whose pixel (x, y) is 16 y + x. */
static void draw(uint8_t *pixels, int w, int h) {
    for (int i = 0; i < w * h; i++) pixels[i] = (uint8_t)(16 * (i / w) + i % w);
}

/* Of 9x7 the middle 4x4 is cut out; the corners are the image's own. */
static void corners_of_a_crop(void **state) {
    (void)state;
    static const int left[5] = {0, 5, 0, 5, 2}, top[5] = {0, 0, 3, 3, 2}; /* 2.5 and 1.5, to even */
    fv_model *model = model_of("input 1x4x4 crop 4x4\n fc 2 - softmax");
    uint8_t pixels[63];
    float x[16];
    draw(pixels, 9, 7);
    for (int v = 0; v < 10; v++) {
        if (fv_model_take_view(ctx, model, pixels, 9, 7, 1, FV_VIEWS_TEN, v, x) != FV_OK)
            fail_msg("%s", ctx->message);
        for (int i = 0; i < 16; i++) {
            const int at = left[v % 5] + (v < 5 ? i % 4 : 3 - i % 4);
            assert_true(x[i] == (float)(16 * (top[v % 5] + i / 4) + at));
        }
    }
    assert_int_equal(fv_model_take_view(ctx, model, pixels, 9, 7, 1, FV_VIEWS_TEN, 10, x),
                     FV_USAGE);
    float plain[16];
    assert_int_equal(fv_model_take_pixels(ctx, model, pixels, 9, 7, 1, plain), FV_OK);
    assert_int_equal(fv_model_take_view(ctx, model, pixels, 9, 7, 1, FV_VIEWS_FLIP, 0, x), FV_OK);
    assert_memory_equal(x, plain, sizeof x);
    assert_int_equal(fv_model_take_view(ctx, model, pixels, 9, 7, 1, FV_VIEWS_FLIP, 1, x), FV_OK);
    for (int i = 0; i < 16; i++) assert_true(x[i] == plain[i / 4 * 4 + 3 - i % 4]);
    fv__model_free(model);
}

/* Where the input cuts nothing: 7 of 8 pixels of each side of a larger image; of one that is not
   larger a sentence. */
static void corners_without_a_crop(void **state) {
    (void)state;
    fv_model *model = model_of("input 1x7x7\n fc 2 - softmax");
    uint8_t pixels[64];
    float x[49];
    draw(pixels, 8, 8);
    for (int v = 0; v < 4; v++) {
        assert_int_equal(fv_model_take_view(ctx, model, pixels, 8, 8, 1, FV_VIEWS_TEN, v, x),
                         FV_OK);
        for (int i = 0; i < 49; i++)
            assert_true(x[i] == (float)(16 * (v / 2 + i / 7) + v % 2 + i % 7));
    }
    assert_int_equal(fv_model_take_view(ctx, model, pixels, 7, 7, 1, FV_VIEWS_TEN, 0, x),
                     FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "has no corners for ten views"));
    assert_int_equal(fv_model_take_view(ctx, model, pixels, 7, 7, 1, FV_VIEWS_FLIP, 1, x), FV_OK);
    fv__model_free(model);
}

/* By the public functions, a view at a time. */
static void mean_of(fv_model *model, const fv_dataset *set, fv_views views, int64_t i,
                    double mean[7]) {
    fv_run *run;
    fv_arena scratch;
    fv_sample s;
    int64_t count;
    fv__arena_init(&scratch, ctx);
    assert_int_equal(fv__dataset_sample(ctx, set, i, &scratch, &s), FV_OK);
    assert_int_equal(fv_run_new(ctx, model, 1, &run), FV_OK);
    for (int c = 0; c < 7; c++) mean[c] = 0;
    for (int v = 0; v < fv_views_count(views); v++) {
        assert_int_equal(fv_model_take_view(ctx, model, s.image.data, s.image.width, s.image.height,
                                            1, views, v, fv_run_input(run)),
                         FV_OK);
        assert_int_equal(fv_run_forward(run, 1), FV_OK);
        const float *y = fv_run_output(run, 0, &count);
        assert_int_equal(count, 7);
        for (int c = 0; c < 7; c++) mean[c] += (double)y[c] / fv_views_count(views);
    }
    fv_run_free(run);
    fv__arena_free(&scratch);
}

static void evaluated(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 1, .height = 8, .width = 10};
    fv_dataset set = open_set(&p);
    fv_model *model = model_of("input 1x5x5 resize 7 crop 5 scale 1/64\n fc 7 - softmax");
    double losses[3];
    for (int views = 0; views < 3; views++) {
        int32_t predicted[30];
        float confidence[30], right[30];
        fv_evaluator *e;
        fv_scores s = {.views = views,
                       .predicted = predicted,
                       .confidence = confidence,
                       .label_confidence = right};
        double loss = 0;
        int64_t correct = 0;
        assert_int_equal(fv__evaluator_new(ctx, model, NULL, 8, NULL, &e), FV_OK);
        if (fv__evaluate(ctx, e, &set, &s) != FV_OK) fail_msg("%s", ctx->message);
        for (int i = 0; i < 30; i++) {
            double mean[7];
            int best = 0;
            mean_of(model, &set, (fv_views)views, i, mean);
            for (int c = 1; c < 7; c++)
                if (mean[c] > mean[best]) best = c;
            loss -= log(mean[i % 7]) / 30;
            correct += best == i % 7;
            assert_int_equal(predicted[i], best);
            near((double)confidence[i], mean[best], 1e-5);
            near((double)right[i], mean[i % 7], 1e-5);
        }
        near(s.loss, loss, 1e-5);
        assert_int_equal(s.tally.right, correct);
        assert_int_equal(s.tally.counted, 30);
        losses[views] = s.loss;
        fv__evaluator_free(e);
    }
    assert_true(losses[0] != losses[1] && losses[1] != losses[2]);
    fv__model_free(model);
    /* numbers have no probabilities */
    model = model_of("input 1x5x5\n fc 3\nloss squarederror target vector");
    fv_evaluator *e;
    fv_scores s = {.views = FV_VIEWS_FLIP};
    assert_int_equal(fv__evaluator_new(ctx, model, NULL, 8, NULL, &e), FV_OK);
    assert_int_equal(fv__evaluate(ctx, e, &set, &s), FV_USAGE);
    assert_non_null(strstr(ctx->message, "one class per image by crossentropy"));
    fv__evaluator_free(e);
    fv__model_free(model);
    fv__dataset_close(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corners_of_a_crop),
        cmocka_unit_test(corners_without_a_crop),
        cmocka_unit_test(evaluated),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
