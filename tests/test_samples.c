/* SPDX-License-Identifier: MIT */
/*
 * test_samples.c - data sets made of a program's function: samples of different sizes, targets of
 * every kind moved along with their image, floats taken untouched.
 */
#include "data/preprocess.h"
#include "sample_fixture.h"

/* Different sizes through one input, targets of each kind, the same bits for any threads. */
static void every_kind_of_target(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 1};
    fv_dataset set = open_set(&p);
    assert_false(set.one_size);
    assert_int_equal(fv__dataset_target(&set, FV_TARGET_MAP), 1);
    fv_input in = input(1, 8, 8);
    in.pad = 1;
    static buffers one, many;
    fv_augment augment = {.flip = true, .shift = 2};
    if (program_fill(ctx, &set, &in, &augment, &one) != FV_OK) fail_msg("%s", ctx->message);
    fv_context *own;
    assert_int_equal(fv_context_new(4, &own), FV_OK);
    for (int round = 0; round < 20; round++) {
        assert_int_equal(program_fill(own, &set, &in, &augment, &many), FV_OK);
        assert_memory_equal(&one, &many, sizeof one);
    }
    fv_context_free(own);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(one.class[i], i % 7);
        for (int k = 0; k < 3; k++) assert_true(one.vector[i * 3 + k] == (float)i + (float)k / 4);
    }
    assert_int_equal(p.calls, 30 * 21);
    fv__dataset_close(&set);
    assert_int_equal(p.closed, 1);
}

/* As large as the input takes: the map must move exactly as its image does. */
static void maps_move_along(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 1, .height = 6, .width = 5};
    fv_dataset set = open_set(&p);
    fv_input in = input(1, 8, 7);
    in.pad = 1;
    in.mean = (fv_reals){1, {1000}}; /* so that the frame is told from every pixel */
    static buffers b;
    fv_augment augment = {.flip = true, .shift = 2};
    assert_int_equal(program_fill(ctx, &set, &in, &augment, &b), FV_OK);
    int bare = 0;
    for (int k = 0; k < 30 * 56; k++) {
        int pixel = (int)b.x[k] + 1000;
        if (b.map[k] == PROGRAM_IGNORED) {
            assert_int_equal(pixel, 0);
            bare++;
        } else {
            assert_int_equal(b.map[k], pixel % 7);
        }
    }
    assert_true(bare > 30 * 20 && bare < 30 * 50);
    fv__dataset_close(&set);
}

/* Resized, cropped and fitted: by hand. */
static void maps_resized(void **state) {
    (void)state;
    static const uint8_t map[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const fv_target t = {FV_TARGET_MAP, FV_U8, fv__shape2(2, 4), map};
    const fv_move still = {0}, flip = {.flip = true};
    int32_t out[32];
    /* Twice as large: each pixel four times. */
    fv_input in = input(1, 4, 8);
    assert_int_equal(fv__preprocess_map(ctx, &in, &t, &still, PROGRAM_IGNORED, out), FV_OK);
    for (int k = 0; k < 32; k++) assert_int_equal(out[k], k / 16 * 4 + k % 8 / 2);
    /* Half as wide: centres 1 and 3 of 4, on the edge between two pixels, belong to the right one.
     */
    in = input(1, 2, 2);
    assert_int_equal(fv__preprocess_map(ctx, &in, &t, &flip, PROGRAM_IGNORED, out), FV_OK);
    assert_memory_equal(out, ((const int32_t[]){3, 1, 7, 5}), 16);
    /* The middle 2x2, in a frame. */
    in = input(1, 4, 4);
    in.crop = (fv_size){2, 2};
    in.pad = 1;
    assert_int_equal(fv__preprocess_map(ctx, &in, &t, &still, PROGRAM_IGNORED, out), FV_OK);
    static const int32_t framed[] = {255, 255, 255, 255, 255, 1,   2,   255,
                                     255, 5,   6,   255, 255, 255, 255, 255};
    assert_memory_equal(out, framed, sizeof framed);
    /* Classes as int32. */
    static const int32_t wide[] = {70000, -1};
    const fv_target w = {FV_TARGET_MAP, FV_I32, fv__shape2(1, 2), wide};
    in = input(1, 1, 2);
    assert_int_equal(fv__preprocess_map(ctx, &in, &w, &still, PROGRAM_IGNORED, out), FV_OK);
    assert_memory_equal(out, wide, sizeof wide);
}

/* Floats of the input's shape come through bit by bit, whatever scale, mean, pad and order say. */
static void floats_untouched(void **state) {
    (void)state;
    program p = {.dtype = FV_F32, .channels = 2, .height = 4, .width = 4};
    fv_dataset set = open_set(&p);
    fv_input in = input(2, 4, 4);
    in.scale = 1.0 / 255;
    in.mean = (fv_reals){1, {0.5}};
    in.pad = 1;
    in.order = 1;
    in.resize = 3;
    static buffers b;
    if (program_fill(ctx, &set, &in, NULL, &b) != FV_OK) fail_msg("%s", ctx->message);
    for (int i = 0; i < 30; i++) {
        fv_arena scratch;
        fv_sample s;
        fv__arena_init(&scratch, ctx);
        assert_int_equal(fv__dataset_sample(ctx, &set, i, &scratch, &s), FV_OK);
        assert_memory_equal(b.x + i * 32, s.image.data, 32 * sizeof(float));
        fv__arena_free(&scratch);
    }
    /* Of another shape they are resized, and stay what they are: no scale, no mean. */
    in = input(2, 2, 2);
    in.scale = 100;
    float x[8];
    assert_int_equal(fv__batch_fill(ctx, &set, &in, &(fv_batch){.n = 1}, x, NULL, 0), FV_OK);
    for (int k = 0; k < 8; k++) assert_true(x[k] > -1.01f && x[k] < 1);
    in = input(3, 4, 4);
    assert_int_equal(fv__batch_fill(ctx, &set, &in, &(fv_batch){.n = 1}, b.x, NULL, 0),
                     FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "3 channels, and the images have 2"));
    fv__dataset_close(&set);
}

/* For networks that take any size. */
static void one_at_its_own_size(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 1};
    fv_dataset set = open_set(&p);
    fv_input in = input(1, 0, 0);
    in.pad = 1;
    for (int64_t i = 0; i < 6; i++) {
        fv_arena scratch;
        fv_loaded out;
        fv__arena_init(&scratch, ctx);
        if (fv__sample_load(ctx, &set, &in, i, PROGRAM_IGNORED, &scratch, &out) != FV_OK)
            fail_msg("%s", ctx->message);
        assert_int_equal(out.height, 4 + i % 3 + 2);
        assert_int_equal(out.width, 5 + i % 2 + 2);
        assert_int_equal(out.targets, 3);
        const int32_t *map = out.target[1].data;
        for (int64_t k = 0; k < out.height * out.width; k++)
            assert_int_equal(map[k],
                             map[k] == PROGRAM_IGNORED ? PROGRAM_IGNORED : (int)out.x[k] % 7);
        assert_true(out.x[out.width + 1] == (float)i);
        assert_int_equal(map[0], PROGRAM_IGNORED);
        fv__arena_free(&scratch);
    }
    in.resize = 8;
    in.crop = (fv_size){8, 9};
    fv_arena scratch;
    fv_loaded out;
    fv__arena_init(&scratch, ctx);
    assert_int_equal(fv__sample_load(ctx, &set, &in, 0, PROGRAM_IGNORED, &scratch, &out), FV_OK);
    assert_int_equal(out.height, 8 + 2); /* 4x5 becomes 8x10, cut to 8x9 */
    assert_int_equal(out.width, 9 + 2);
    fv__arena_free(&scratch);
    fv__dataset_close(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_target), cmocka_unit_test(maps_move_along),
        cmocka_unit_test(maps_resized),         cmocka_unit_test(floats_untouched),
        cmocka_unit_test(one_at_its_own_size),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
