/* SPDX-License-Identifier: MIT */
/*
 * test_samples.c - data sets made of a program's function: samples of different sizes, targets of
 * every kind moved along with their image, floats taken untouched, and samples that are not what
 * was announced.
 */
#include "base/thread.h"
#include "data/preprocess.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define IGNORED 255

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

/* A program that makes images as it likes: sample i is (4 + i%3) high and (5 + i%2) wide. Pixel
   (x, y) is 10*y + x + i; the map's class of a pixel is the same modulo 7. */
typedef struct program {
    fv_dtype dtype;
    int64_t height, width; /* 0: as above */
    int channels;
    int lie; /* 0: none */
    atomic_int calls, inside, most_inside, closed;
} program;

enum { LIES = 11 };

static void lie(program *p, fv_sample *s) {
    static const int32_t beyond = 7;
    switch (p->lie) {
    case 1:
        s->image.data = NULL;
        break;
    case 2:
        s->image.width = 0;
        break;
    case 3:
        s->image.width++;
        break;
    case 4:
        s->image.dtype = p->dtype == FV_U8 ? FV_F32 : FV_U8;
        break;
    case 5:
        s->targets--;
        break;
    case 6:
        s->target[0].kind = FV_TARGET_MAP;
        break;
    case 7:
        s->target[0].data = &beyond;
        break;
    case 8:
        s->target[1].shape.dim[0]++;
        break;
    case 9:
        s->target[1].dtype = FV_F64;
        break;
    case 10:
        s->target[2].shape.dim[0] = 2;
        break;
    case 11:
        s->target[2].data = NULL;
        break;
    default:
        break;
    }
}

static void *fill_image(fv_arena *scratch, const program *p, int64_t i, int64_t h, int64_t w) {
    size_t n = (size_t)(h * w * p->channels);
    uint8_t *bytes = fv__arena_alloc(scratch, n);
    float *floats = fv__arena_alloc(scratch, n * sizeof(float));
    for (int64_t k = 0; bytes && floats && k < (int64_t)n; k++) {
        int64_t at = k % (h * w);
        bytes[k] = (uint8_t)(10 * (at / w) + at % w + i + k / (h * w) * 50);
        floats[k] = (float)bytes[k] / 64 - 1;
    }
    if (!bytes || !floats) return NULL;
    return p->dtype == FV_U8 ? (void *)bytes : (void *)floats;
}

static fv_status sample(fv_context *own, void *user, int64_t i, fv_arena *scratch, fv_sample *out) {
    program *p = user;
    int inside = atomic_fetch_add(&p->inside, 1) + 1;
    if (inside > p->most_inside) p->most_inside = inside;
    atomic_fetch_add(&p->calls, 1);
    int64_t h = p->height ? p->height : 4 + i % 3, w = p->width ? p->width : 5 + i % 2;
    void *image = fill_image(scratch, p, i, h, w);
    int32_t *class = fv__arena_alloc(scratch, sizeof *class);
    uint8_t *map = fv__arena_alloc(scratch, (size_t)(h * w));
    float *vector = fv__arena_alloc(scratch, 3 * sizeof *vector);
    atomic_fetch_sub(&p->inside, 1);
    if (!image || !class || !map || !vector) return FV_EXHAUSTED;
    *class = (int32_t)(i % 7);
    for (int64_t k = 0; k < h * w; k++) map[k] = (uint8_t)((10 * (k / w) + k % w + i) % 7);
    for (int k = 0; k < 3; k++) vector[k] = (float)i + (float)k / 4;
    out->image = (fv_image_view){image, p->dtype, w, h, p->channels, w, 1, h * w};
    out->targets = 3;
    out->target[0] = (fv_target){FV_TARGET_CLASS, FV_I32, {0}, class};
    out->target[1] = (fv_target){FV_TARGET_MAP, FV_U8, fv__shape2(h, w), map};
    out->target[2] = (fv_target){FV_TARGET_VECTOR, FV_F32, fv__shape1(3), vector};
    if (i == 5) lie(p, out);
    if (p->lie > LIES && i == 5) return fv__fail(own, FV_FAILED, "the camera is off");
    return FV_OK;
}

static void closed(void *user) {
    ((program *)user)->closed++;
}

static fv_sample_source source_of(program *p) {
    return (fv_sample_source){
        .name = "mine",
        .count = 30,
        .target = {{FV_TARGET_CLASS, 0}, {FV_TARGET_MAP, 0}, {FV_TARGET_VECTOR, 3}},
        .targets = 3,
        .classes = 7,
        .dtype = p->dtype,
        .channels = p->height ? p->channels : 0,
        .height = p->height,
        .width = p->width,
        .sample = sample,
        .close = closed,
        .user = p};
}

static fv_dataset open_set(program *p) {
    fv_dataset set;
    fv_sample_source source = source_of(p);
    if (fv__dataset_from(ctx, &source, &set) != FV_OK) fail_msg("%s", ctx->message);
    return set;
}

static fv_input input(int64_t channels, int64_t height, int64_t width) {
    return (fv_input){.channels = channels, .height = height, .width = width, .scale = 1};
}

/* All four buffers of a batch of 30. */
typedef struct buffers {
    float x[30 * 64], vector[30 * 3];
    int32_t class[30], map[30 * 64];
} buffers;

static fv_status fill(fv_context *own, const fv_dataset *set, const fv_input *in,
                      const fv_augment *augment, buffers *b) {
    const fv_batch_target targets[] = {
        {.index = 2, .data = b->vector},
        {.index = 1, .ignored = IGNORED, .data = b->map},
        {.index = 0, .data = b->class},
    };
    memset(b, 0x55, sizeof *b);
    return fv__batch_fill(own, set, in, &(fv_batch){.n = 30, .augment = augment, .seed = 3}, b->x,
                          targets, 3);
}

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
    if (fill(ctx, &set, &in, &augment, &one) != FV_OK) fail_msg("%s", ctx->message);
    fv_context *own;
    assert_int_equal(fv_context_new(4, &own), FV_OK);
    for (int round = 0; round < 20; round++) {
        assert_int_equal(fill(own, &set, &in, &augment, &many), FV_OK);
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
    assert_int_equal(fill(ctx, &set, &in, &augment, &b), FV_OK);
    int bare = 0;
    for (int k = 0; k < 30 * 56; k++) {
        int pixel = (int)b.x[k] + 1000;
        if (b.map[k] == IGNORED) {
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
    assert_int_equal(fv__preprocess_map(ctx, &in, &t, &still, IGNORED, out), FV_OK);
    for (int k = 0; k < 32; k++) assert_int_equal(out[k], k / 16 * 4 + k % 8 / 2);
    /* Half as wide: centres 1 and 3 of 4, on the edge between two pixels, belong to the right one.
     */
    in = input(1, 2, 2);
    assert_int_equal(fv__preprocess_map(ctx, &in, &t, &flip, IGNORED, out), FV_OK);
    assert_memory_equal(out, ((const int32_t[]){3, 1, 7, 5}), 16);
    /* The middle 2x2, in a frame. */
    in = input(1, 4, 4);
    in.crop = (fv_size){2, 2};
    in.pad = 1;
    assert_int_equal(fv__preprocess_map(ctx, &in, &t, &still, IGNORED, out), FV_OK);
    static const int32_t framed[] = {255, 255, 255, 255, 255, 1,   2,   255,
                                     255, 5,   6,   255, 255, 255, 255, 255};
    assert_memory_equal(out, framed, sizeof framed);
    /* Classes as int32. */
    static const int32_t wide[] = {70000, -1};
    const fv_target w = {FV_TARGET_MAP, FV_I32, fv__shape2(1, 2), wide};
    in = input(1, 1, 2);
    assert_int_equal(fv__preprocess_map(ctx, &in, &w, &still, IGNORED, out), FV_OK);
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
    if (fill(ctx, &set, &in, NULL, &b) != FV_OK) fail_msg("%s", ctx->message);
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
        if (fv__sample_load(ctx, &set, &in, i, IGNORED, &scratch, &out) != FV_OK)
            fail_msg("%s", ctx->message);
        assert_int_equal(out.height, 4 + i % 3 + 2);
        assert_int_equal(out.width, 5 + i % 2 + 2);
        assert_int_equal(out.targets, 3);
        const int32_t *map = out.target[1].data;
        for (int64_t k = 0; k < out.height * out.width; k++)
            assert_int_equal(map[k], map[k] == IGNORED ? IGNORED : (int)out.x[k] % 7);
        assert_true(out.x[out.width + 1] == (float)i);
        assert_int_equal(map[0], IGNORED);
        fv__arena_free(&scratch);
    }
    in.resize = 8;
    in.crop = (fv_size){8, 9};
    fv_arena scratch;
    fv_loaded out;
    fv__arena_init(&scratch, ctx);
    assert_int_equal(fv__sample_load(ctx, &set, &in, 0, IGNORED, &scratch, &out), FV_OK);
    assert_int_equal(out.height, 8 + 2); /* 4x5 becomes 8x10, cut to 8x9 */
    assert_int_equal(out.width, 9 + 2);
    fv__arena_free(&scratch);
    fv__dataset_close(&set);
}

static void samples_that_lie(void **state) {
    (void)state;
    static const char *const words[] = {"no image",     "no content",           "announced",
                                        "another type", "has 2 targets, and 3", "not a class",
                                        "class is 7",   "not as large",         "of the wrong type",
                                        "3 numbers",    "not a vector",         "camera is off"};
    fv_context *own;
    assert_int_equal(fv_context_new(3, &own), FV_OK);
    for (int k = 1; k <= LIES + 1; k++) {
        program p = {.dtype = FV_U8, .channels = 1, .lie = k};
        if (k == 3) p.height = p.width = 4;
        fv_dataset set = open_set(&p);
        fv_input in = input(1, 8, 8);
        static buffers b;
        assert_int_not_equal(fill(own, &set, &in, NULL, &b), FV_OK);
        assert_non_null(strstr(own->message, "data set mine, sample 5: "));
        if (!strstr(own->message, words[k - 1])) fail_msg("lie %d: %s", k, own->message);
        fv__dataset_close(&set);
    }
    fv_context_free(own);
    /* Classes of a map beyond those there are. */
    program p = {.dtype = FV_U8, .channels = 1};
    fv_dataset set = open_set(&p);
    set.classes = 6;
    fv_input in = input(1, 8, 8);
    static buffers b;
    assert_int_equal(fill(ctx, &set, &in, NULL, &b), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "its map holds the class 6"));
    fv__dataset_close(&set);
}

static void sources_that_lie(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 1};
    fv_dataset set;
    for (int k = 0; k < 8; k++) {
        fv_sample_source s = source_of(&p);
        if (k == 0) s.sample = NULL;
        if (k == 1) s.count = 0;
        if (k == 2) s.count = (int64_t)1 << 32;
        if (k == 3) s.dtype = FV_I32;
        if (k == 4) s.height = 3;
        if (k == 5) s.targets = 5;
        if (k == 6) s.classes = 0;
        if (k == 7) s.target[2].length = 0;
        assert_int_equal(fv__dataset_from(ctx, &s, &set), FV_USAGE);
        assert_null(set.sample);
    }
    assert_int_equal(p.closed, 0);
}

/* A set that says it is serial is never asked twice at once; names are its own copies. */
static void serial_and_named(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 3};
    fv_sample_source s = source_of(&p);
    char name[] = "mine", cat[] = "cat";
    const char *names[] = {cat, "dog", "cow", "hen", "fox", "ant", "bee"};
    s.name = name;
    s.class_names = names;
    s.serial = true;
    fv_dataset set;
    fv_context *own;
    assert_int_equal(fv__dataset_from(ctx, &s, &set), FV_OK);
    memset(name, 'x', 4);
    memset(cat, 'x', 3);
    assert_string_equal(set.name, "mine");
    assert_string_equal(set.class_names[0], "cat");
    assert_string_equal(set.class_names[6], "bee");
    assert_int_equal(fv_context_new(4, &own), FV_OK);
    fv_input in = input(1, 8, 8);
    static buffers b;
    assert_int_equal(fill(own, &set, &in, NULL, &b), FV_OK);
    assert_int_equal(p.most_inside, 1);
    fv_context_free(own);
    assert_int_equal(fv__dataset_fits(ctx, &set, &in, 7), FV_OK);
    assert_int_equal(fv__dataset_fits(ctx, &set, &in, 8), FV_BAD_INPUT);
    fv_batch_target beyond = {.index = 3, .data = b.map};
    assert_int_equal(fv__batch_fill(ctx, &set, &in, &(fv_batch){.n = 1}, NULL, &beyond, 1),
                     FV_USAGE);
    fv__dataset_close(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_target), cmocka_unit_test(maps_move_along),
        cmocka_unit_test(maps_resized),         cmocka_unit_test(floats_untouched),
        cmocka_unit_test(one_at_its_own_size),  cmocka_unit_test(samples_that_lie),
        cmocka_unit_test(sources_that_lie),     cmocka_unit_test(serial_and_named),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
