/* SPDX-License-Identifier: MIT */
/*
 * test_batch.c - from bytes to a network's input: numbers worked out by hand, batches,
 * augmentation, and that digits and batches are the same for any number of threads and on every
 * machine.
 */
#include "base/thread.h"
#include "data/sets.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* digits:1000 of seed 1, training part. */
#define DIGITS_CHECKSUM 0x67d81bf20205f361u

static fv_context *ctx;

static int open_context(void **state) {
    (void)state;
    return fv_context_new(1, &ctx) == FV_OK ? 0 : 1;
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

static void near(double got, double want, double slack) {
    if (!(fabs(got - want) <= slack)) fail_msg("%.9g, expected %.9g", got, want);
}

static fv_input input(int64_t channels, int64_t height, int64_t width) {
    fv_input in = {.channels = channels, .height = height, .width = width, .scale = 1};
    return in;
}

static void as_it_is(void **state) {
    (void)state;
    uint8_t gray[] = {10, 20, 30, 40, 50, 60};
    fv_image p = {3, 2, 1, gray};
    fv_input in = input(1, 4, 5);
    in.pad = 1;
    in.scale = 0.1;
    in.mean = (fv_reals){1, {1}};
    in.std = (fv_reals){1, {2}};
    float x[20];
    assert_int_equal(fv__preprocess(ctx, &in, &p, x), FV_OK);
    /* (v/10 - 1)/2; the pad is byte 0: -0.5. */
    static const double want[20] = {-.5, -.5, -.5, -.5, -.5, -.5, 0,   .5,  1,   -.5,
                                    -.5, 1.5, 2,   2.5, -.5, -.5, -.5, -.5, -.5, -.5};
    for (int i = 0; i < 20; i++) near(x[i], want[i], 1e-6);
}

static void colours(void **state) {
    (void)state;
    uint8_t rgb[] = {1, 2, 3, 10, 20, 30};
    uint8_t gray[] = {7, 9};
    fv_image colour = {2, 1, 3, rgb}, plain = {2, 1, 1, gray};
    fv_input in = input(3, 1, 2);
    in.mean = (fv_reals){3, {0, 1, 2}};
    in.std = (fv_reals){3, {1, 2, 4}};
    float x[6];
    assert_int_equal(fv__preprocess(ctx, &in, &colour, x), FV_OK);
    static const double rgb_want[] = {1, 10, .5, 9.5, .25, 7};
    for (int i = 0; i < 6; i++) near(x[i], rgb_want[i], 1e-6);
    in.order = 1; /* bgr: blue comes first and meets the first mean */
    assert_int_equal(fv__preprocess(ctx, &in, &colour, x), FV_OK);
    static const double bgr_want[] = {3, 30, .5, 9.5, -.25, 2};
    for (int i = 0; i < 6; i++) near(x[i], bgr_want[i], 1e-6);
    assert_int_equal(fv__preprocess(ctx, &in, &plain, x), FV_OK);
    static const double plain_want[] = {7, 9, 3, 4, 1.25, 1.75};
    for (int i = 0; i < 6; i++) near(x[i], plain_want[i], 1e-6);
    in = input(1, 1, 2);
    assert_int_equal(fv__preprocess(ctx, &in, &colour, x), FV_OK);
    near(x[0], 0.299 + 2 * 0.587 + 3 * 0.114, 1e-5);
    near(x[1], 10 * (0.299 + 2 * 0.587 + 3 * 0.114), 1e-4);
    in.channels = 2;
    assert_int_equal(fv__preprocess(ctx, &in, &colour, x), FV_BAD_INPUT);
    in.channels = 1;
    in.mean = (fv_reals){3, {0, 1, 2}};
    assert_int_equal(fv__preprocess(ctx, &in, &colour, x), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "mean has 3 numbers"));
}

static void resized(void **state) {
    (void)state;
    float x[64];
    /* Twice as large: centres at 1/4, 3/4, 5/4 … of a pixel. */
    uint8_t row[] = {0, 100};
    fv_image p = {2, 1, 1, row};
    fv_input in = input(1, 1, 4);
    assert_int_equal(fv__preprocess(ctx, &in, &p, x), FV_OK);
    static const double up[] = {0, 25, 75, 100};
    for (int i = 0; i < 4; i++) near(x[i], up[i], 1e-4);
    /* Half: a triangle two pixels to each side, 1/8 3/8 3/8 1/8; at the ends what is left of it,
       3/7 3/7 1/7. */
    uint8_t line[] = {0, 70, 140, 210, 140, 70, 0, 70};
    p = (fv_image){8, 1, 1, line};
    assert_int_equal(fv__preprocess(ctx, &in, &p, x), FV_OK);
    static const double down[] = {(0 * 3 + 70 * 3 + 140) / 7.0,
                                  (70 + 140 * 3 + 210 * 3 + 140) / 8.0,
                                  (210 + 140 * 3 + 70 * 3 + 0) / 8.0, (70 + 0 * 3 + 70 * 3) / 7.0};
    for (int i = 0; i < 4; i++) near(x[i], down[i], 1e-4);
    /* A flat image stays flat, whatever the sizes. */
    uint8_t flat[15 * 11];
    memset(flat, 77, sizeof flat);
    p = (fv_image){15, 11, 1, flat};
    in = input(1, 8, 8);
    in.resize = 9;
    in.crop = (fv_size){7, 6};
    in.pad = 1;
    assert_int_equal(fv__preprocess(ctx, &in, &p, x), FV_OK);
    for (int i = 0; i < 64; i++) {
        bool pad = i < 8 || i >= 56 || i % 8 == 0 || i % 8 == 7;
        near(x[i], pad ? 0 : 77, 1e-4);
    }
    /* A crop alone cuts out the middle. */
    uint8_t grid[5 * 4];
    for (int i = 0; i < 20; i++) grid[i] = (uint8_t)i;
    p = (fv_image){5, 4, 1, grid};
    in = input(1, 2, 3);
    in.crop = (fv_size){2, 3};
    assert_int_equal(fv__preprocess(ctx, &in, &p, x), FV_OK);
    static const double middle[] = {6, 7, 8, 11, 12, 13};
    for (int i = 0; i < 6; i++) near(x[i], middle[i], 1e-4);
}

/* An odd rest: torchvision begins at half of it, rounded to even. */
static void odd_rests(void **state) {
    (void)state;
    static const int begins[] = {0, 0, 1, 2, 2, 2, 3, 4, 4};
    for (int rest = 0; rest <= 8; rest++) {
        uint8_t row[12];
        float x[4];
        for (int i = 0; i < 12; i++) row[i] = (uint8_t)i;
        fv_image wide = {4 + rest, 1, 1, row}, high = {1, 4 + rest, 1, row};
        fv_input in = input(1, 1, 4);
        in.crop = (fv_size){1, 4};
        assert_int_equal(fv__preprocess(ctx, &in, &wide, x), FV_OK);
        for (int i = 0; i < 4; i++) near(x[i], begins[rest] + i, 1e-4);
        in = input(1, 4, 1);
        in.crop = (fv_size){4, 1};
        assert_int_equal(fv__preprocess(ctx, &in, &high, x), FV_OK);
        for (int i = 0; i < 4; i++) near(x[i], begins[rest] + i, 1e-4);
    }
}

/* A long line takes memory for its rows and columns, not for a square: 256 MB would be 64 GB. */
static void long_and_narrow(void **state) {
    (void)state;
    static uint8_t line[1 << 20];
    memset(line, 9, sizeof line);
    fv_image high = {1, 1 << 20, 1, line}, wide = {1 << 20, 1, 1, line};
    fv_input in = input(1, 64, 64);
    float *x = malloc(64 * 64 * sizeof *x);
    assert_int_equal(fv__preprocess(ctx, &in, &high, x), FV_OK);
    near(x[64 * 64 - 1], 9, 1e-3);
    assert_int_equal(fv__preprocess(ctx, &in, &wide, x), FV_OK);
    near(x[64 * 64 - 1], 9, 1e-3);
    in.resize = 256;
    in.crop = (fv_size){64, 64};
    assert_int_equal(fv__preprocess(ctx, &in, &high, x), FV_OK);
    near(x[0], 9, 1e-3);
    in.resize = 1024;
    in.crop = (fv_size){0, 0};
    assert_int_equal(fv__preprocess(ctx, &in, &high, x), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "cut it first"));
    free(x);
}

/* 40 images of 3 channels, 4x5. */
static void make_set(fv_dataset *set, uint8_t *pixels, int32_t *labels) {
    *set = (fv_dataset){.count = 40, .channels = 3, .height = 4, .width = 5, .classes = 4};
    for (int i = 0; i < 40 * 60; i++) pixels[i] = (uint8_t)(i * 37 + i / 60);
    for (int i = 0; i < 40; i++) labels[i] = i % 4;
    set->pixels = pixels;
    set->labels = labels;
    fv__set_in_memory(set);
}

static void batches_and_order(void **state) {
    (void)state;
    uint8_t pixels[40 * 60];
    int32_t labels[40], got[3];
    float x[3 * 60];
    fv_dataset set;
    make_set(&set, pixels, labels);
    fv_input in = input(3, 4, 5);
    static const uint32_t order[] = {1, 2, 39, 0, 7, 5};
    assert_int_equal(fv__batch_fill_classes(
                         ctx, &set, &in, &(fv_batch){.order = order, .start = 2, .n = 3}, x, got),
                     FV_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(got[i], order[2 + i] % 4);
        for (int k = 0; k < 60; k++)
            assert_true(x[i * 60 + k] == pixels[(int)order[2 + i] * 60 + k]);
    }
    assert_int_equal(fv__batch_fill_classes(
                         ctx, &set, &in, &(fv_batch){.order = NULL, .start = 37, .n = 3}, x, NULL),
                     FV_OK);
    for (int k = 0; k < 180; k++) assert_true(x[k] == pixels[37 * 60 + k]);
    assert_int_equal(fv__batch_fill_classes(
                         ctx, &set, &in, &(fv_batch){.order = NULL, .start = 38, .n = 3}, x, NULL),
                     FV_USAGE);
    assert_int_equal(fv__batch_fill_classes(
                         ctx, &set, &in, &(fv_batch){.order = NULL, .start = -1, .n = 3}, x, NULL),
                     FV_USAGE);
    static const uint32_t wrong[] = {1, 40};
    assert_int_equal(fv__batch_fill_classes(
                         ctx, &set, &in, &(fv_batch){.order = wrong, .start = 0, .n = 2}, x, NULL),
                     FV_USAGE);
    assert_int_equal(fv__batch_fill_classes(
                         ctx, &set, &in, &(fv_batch){.order = NULL, .start = 0, .n = 0}, x, NULL),
                     FV_OK);
}

/* Every image must be the original moved by (dx, dy), mirrored or not; all moves must occur. */
static void check_moves(const fv_dataset *set, const float *x, int shift, bool *seen) {
    for (int i = 0; i < 40; i++) {
        int found = -1, place = 0;
        for (int flip = 0; flip < 2; flip++)
            for (int dy = -shift; dy <= shift; dy++)
                for (int dx = -shift; dx <= shift; dx++, place++) {
                    bool same = true;
                    for (int k = 0; k < 60 && same; k++) {
                        int c = k / 20, y = k / 5 % 4 - dy, at = k % 5 - dx;
                        bool inside = y >= 0 && y < 4 && at >= 0 && at < 5;
                        int from = c * 20 + y * 5 + (flip ? 4 - at : at);
                        same = x[i * 60 + k] == (inside ? set->pixels[i * 60 + from] : 0);
                    }
                    if (same) found = place;
                }
        assert_true(found >= 0);
        seen[found] = true;
    }
}

static void augmented(void **state) {
    (void)state;
    uint8_t pixels[40 * 60];
    int32_t labels[40];
    static float x[40 * 60], again[40 * 60];
    bool seen[18] = {false};
    fv_dataset set;
    make_set(&set, pixels, labels);
    fv_input in = input(3, 4, 5);
    fv_augment moves = {.flip = true, .shift = 1};
    for (uint64_t epoch = 0; epoch < 20; epoch++) {
        assert_int_equal(
            fv__batch_fill_classes(
                ctx, &set, &in,
                &(fv_batch){.start = 0, .n = 40, .augment = &moves, .seed = 5, .epoch = epoch}, x,
                labels),
            FV_OK);
        check_moves(&set, x, 1, seen);
    }
    for (int i = 0; i < 18; i++) assert_true(seen[i]);
    /* An image's move does not depend on its place in the batch. */
    assert_int_equal(
        fv__batch_fill_classes(
            ctx, &set, &in,
            &(fv_batch){.start = 33, .n = 1, .augment = &moves, .seed = 5, .epoch = 19}, again,
            NULL),
        FV_OK);
    assert_memory_equal(again, x + 33 * 60, 60 * sizeof(float));
    /* It does on the seed. */
    assert_int_equal(
        fv__batch_fill_classes(
            ctx, &set, &in,
            &(fv_batch){.start = 0, .n = 40, .augment = &moves, .seed = 6, .epoch = 19}, again,
            NULL),
        FV_OK);
    assert_true(memcmp(again, x, sizeof x) != 0);
}

static void fill_with(int threads, const fv_dataset *set, const fv_input *in, float *x) {
    fv_context *own;
    fv_augment moves = {.flip = true, .shift = 2};
    assert_int_equal(fv_context_new(threads, &own), FV_OK);
    assert_int_equal(fv__batch_fill_classes(
                         own, set, in,
                         &(fv_batch){.n = set->count, .augment = &moves, .seed = 1, .epoch = 1}, x,
                         NULL),
                     FV_OK);
    fv_context_free(own);
}

static void same_for_any_threads(void **state) {
    (void)state;
    fv_dataset one, four;
    fv_context *own;
    assert_int_equal(fv__dataset_open(ctx, "digits:500", 3, &one, NULL), FV_OK);
    assert_int_equal(fv_context_new(4, &own), FV_OK);
    assert_int_equal(fv__dataset_open(own, "digits:500", 3, &four, NULL), FV_OK);
    fv_context_free(own);
    assert_memory_equal(one.pixels, four.pixels, 500 * 784);
    assert_true(one.checksum == four.checksum);
    /* As they are (500*32*32 values: shared out) and resized. */
    for (int side = 32; side <= 40; side += 8) {
        fv_input in = input(1, side, side);
        in.pad = 2;
        size_t bytes = 500 * sizeof(float) * (size_t)(side * side);
        float *a = malloc(bytes), *b = malloc(bytes);
        fill_with(1, &one, &in, a);
        fill_with(3, &one, &in, b);
        assert_memory_equal(a, b, bytes);
        free(a);
        free(b);
    }
    fv__dataset_close(&one);
    fv__dataset_close(&four);
}

static void digits_never_change(void **state) {
    (void)state;
    fv_dataset train, test;
    if (fv__dataset_open(ctx, "digits:1000", 1, &train, &test) != FV_OK)
        fail_msg("%s", ctx->message);
    assert_int_equal(train.count, 1000);
    assert_int_equal(test.count, 166);
    int counts[10] = {0};
    for (int i = 0; i < 1000; i++) counts[train.labels[i]]++;
    for (int i = 0; i < 10; i++) assert_int_equal(counts[i], 100);
    /* The same drawings everywhere. When the drawing itself is changed, so is this number - and
       every result that was measured with it. */
    if (train.checksum != DIGITS_CHECKSUM)
        fail_msg("digits:1000 of seed 1 have the checksum 0x%016llxu",
                 (unsigned long long)train.checksum);
    uint8_t out[784];
    int label;
    fv__digit_draw(fv__key(1, FV_STREAM_DATA, 0, 0), 123, out, &label);
    assert_memory_equal(out, train.pixels + 123 * 784, 784);
    assert_int_equal(label, train.labels[123]);
    fv__dataset_close(&train);
    fv__dataset_close(&test);
}

/* What MNIST's description says of its images: the digit fits 20x20, its centre of mass lies on
   the image's centre. */
static void digits_are_centred(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 2000; i++) {
        uint8_t out[784];
        int label, x0 = 28, x1 = -1, y0 = 28, y1 = -1;
        double sum = 0, sx = 0, sy = 0;
        fv__digit_draw(fv__key(7, FV_STREAM_DATA, 0, 0), i, out, &label);
        for (int k = 0; k < 784; k++) {
            if (!out[k]) continue;
            int x = k % 28, y = k / 28;
            sum += out[k];
            sx += out[k] * (x + 0.5);
            sy += out[k] * (y + 0.5);
            x0 = x < x0 ? x : x0;
            x1 = x > x1 ? x : x1;
            y0 = y < y0 ? y : y0;
            y1 = y > y1 ? y : y1;
        }
        assert_true(sum > 255 * 12);
        near(sx / sum, 14, 0.75);
        near(sy / sum, 14, 0.75);
        /* Soft edges and blur reach two pixels beyond the box at most. */
        assert_true(x1 - x0 < 24 && y1 - y0 < 24);
        assert_true(x1 - x0 > 16 || y1 - y0 > 16);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_it_is),
        cmocka_unit_test(colours),
        cmocka_unit_test(resized),
        cmocka_unit_test(odd_rests),
        cmocka_unit_test(long_and_narrow),
        cmocka_unit_test(batches_and_order),
        cmocka_unit_test(augmented),
        cmocka_unit_test(same_for_any_threads),
        cmocka_unit_test(digits_never_change),
        cmocka_unit_test(digits_are_centred),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
