/* SPDX-License-Identifier: MIT */
/*
 * test_carry_heads.c - heads with losses of their own over samples with several targets: a class
 * for every pixel, some of them unlabelled, one for the image, numbers. They train, their gradients
 * are right, and what is counted follows the main head.
 */
#include "carry.h"
#include "train/evaluate.h"
#include "train/learner.h"

#define SIDE    8
#define COUNT   48
#define UNKNOWN 255
#define PIXELS  (SIDE * SIDE)

/* ------------------------------------------------------------------------------ the data --- */

/* A bright square on a dark ground: what is to be learned is which pixels it covers, in which half
   it lies, and where its middle is. Pixels beside its edges have no label. */
static fv_status draw(fv_context *c, void *user, int64_t i, fv_arena *scratch, fv_sample *out) {
    (void)c, (void)user;
    uint8_t *pixels = fv__arena_alloc(scratch, PIXELS), *map = fv__arena_alloc(scratch, PIXELS);
    int32_t *half = fv__arena_alloc(scratch, sizeof *half);
    float *middle = fv__arena_alloc(scratch, 2 * sizeof *middle);
    if (!pixels || !map || !half || !middle) return FV_EXHAUSTED;
    const int64_t left = i % 6, top = i / 6 % 6;
    for (int64_t y = 0; y < SIDE; y++)
        for (int64_t x = 0; x < SIDE; x++) {
            const int64_t dx = x - left, dy = y - top;
            const bool inside = dx >= 0 && dx < 3 && dy >= 0 && dy < 3;
            const bool near = dx >= -1 && dx < 4 && dy >= -1 && dy < 4;
            pixels[y * SIDE + x] = (uint8_t)(inside ? 200 : 20 + (i * 7 + x * 3 + y * 5) % 40);
            map[y * SIDE + x] = inside ? 1 : near ? UNKNOWN : 0;
        }
    *half = left > 2;
    middle[0] = (float)(left - 2) / 3;
    middle[1] = (float)(top - 2) / 3;
    *out = (fv_sample){.image = {.data = pixels,
                                 .dtype = FV_U8,
                                 .width = SIDE,
                                 .height = SIDE,
                                 .channels = 1,
                                 .row = SIDE,
                                 .column = 1,
                                 .plane = PIXELS},
                       .target = {{FV_TARGET_CLASS, FV_I32, {0}, half},
                                  {FV_TARGET_MAP, FV_U8, {2, {SIDE, SIDE}}, map},
                                  {FV_TARGET_VECTOR, FV_F32, {1, {2}}, middle}},
                       .targets = 3};
    return FV_OK;
}

static fv_dataset open_squares(void) {
    fv_dataset set;
    const fv_sample_source source = {
        .name = "squares",
        .count = COUNT,
        .target = {{FV_TARGET_CLASS, 0}, {FV_TARGET_MAP, 0}, {FV_TARGET_VECTOR, 2}},
        .targets = 3,
        .classes = 2,
        .dtype = FV_U8,
        .channels = 1,
        .height = SIDE,
        .width = SIDE,
        .sample = draw};
    must(fv__dataset_from(ctx, &source, &set));
    return set;
}

/* -------------------------------------------------------------------------- the training --- */

static fv_model *model_of(const char *text) {
    fv_net net = {0};
    fv_model *model;
    must(fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe));
    must(fv__model_new(ctx, &net, 1, &model));
    return model;
}

/* Trains for so many epochs; the mean losses of the first and of the last. */
static fv_tally train(fv_model *model, const fv_dataset *set, int epochs, double *first,
                      double *last) {
    fv_learner *l;
    fv_tally tally = {0, 0};
    must(fv__learner_new(ctx, model, &model->net.recipe, &l));
    must(fv__targets_fit(ctx, set, fv__learner_net(l)));
    for (int e = 0; e < epochs; e++) {
        double sum = 0;
        tally = (fv_tally){0, 0};
        for (int64_t at = 0; at < set->count; at += 16) {
            const fv_batch batch = {.start = at, .n = 16};
            fv_learner_batch to;
            fv_step_result result;
            must(fv__learner_batch(ctx, l, 16, &to));
            must(fv__targets_fill(ctx, set, &model->net.graph->input, &batch, &to));
            must(fv__learner_step(ctx, l, 16, model->net.recipe.lr, &result));
            sum += result.loss / 3;
            tally.right += result.tally.right;
            tally.counted += result.tally.counted;
        }
        if (e == 0) *first = sum;
        *last = sum;
    }
    fv__learner_free(l);
    return tally;
}

static fv_scores evaluate(const fv_model *model, const fv_dataset *set) {
    fv_evaluator *e;
    fv_scores scores = {0};
    must(fv__evaluator_new(ctx, model, NULL, 20, NULL, &e)); /* 20, 20, 8 */
    must(fv__evaluate(ctx, e, set, &scores));
    fv__evaluator_free(e);
    return scores;
}

static void gradients_are_right(const char *text) {
    const fv_check_options options = {.batch = 2, .points = 6, .tolerance = 1e-7, .seed = 3};
    fv_check_report report;
    fv_graph *net = parse(text);
    must(fv__gradients_check(ctx, net, NULL, &options, NULL, NULL, &report));
    fv__gradients_free(&report);
    fv__net_free(net);
}

/* --------------------------------------------------------------------------------- tests --- */

#define TRUNK                                                                                      \
    "input 1x8x8 scale 1/255 mean 0.3 std 0.3\n"                                                   \
    "  conv 8 3x3 pad 1 - relu - conv 8 3x3 pad 1 - relu as maps"
#define RECIPE "train optimizer adam lr 0.01 batch 16\n"

static const char map_text[] = "net map\n" TRUNK " - conv 2 1x1\n"
                               "loss crossentropy ignore 255\n"
                               "head half weight 0.5 from maps - maxpool 2 - fc 2 - softmax\n"
                               "head middle weight 0.25 training loss squarederror target vector\n"
                               "  from maps - fc 2\n" RECIPE;

static int64_t labelled(const fv_dataset *set) {
    int64_t count = 0;
    for (int64_t i = 0; i < set->count; i++) {
        fv_arena scratch;
        fv_sample sample;
        fv__arena_init(&scratch, ctx);
        must(fv__dataset_sample(ctx, set, i, &scratch, &sample));
        for (int k = 0; k < PIXELS; k++)
            count += ((const uint8_t *)sample.target[1].data)[k] != UNKNOWN;
        fv__arena_free(&scratch);
    }
    return count;
}

static void test_a_map_and_a_class(void **state) {
    (void)state;
    fv_dataset set = open_squares();
    fv_model *model = model_of(map_text);
    double first, last;
    gradients_are_right(map_text);
    const fv_tally trained = train(model, &set, 30, &first, &last);
    print_message("losses from %.4f to %.4f, %lld of %lld pixels right\n", first, last,
                  (long long)trained.right, (long long)trained.counted);
    assert_true(last < first / 4);
    /* pixels are counted, those without a label are not */
    assert_int_equal(trained.counted, labelled(&set));
    const fv_scores scores = evaluate(model, &set);
    assert_int_equal(scores.images, COUNT);
    assert_int_equal(scores.tally.counted, labelled(&set));
    assert_true(scores.tally.right * 100 > scores.tally.counted * 95);
    assert_true(scores.loss < 0.2);
    fv__model_free(model);
    fv__dataset_close(&set);
}

/* The same the other way round: the class is counted, whatever else is learned. */
static void test_the_main_head_is_counted(void **state) {
    (void)state;
    static const char text[] = "net half\n" TRUNK " - maxpool 2 - fc 2 - softmax\n"
                               "head pixels training loss crossentropy ignore 255\n"
                               "  from maps - conv 2 1x1\n" RECIPE;
    fv_dataset set = open_squares();
    fv_model *model = model_of(text);
    double first, last;
    gradients_are_right(text);
    const fv_tally trained = train(model, &set, 30, &first, &last);
    assert_true(last < first / 2);
    assert_int_equal(trained.counted, COUNT);
    const fv_scores scores = evaluate(model, &set);
    assert_int_equal(scores.tally.counted, COUNT);
    assert_true(scores.tally.right * 10 >= COUNT * 9);
    assert_int_equal(scores.correct5, COUNT); /* of two classes */
    fv__model_free(model);
    fv__dataset_close(&set);
}

/* Numbers have no right and wrong: their loss is all there is. */
static void test_numbers(void **state) {
    (void)state;
    static const char text[] = "net middle\n" TRUNK " - fc 2\n"
                               "loss squarederror target vector\n" RECIPE;
    fv_dataset set = open_squares();
    fv_model *model = model_of(text);
    double first, last;
    gradients_are_right(text);
    const fv_tally trained = train(model, &set, 30, &first, &last);
    assert_true(last < first / 5);
    assert_int_equal(trained.counted, 0);
    const fv_scores scores = evaluate(model, &set);
    assert_int_equal(scores.tally.counted, 0);
    assert_true(scores.loss < first / 5);
    fv__model_free(model);
    fv__dataset_close(&set);
}

/* A loss of pixels is the mean over those that have a label, in the whole batch: with the labels of
   one sample gone, it is that of the others. */
static void test_ignored_pixels_weigh_nothing(void **state) {
    (void)state;
    static const char text[] = "net tiny\ninput 1x8x8\n conv 3 3x3 pad 1\n"
                               "loss crossentropy ignore 9\ntrain batch 3\n";
    double losses[2];
    float *gradients[2];
    int64_t count = 0;
    for (int round = 0; round < 2; round++) { /* of two samples; of these and one without labels */
        const int64_t n = 2 + round;
        fv_model *model = model_of(text);
        fv_learner *l;
        fv_learner_batch to;
        fv_step_result result;
        must(fv__learner_new(ctx, model, &model->net.recipe, &l));
        must(fv__learner_batch(ctx, l, n, &to));
        assert_int_equal(to.ignored, 9);
        for (int64_t i = 0; i < n * PIXELS; i++) {
            to.x[i] = (float)normal(1, i);
            ((int32_t *)to.target[FV_TARGET_MAP])[i] = i >= 2 * PIXELS ? 9 : (int32_t)(i % 3);
        }
        must(fv__learner_step(ctx, l, n, 0.1, &result));
        losses[round] = result.loss;
        assert_int_equal(result.tally.counted, 2 * PIXELS);
        count = model->net.graph->param_elements;
        gradients[round] = malloc((size_t)count * sizeof(float));
        memcpy(gradients[round], fv__learner_gradients(l), (size_t)count * sizeof(float));
        fv__learner_free(l);
        fv__model_free(model);
    }
    assert_float_equal(losses[0], losses[1], 1e-6);
    for (int64_t i = 0; i < count; i++) assert_float_equal(gradients[0][i], gradients[1][i], 1e-6);
    free(gradients[0]);
    free(gradients[1]);
}

/* What a data set does not have is said before the first step. */
static void test_missing_targets(void **state) {
    (void)state;
    fv_dataset train, test;
    fv_graph *net = parse(map_text), *with;
    must(fv__net_with_loss(ctx, net, &fv__op_crossentropy, &with));
    must(fv__dataset_open(ctx, "digits", 1, &train, &test));
    assert_int_equal(fv__targets_fit(ctx, &train, with), FV_BAD_INPUT);
    assert_string_equal(ctx->message, "the output 'output' learns from a class for every pixel, "
                                      "which the data set digits does not have");
    fv_graph *last = parse("input 28x28x1\n fc 10"); /* height x width x channels by habit */
    assert_int_equal(fv__dataset_fits(ctx, &train, &last->input, 10), FV_BAD_INPUT);
    assert_string_equal(ctx->message, "the network's input has 28 channels, and images have 1 "
                                      "(gray) or 3 (colour); channels come first: input 1x28x28");
    fv__net_free(last);
    fv__dataset_close(&train);
    fv__dataset_close(&test);
    fv__net_free(with);
    fv__net_free(net);
}

/* Cross-entropy reads the numbers before a softmax over the classes, and only before such a one. */
static void test_which_softmax_a_loss_passes_by(void **state) {
    static const struct {
        const char *text;
        bool passed;
    } nets[] = {{"input 1x4x4\n conv 3 3x3 - softmax", true},
                {"input 1x4x4\n conv 3 3x3 - softmax axis -3", true},
                {"input 1x4x4\n conv 3 3x3 - softmax axis -1", false},
                {"input 1x4x4\n fc 3 - softmax axis -1", true},
                {"input 1x4x4\n fc 3 - logsoftmax", false}};
    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        fv_graph *net = parse(nets[i].text), *with;
        must(fv__net_with_loss(ctx, net, &fv__op_crossentropy, &with));
        assert_int_equal(with->heads[0].prediction, nets[i].passed ? 1 : 2);
        fv__net_free(with);
        fv__net_free(net);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_map_and_a_class),
        cmocka_unit_test(test_the_main_head_is_counted),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_ignored_pixels_weigh_nothing),
        cmocka_unit_test(test_missing_targets),
        cmocka_unit_test(test_which_softmax_a_loss_passes_by),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
