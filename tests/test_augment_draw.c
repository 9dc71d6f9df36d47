/* SPDX-License-Identifier: MIT */
/*
 * test_augment_draw.c - what chance draws: ranges and means, each kind from numbers of its own, the
 * same bits for any number of threads.
 */
#include "data/draw.h"
#include "sample_fixture.h"
#include <math.h>

#define DRAWS 4000

static void near(double got, double want, double slack) {
    if (!(fabs(got - want) <= slack)) fail_msg("%.9g, expected %.9g", got, want);
}

/* Draws for an image of 50x40, into 20x20. (The pointers of its move are gone with it.) */
static fv_drawn draw(const fv_augment *augment, const fv_components *components, int64_t sample,
                     fv_arena *scratch) {
    static const uint8_t pixels[50 * 40 * 3];
    const fv_image_view p = {pixels, FV_U8, 50, 40, 3, 150, 3, 1};
    const fv_input in = input(3, 20, 20);
    const fv_batch batch = {.augment = augment, .components = components, .seed = 9, .epoch = 2};
    fv_drawn d;
    assert_int_equal(fv__draw(&batch, sample, &in, &p, scratch, &d), FV_OK);
    return d;
}

typedef struct stat {
    double least, most, sum, squares;
} stat;

static void add(stat *s, double v) {
    if (v < s->least) s->least = v;
    if (v > s->most) s->most = v;
    s->sum += v;
    s->squares += v * v;
}

/* Uniform between two ends. */
static void check_uniform(const stat *s, double low, double high) {
    const double range = high - low, mean = s->sum / DRAWS;
    assert_true(s->least >= low && s->most <= high);
    near(s->least, low, 0.01 * range);
    near(s->most, high, 0.01 * range);
    near(mean, 0.5 * (low + high), 0.02 * range);
    near(sqrt(s->squares / DRAWS - mean * mean), range / sqrt(12), 0.02 * range);
}

static void geometry(void **state) {
    (void)state;
    const fv_augment a = {.rotate = 30, .zoom = 0.5, .shear = 20};
    stat turn = {9, -9, 0, 0}, zoom = turn, slant = turn;
    const double degree = 3.14159265358979323846 / 180;
    double together[2] = {0};
    for (int64_t i = 0; i < DRAWS; i++) {
        const fv_drawn d = draw(&a, NULL, i, NULL);
        const double(*m)[2] = d.warp.back;
        /* back = S^-1 R^-1 / zoom */
        const double z = 1 / hypot(m[1][0], m[1][1]);
        add(&turn, atan2(m[1][0], m[1][1]) / degree);
        add(&zoom, log(z));
        add(&slant, -(m[0][0] * m[1][0] + m[0][1] * m[1][1]) * z * z);
        together[0] += atan2(m[1][0], m[1][1]) * log(z);
        together[1] += (m[0][0] * m[1][0] + m[0][1] * m[1][1]) * z * z * log(z);
        near(m[0][0] * m[1][1] - m[0][1] * m[1][0], 1 / (z * z), 1e-9);
    }
    /* none goes with another: their products have the mean 0 */
    for (int k = 0; k < 2; k++) near(together[k] / DRAWS, 0, 0.004);
    check_uniform(&turn, -30, 30);
    check_uniform(&zoom, -log(1.5), log(1.5));
    assert_true(slant.most <= tan(20 * degree) && slant.most > 0.98 * tan(20 * degree));
    near(slant.least, -tan(20 * degree), 0.01);
    near(slant.sum / DRAWS, 0, 0.01);
}

/* Its share of the image is uniform, its aspect between the two ends; where nothing fits, as much
   of the middle as has it. */
static void parts(void **state) {
    (void)state;
    fv_augment a = {.area = 0.2, .aspect = 1.5};
    double least = 9, most = 0, sum = 0, aspect = 0, x = 0, tall = 0;
    for (int64_t i = 0; i < DRAWS; i++) {
        const fv_drawn d = draw(&a, NULL, i, NULL);
        const fv_warp *w = &d.warp;
        const double share = (double)(w->width * w->height) / 2000;
        const double ratio = (double)w->width / (double)w->height;
        assert_true(w->cut && !w->bent && w->x >= 0 && w->x + w->width <= 50);
        assert_true(w->y >= 0 && w->y + w->height <= 40);
        assert_true(ratio > 1 / 1.6 && ratio < 1.6);
        least = fmin(least, share), most = fmax(most, share);
        sum += share;
        aspect += log(ratio);
        if (w->width < 50) x += (double)w->x / (double)(50 - w->width), tall++;
    }
    near(least, 0.2, 0.02);
    assert_true(most > 0.95);
    /* 0.516 and 0.051 are what the same procedure gives in NumPy: large parts fit less often, and
       wide ones fit better into a wide image */
    near(sum / DRAWS, 0.516, 0.01);
    near(aspect / DRAWS, 0.051, 0.015);
    near(x / tall, 0.5, 0.02);
    a = (fv_augment){.area = 1, .aspect = 1};
    const fv_drawn d = draw(&a, NULL, 1, NULL);
    assert_true(d.warp.width == 40 && d.warp.height == 40);
    assert_true(d.warp.x == 5 && d.warp.y == 0);
}

static void colours(void **state) {
    (void)state;
    const fv_augment a = {.brightness = 0.4, .contrast = 0.3, .saturation = 1.5, .hue = 0.1};
    stat by[FV_TINTS];
    int first[FV_TINTS] = {0}, pairs = 0;
    for (int k = 0; k < FV_TINTS; k++) by[k] = (stat){9, -9, 0, 0};
    for (int64_t i = 0; i < DRAWS; i++) {
        const fv_drawn d = draw(&a, NULL, i, NULL);
        assert_int_equal(d.tint.count, FV_TINTS);
        int seen = 0;
        for (int k = 0; k < FV_TINTS; k++) {
            add(&by[d.tint.which[k]], d.tint.by[k]);
            seen |= 1 << d.tint.which[k];
        }
        assert_int_equal(seen, 15);
        first[d.tint.which[0]]++;
        pairs += d.tint.which[1] == FV_TINT_HUE && d.tint.which[2] == FV_TINT_CONTRAST;
    }
    check_uniform(&by[FV_TINT_BRIGHTNESS], 0.6, 1.4);
    check_uniform(&by[FV_TINT_CONTRAST], 0.7, 1.3);
    check_uniform(&by[FV_TINT_SATURATION], 0, 2.5);
    check_uniform(&by[FV_TINT_HUE], -0.1, 0.1);
    for (int k = 0; k < FV_TINTS; k++) near(first[k], DRAWS / 4.0, 0.03 * DRAWS);
    near(pairs, DRAWS / 12.0, 0.02 * DRAWS);
}

static void pca(void **state) {
    (void)state;
    const fv_augment a = {.pca = 0.1};
    const fv_components c = {3, {0.2, 0.02, 0.005}, {{0.6, 0.8, 0}, {0.8, -0.6, 0}, {0, 0, 1}}};
    stat along = {9, -9, 0, 0}, across = along, last = along;
    for (int64_t i = 0; i < DRAWS; i++) {
        const fv_drawn d = draw(&a, &c, i, NULL);
        const double *v = d.tint.added;
        assert_true(d.tint.adds);
        add(&along, 0.6 * v[0] + 0.8 * v[1]);
        add(&across, 0.8 * v[0] - 0.6 * v[1]);
        add(&last, v[2]);
    }
    near(sqrt(along.squares / DRAWS), 255 * 0.1 * 0.2, 0.15);
    near(along.sum / DRAWS, 0, 0.25);
    near(sqrt(across.squares / DRAWS), 255 * 0.1 * 0.02, 0.02);
    near(sqrt(last.squares / DRAWS), 255 * 0.1 * 0.005, 0.005);
}

/* One more kind changes nothing about the others. */
static void lanes(void **state) {
    (void)state;
    const fv_augment few = {.flip = true, .shift = 3, .rotate = 10, .brightness = 0.2};
    const fv_augment all = {.flip = true,
                            .shift = 3,
                            .rotate = 10,
                            .zoom = 0.3,
                            .shear = 5,
                            .elastic = 1,
                            .elastic_sigma = 2,
                            .area = 0.3,
                            .aspect = 2,
                            .brightness = 0.2,
                            .contrast = 0.2,
                            .hue = 0.1,
                            .pca = 0.1};
    for (int64_t i = 0; i < 50; i++) {
        fv_arena scratch;
        fv__arena_init(&scratch, ctx);
        const fv_drawn a = draw(&few, NULL, i, &scratch), b = draw(&all, NULL, i, &scratch);
        assert_true(a.move.flip == b.move.flip && a.move.dx == b.move.dx && a.move.dy == b.move.dy);
        near(atan2(a.warp.back[1][0], a.warp.back[1][1]),
             atan2(b.warp.back[1][0], b.warp.back[1][1]), 1e-12);
        for (int k = 0; k < b.tint.count; k++)
            if (b.tint.which[k] == FV_TINT_BRIGHTNESS) assert_true(b.tint.by[k] == a.tint.by[0]);
        fv__arena_free(&scratch);
    }
}

/* The field's deviation is the strength whatever the smoothness, at the border as well; neighbours
   `far` apart go alike as exp(-far^2 / (4 sigma^2)) has it. */
static void elastic(void **state) {
    (void)state;
    const int w = 40, h = 30, far = 5;
    for (int sigma = 2; sigma <= 8; sigma += 3) {
        double squares = 0, edge = 0, products = 0, sum = 0;
        for (uint64_t i = 0; i < 200; i++) {
            fv_arena scratch;
            fv__arena_init(&scratch, ctx);
            const float *d = fv__draw_elastic(fv__key(3, FV_STREAM_AUGMENT, 4, 0), i << 32, w, h,
                                              1.5, sigma, &scratch);
            for (int k = 0; k < w * h; k++) squares += (double)(d[k] * d[k]), sum += (double)d[k];
            for (int k = 0; k < h; k++) edge += (double)(d[k * w] * d[k * w]);
            for (int k = 0; k < h; k++)
                for (int x = 0; x + far < w; x++)
                    products += (double)(d[k * w + x] * d[k * w + x + far]);
            fv__arena_free(&scratch);
        }
        near(sqrt(squares / (200 * w * h)), 1.5, 0.08);
        near(sqrt(edge / (200 * h)), 1.5, 0.2);
        near(sum / (200 * w * h), 0, 0.12);
        near(products / (200 * (w - far) * h) / 2.25, exp(-25.0 / (4 * sigma * sigma)), 0.08);
    }
}

/* The square is as large as asked where it is whole, its places reach everywhere, and its pixels
   are 0 where others are not. */
static void cutout(void **state) {
    (void)state;
    const fv_augment a = {.cutout = 4};
    const fv_batch batch = {.augment = &a, .seed = 5};
    const fv_input in = input(2, 10, 12);
    int hidden[120] = {0}, whole = 0, least = 99;
    for (int64_t i = 0; i < DRAWS; i++) {
        float x[240];
        int gone = 0;
        for (int k = 0; k < 240; k++) x[k] = 7;
        fv__draw_cutout(&batch, i, &in, x);
        for (int k = 0; k < 120; k++) {
            assert_true(x[k] == x[120 + k]);
            gone += x[k] == 0;
            hidden[k] += x[k] == 0;
        }
        assert_true(gone <= 16);
        whole += gone == 16;
        if (gone < least) least = gone;
    }
    assert_int_equal(least, 4); /* in a corner, the half of each side at least */
    near(whole, DRAWS * (7.0 / 10) * (9.0 / 12), 0.03 * DRAWS);
    near(hidden[5 * 12 + 6], DRAWS * 16.0 / 120, 0.02 * DRAWS);
    assert_true(hidden[0] > 0 && hidden[119] > 0);
}

static const fv_augment everything = {.flip = true,
                                      .shift = 1,
                                      .zoom = 0.2,
                                      .rotate = 20,
                                      .shear = 5,
                                      .elastic = 0.5,
                                      .elastic_sigma = 2,
                                      .area = 0.5,
                                      .aspect = 1.5,
                                      .brightness = 0.3,
                                      .contrast = 0.3,
                                      .saturation = 0.3,
                                      .hue = 0.1,
                                      .pca = 0.1,
                                      .cutout = 2};

static void any_threads(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 3};
    fv_dataset set = open_set(&p);
    fv_input in = input(1, 8, 8);
    in.pad = 1;
    static buffers one, many;
    if (program_fill(ctx, &set, &in, &everything, &one) != FV_OK) fail_msg("%s", ctx->message);
    static const int threads[] = {2, 3, 8};
    for (int k = 0; k < 3; k++) {
        fv_context *own;
        assert_int_equal(fv_context_new(threads[k], &own), FV_OK);
        for (int round = 0; round < 5; round++) {
            assert_int_equal(program_fill(own, &set, &in, &everything, &many), FV_OK);
            assert_memory_equal(&one, &many, sizeof one);
        }
        fv_context_free(own);
    }
    fv__dataset_close(&set);
}

/* Numbers that are no picture: geometry is done, colours are refused. */
static void numbers(void **state) {
    (void)state;
    program p = {.dtype = FV_F32, .channels = 2, .height = 6, .width = 6};
    fv_dataset set = open_set(&p);
    fv_input in = input(2, 6, 6);
    in.mean = (fv_reals){1, {100}}; /* a bare pixel is -100 */
    static float x[30 * 72];
    fv_augment a = {.rotate = 40};
    const fv_batch batch = {.n = 30, .augment = &a};
    if (fv__batch_fill(ctx, &set, &in, &batch, x, NULL, 0) != FV_OK) fail_msg("%s", ctx->message);
    int bare = 0;
    for (int k = 0; k < 30 * 72; k++) {
        bare += x[k] == -100;
        assert_true(x[k] == -100 || (x[k] >= -1 && x[k] < 2));
    }
    assert_true(bare > 30);
    a = (fv_augment){.hue = 0.1};
    assert_int_equal(fv__batch_fill(ctx, &set, &in, &batch, x, NULL, 0), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "are for pictures"));
    fv__dataset_close(&set);
}

/* Components of a set whose colours lie on a line: (1, 2, 2)/3 and a variance by hand. */
static fv_status line(fv_context *own, void *user, int64_t i, fv_arena *scratch, fv_sample *out) {
    (void)own;
    (void)user;
    uint8_t *v = fv__arena_alloc(scratch, 3);
    static const int32_t class = 0;
    if (!v) return FV_EXHAUSTED;
    v[0] = (uint8_t)(51 + 51 * (i % 2));
    v[1] = v[2] = (uint8_t)(51 + 102 * (i % 2));
    out->image = (fv_image_view){v, FV_U8, 1, 1, 3, 3, 3, 1};
    out->targets = 1;
    out->target[0] = (fv_target){FV_TARGET_CLASS, FV_I32, {0}, &class};
    return FV_OK;
}

static void components_of_a_set(void **state) {
    (void)state;
    const fv_sample_source source = {.name = "line",
                                     .count = 2000,
                                     .targets = 1,
                                     .target = {{FV_TARGET_CLASS, 0}},
                                     .classes = 1,
                                     .dtype = FV_U8,
                                     .sample = line};
    fv_dataset set;
    fv_components c;
    assert_int_equal(fv__dataset_from(ctx, &source, &set), FV_OK);
    assert_int_equal(fv__components_of(ctx, &set, &c), FV_OK);
    /* 512 of 2000: every 3.9th, and of the line's two colours nearly as many of each: the variance
       is p (1 - p) (0.2^2 + 0.4^2 + 0.4^2) */
    int odd = 0;
    for (int64_t i = 0; i < 512; i++) odd += (int)(i * 2000 / 512 % 2);
    const double share = odd / 512.0;
    near(c.value[0], share * (1 - share) * 0.36, 1e-12);
    near(c.value[1], 0, 1e-12);
    near(c.vector[0][0], 1.0 / 3, 1e-9);
    near(c.vector[0][1], 2.0 / 3, 1e-9);
    near(c.vector[0][2], 2.0 / 3, 1e-9);
    fv__dataset_close(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(geometry), cmocka_unit_test(parts),
        cmocka_unit_test(colours),  cmocka_unit_test(pca),
        cmocka_unit_test(lanes),    cmocka_unit_test(elastic),
        cmocka_unit_test(cutout),   cmocka_unit_test(any_threads),
        cmocka_unit_test(numbers),  cmocka_unit_test(components_of_a_set),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
