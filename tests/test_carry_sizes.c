/* SPDX-License-Identifier: MIT */
/*
 * test_carry_sizes.c - samples of different sizes through one network: it ends its maps with global
 * pooling, so its weights serve any size, and a plan for each size runs on the same ones.
 */
#include "carry.h"
#include "data/data.h"
#include "format/model.h"
#include <stdio.h>

/* What the reference loops in double give for one image. */
static void exact(const fv_graph *net, const float *weights, const float *image, double *out) {
    const fv_plan_options options = {.batch = 1, .dtype = FV_F64, .reference = true};
    const size_t count = (size_t)net->param_elements;
    double *wide = malloc((count + 1) * sizeof *wide);
    double *pixels = malloc((size_t)fv__shape_sample(&net->values[0].shape) * sizeof *pixels);
    for (size_t i = 0; i < count; i++) wide[i] = (double)weights[i];
    for (int64_t i = 0; i < fv__shape_sample(&net->values[0].shape); i++)
        pixels[i] = (double)image[i];
    fv_plan *plan;
    fv_exec *exec;
    must(fv__plan_new(ctx, net, &options, &plan));
    must(fv__exec_new(ctx, plan, &(fv_exec_options){.weights = wide}, &exec));
    fv__exec_write(exec, 0, pixels);
    fv__exec_forward(exec, &(fv_exec_run){0}, NULL);
    fv__exec_read(exec, net->heads[0].value, out);
    fv__exec_free(exec);
    fv__plan_free(plan);
    free(wide);
    free(pixels);
}

static void planned(const fv_graph *net, const float *weights, const float *image, float *out) {
    const fv_plan_options options = {.batch = 1};
    fv_plan *plan;
    fv_exec *exec;
    must(fv__plan_new(ctx, net, &options, &plan));
    must(fv__exec_new(ctx, plan, &(fv_exec_options){.weights = (void *)(uintptr_t)weights}, &exec));
    fv__exec_write(exec, 0, image);
    fv__exec_forward(exec, &(fv_exec_run){0}, NULL);
    fv__exec_read(exec, net->heads[0].value, out);
    fv__exec_free(exec);
    fv__plan_free(plan);
}

static float *weights_of(const fv_graph *net) {
    const size_t bytes = (size_t)net->param_elements * sizeof(float);
    float *weights = aligned_alloc(64, (bytes + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, weights);
    return weights;
}

/* Sample i is an image of (5 + i) x (9 + 2 i) bytes. */
static fv_status draw(fv_context *c, void *user, int64_t i, fv_arena *scratch, fv_sample *out) {
    const int64_t height = 5 + i, width = 9 + 2 * i;
    (void)c, (void)user;
    uint8_t *pixels = fv__arena_alloc(scratch, (size_t)(height * width));
    int32_t *label = fv__arena_alloc(scratch, sizeof *label);
    if (!pixels || !label) return FV_EXHAUSTED;
    for (int64_t k = 0; k < height * width; k++)
        pixels[k] = (uint8_t)fv__random_below(fv__key(9, FV_STREAM_CHECK, (uint64_t)i, 0),
                                              (uint64_t)k, 256);
    *label = (int32_t)(i % 3);
    *out = (fv_sample){.image = {.data = pixels,
                                 .dtype = FV_U8,
                                 .width = width,
                                 .height = height,
                                 .channels = 1,
                                 .row = width,
                                 .column = 1,
                                 .plane = height * width},
                       .target = {{FV_TARGET_CLASS, FV_I32, {0}, label}},
                       .targets = 1};
    return FV_OK;
}

/* Every sample of a set at its own size, through plans over the same weights. */
static void test_every_sample_at_its_size(void **state) {
    (void)state;
    fv_graph *net = parse("net any\ninput 1x8x8 scale 1/255 mean 0.5\n"
                          "  conv 6 3x3 pad 1 as a - bn - relu - maxpool 2\n"
                          "  - add { conv 6 3x3 pad 1 as b - relu | conv 6 3x3 pad 1 share b }\n"
                          "  - globalavgpool - fc 3 - softmax\nhead maps from a - conv 2 1x1\n");
    float *weights = weights_of(net);
    const fv_sample_source source = {.name = "sizes",
                                     .count = 4,
                                     .target = {{FV_TARGET_CLASS, 0}},
                                     .targets = 1,
                                     .classes = 3,
                                     .dtype = FV_U8,
                                     .sample = draw};
    fv_dataset set;
    must(fv__dataset_from(ctx, &source, &set));
    for (int64_t i = 0; i < set.count; i++) {
        fv_arena scratch;
        fv_loaded sample;
        fv_graph *at;
        float mine[3];
        double wanted[3];
        fv__arena_init(&scratch, ctx);
        must(fv__sample_load(ctx, &set, &net->input, i, -1, &scratch, &sample));
        assert_int_equal(sample.height, 5 + i);
        assert_int_equal(sample.width, 9 + 2 * i);
        must(fv__net_resized(ctx, net, sample.height, sample.width, &at));
        assert_int_equal(at->input.height, 5 + i);
        assert_true(at->frozen);
        assert_int_equal(at->head_count, 2);
        assert_int_equal(fv__height(&at->values[at->heads[1].value].shape), 5 + i);
        planned(at, weights, sample.x, mine);
        exact(at, weights, sample.x, wanted);
        for (int k = 0; k < 3; k++) assert_float_equal(mine[k], wanted[k], 1e-5);
        fv__net_free(at);
        fv__arena_free(&scratch);
    }
    fv__dataset_close(&set);
    free(weights);
    fv__net_free(net);
}

/* An image twice as large, every pixel four times: 1x1 convolutions and means see the same. */
static void test_the_weights_are_the_same(void **state) {
    (void)state;
    fv_graph *net =
                 parse("input 2x6x5\n conv 7 1x1 - relu - conv 4 1x1 as maps - globalavgpool as m\n"
                       " - concat { fc 3 | from maps - globalmaxpool - fc 3 } - fc 2\n"),
             *large;
    must(fv__net_resized(ctx, net, 12, 10, &large));
    assert_int_equal(large->param_elements, net->param_elements);
    assert_int_equal(large->param_count, net->param_count);
    for (size_t p = 0; p < net->param_count; p++) {
        assert_string_equal(large->params[p].name, net->params[p].name);
        assert_int_equal(large->params[p].offset, net->params[p].offset);
    }
    for (size_t v = 0; v < net->value_count; v++)
        assert_string_equal(large->values[v].name, net->values[v].name);
    float *weights = weights_of(net), small_image[2 * 6 * 5], large_image[2 * 12 * 10];
    float one[2], other[2];
    for (int i = 0; i < 2 * 6 * 5; i++) small_image[i] = (float)normal(1, i);
    for (int c = 0; c < 2; c++)
        for (int y = 0; y < 12; y++)
            for (int x = 0; x < 10; x++)
                large_image[(c * 12 + y) * 10 + x] = small_image[(c * 6 + y / 2) * 5 + x / 2];
    planned(net, weights, small_image, one);
    planned(large, weights, large_image, other);
    for (int k = 0; k < 2; k++) assert_float_equal(one[k], other[k], 1e-5);
    free(weights);
    fv__net_free(large);
    fv__net_free(net);
}

/* Runs of several sizes over one model, one after the other and beside each other. */
static void test_runs_of_many_sizes(void **state) {
    (void)state;
    static const int64_t sizes[][2] = {{8, 8}, {5, 20}, {17, 3}, {8, 8}};
    fv_net net = {.graph = parse("input 1x8x8\n conv 6 3x3 pad 1 - relu - globalavgpool - fc 3\n"
                                 "head maps from conv1 - conv 2 1x1\n")};
    fv_model *model;
    fv_run *runs[5], *none;
    must(fv__model_new(ctx, &net, 1, &model));
    must(fv_run_new(ctx, model, 2, &runs[4]));
    for (int r = 0; r < 4; r++)
        must(fv_run_new_sized(ctx, model, 2, sizes[r][0], sizes[r][1], &runs[r]));
    for (int r = 0; r < 5; r++) {
        const int64_t h = sizes[r % 4][0], w = sizes[r % 4][1];
        double wanted[3 + 2 * 8 * 20];
        int64_t count;
        fv_graph *at;
        for (int64_t i = 0; i < 2 * h * w; i++) fv_run_input(runs[r])[i] = (float)normal(6, i);
        must(fv__net_resized(ctx, model->net.graph, h, w, &at));
        exact(at, model->weights, fv_run_input(runs[r]) + h * w, wanted);
        must(fv_run_forward(runs[r], 2));
        const float *scores = fv_run_output(runs[r], 0, &count);
        assert_int_equal(count, 3);
        for (int k = 0; k < 3; k++) assert_float_equal(scores[3 + k], wanted[k], 1e-5);
        assert_non_null(fv_run_output(runs[r], 1, &count));
        assert_int_equal(count, 2 * h * w);
        fv__net_free(at);
    }
    assert_int_equal(fv_run_new_sized(ctx, model, 1, 0, 8, &none), FV_USAGE);
    assert_int_equal(fv_run_new_sized(ctx, model, 0, 8, 8, &none), FV_USAGE);
    for (int r = 0; r < 5; r++) fv_run_free(runs[r]);
    assert_null(model->runs->first);
    fv__model_free(model);
    net.graph = parse("input 1x8x8\n fc 3\n");
    must(fv__model_new(ctx, &net, 1, &model));
    assert_int_equal(fv_run_new_sized(ctx, model, 1, 9, 9, &none), FV_BAD_INPUT);
    assert_null(none);
    assert_null(model->runs->first);
    fv__model_free(model);
}

static void cannot_resize(const char *text, int64_t height, int64_t width, const char *message) {
    fv_graph *net = parse(text), *at;
    assert_int_equal(fv__net_resized(ctx, net, height, width, &at), FV_BAD_INPUT);
    assert_null(at);
    assert_string_equal(ctx->message, message);
    fv__net_free(net);
}

static void test_what_cannot(void **state) {
    (void)state;
    cannot_resize("net a\ninput 1x8x8\n conv 2 3x3 - fc 4", 9, 8,
                  "a for images of 9x8: fc1.weight would be 4x84 instead of 4x72; a network for "
                  "images of any size ends its maps with globalavgpool");
    cannot_resize("net a\ninput 1x8x8\n conv 2 5x5 - globalavgpool - fc 4", 4, 40,
                  "a for images of 4x40: conv1: 5x5 kernel does not fit 4x40 input");
    cannot_resize("net a\ninput 1x8x8\n conv 2 5x5", 0, 8, "an input of 1x0x8 makes no image");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_sample_at_its_size),
        cmocka_unit_test(test_the_weights_are_the_same),
        cmocka_unit_test(test_runs_of_many_sizes),
        cmocka_unit_test(test_what_cannot),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
