/* SPDX-License-Identifier: MIT */
/*
 * test_augment.c - what augmentation does to one image at given numbers: the map of its pixels, its
 * colours, the components of a data set's colours. Expected values are worked out by hand, by NumPy
 * and by PyTorch's grid_sample, as each test says.
 */
#include "data/draw.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

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
    return (fv_input){.channels = channels, .height = height, .width = width, .scale = 1};
}

/* The image, gray, as the input sees it through the move. */
static void see(const fv_input *in, uint8_t *pixels, int64_t width, int64_t height,
                const fv_move *move, float *out) {
    const fv_image image = {width, height, 1, pixels};
    const fv_image_view view = fv__image_view(&image);
    fv_levels levels;
    fv__levels(in, &levels);
    if (fv__preprocess_view(ctx, in, &levels, &view, move, out) != FV_OK)
        fail_msg("%s", ctx->message);
}

static fv_warp turned(double degrees, double zoom) {
    const double t = degrees * 3.14159265358979323846 / 180, c = cos(t) / zoom, s = sin(t) / zoom;
    return (fv_warp){.bent = true, .back = {{c, -s}, {s, c}}};
}

/* A quarter turn counter-clockwise: row y, column x is what was at row x, column 4 - y. No number
   may be off by a bit. */
static void quarter_turns(void **state) {
    (void)state;
    uint8_t pixels[25];
    float x[25];
    for (int i = 0; i < 25; i++) pixels[i] = (uint8_t)(i * 37 + 11);
    const fv_input in = input(1, 5, 5);
    fv_warp warp = turned(90, 1);
    const fv_move move = {.warp = &warp};
    see(&in, pixels, 5, 5, &move, x);
    for (int i = 0; i < 25; i++) assert_true(x[i] == pixels[i % 5 * 5 + 4 - i / 5]);
    warp = turned(180, 1);
    see(&in, pixels, 5, 5, &move, x);
    for (int i = 0; i < 25; i++) assert_true(x[i] == pixels[24 - i]);
    warp = turned(0, 1);
    see(&in, pixels, 5, 5, &move, x);
    for (int i = 0; i < 25; i++) assert_true(x[i] == pixels[i]);
}

/* A quarter turn, then mirrored, then one to the right and two up: flip and shift come behind. */
static void order_of_moves(void **state) {
    (void)state;
    uint8_t pixels[25];
    float x[49];
    for (int i = 0; i < 25; i++) pixels[i] = (uint8_t)(i * 37 + 11);
    fv_input in = input(1, 7, 7);
    in.pad = 1;
    const fv_warp warp = turned(90, 1);
    const fv_move move = {.warp = &warp, .flip = true, .dx = 1, .dy = -2};
    see(&in, pixels, 5, 5, &move, x);
    for (int i = 0; i < 49; i++) {
        const int u = 4 - (i % 7 - 1 - 1), v = i / 7 - 1 + 2;
        const bool inside = u >= 0 && u < 5 && v >= 0 && v < 5;
        assert_true(x[i] == (inside ? pixels[u * 5 + 4 - v] : 0));
    }
}

/* Sheared by 10 degrees, turned by 30, enlarged by 1.5: grid_sample of PyTorch 1.13 (bilinear,
   align_corners=False, padding_mode='border'), whose pixels without a neighbour stand alone too. */
static void enlarged(void **state) {
    (void)state;
    uint8_t pixels[] = {10, 40, 90,  160, 250, 20, 60,  120, 200, 30,
                        35, 85, 155, 245, 75,  55, 115, 195, 5,   125};
    static const double want[] = {70.2134,  121.7427, 187.602, 130.097, 58.2809,  109.3754,
                                  173.5473, 203.8009, 51.3148, 95.7281, 158.2126, 118.6823};
    float x[12];
    const fv_input in = input(1, 3, 4);
    const fv_warp warp = {.bent = true,
                          .back = {{0.5185746089534707, -0.4351357631107596},
                                   {0.33333333333333337, 0.5773502691896258}}};
    const fv_move move = {.warp = &warp};
    see(&in, pixels, 5, 4, &move, x);
    for (int i = 0; i < 12; i++) near(x[i], want[i], 1e-3);
}

/* 12x10 pixels into 3x4, turned by 20 degrees: sums over all pixels with triangles of the widths
   that warp.c states, by NumPy. */
static void shrunk(void **state) {
    (void)state;
    uint8_t pixels[120];
    static const double want[] = {78.9389,  89.2914,  101.4615, 113.57,   123.2007, 133.4488,
                                  134.4743, 128.4352, 129.6126, 120.8113, 137.6262, 136.6512};
    float x[12];
    for (int i = 0; i < 120; i++) pixels[i] = (uint8_t)(i * i * 7 % 251);
    const fv_input in = input(1, 4, 3);
    const fv_warp warp = turned(20, 1);
    const fv_move move = {.warp = &warp};
    see(&in, pixels, 12, 10, &move, x);
    for (int i = 0; i < 12; i++) near(x[i], want[i], 1e-3);
}

/* Where nothing bends, the same numbers as the plain way of resize, crop and fit. */
static void as_the_plain_resize(void **state) {
    (void)state;
    static uint8_t pixels[90 * 61];
    static float plain[400], bent[400];
    for (int i = 0; i < 90 * 61; i++) pixels[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    fv_input in = input(1, 20, 20);
    in.resize = 25;
    in.crop = (fv_size){20, 20};
    const fv_warp warp = turned(0, 1);
    const fv_move still = {0}, move = {.warp = &warp};
    see(&in, pixels, 90, 61, &still, plain);
    see(&in, pixels, 90, 61, &move, bent);
    for (int i = 0; i < 400; i++) near(bent[i], plain[i], 0.01);
}

/* A part of the image is what it would be as an image of its own, with and without bending; and
   what lies beyond it is seen where it is turned into view. */
static void a_part(void **state) {
    (void)state;
    uint8_t pixels[12 * 9], part[7 * 5];
    float want[16], x[16];
    for (int i = 0; i < 12 * 9; i++) pixels[i] = (uint8_t)(i * 91 + 3);
    for (int i = 0; i < 35; i++) part[i] = pixels[(2 + i / 7) * 12 + 4 + i % 7];
    fv_input in = input(1, 4, 4);
    const fv_move still = {0};
    see(&in, part, 7, 5, &still, want);
    in.resize = 300; /* which a part replaces */
    in.crop = (fv_size){3, 3};
    fv_warp warp = {.cut = true, .x = 4, .y = 2, .width = 7, .height = 5};
    const fv_move move = {.warp = &warp};
    see(&in, pixels, 12, 9, &move, x);
    for (int i = 0; i < 16; i++) near(x[i], want[i], 1e-3);
    in = input(1, 4, 4);
    warp = turned(45, 0.5); /* wider than the image: its corners are bare */
    see(&in, pixels, 12, 9, &move, x);
    assert_true(x[0] == 0 && x[3] == 0 && x[12] == 0 && x[15] == 0 && x[5] > 0);
    warp = turned(0, 0.8);
    warp.cut = true;
    warp.x = 4, warp.y = 2, warp.width = 4, warp.height = 4;
    see(&in, pixels, 12, 9, &move, x);
    for (int i = 0; i < 16; i++) assert_true(x[i] > 0);
}

/* Displacements are where to look: everything one pixel to the left, and a quarter up. */
static void displaced(void **state) {
    (void)state;
    uint8_t pixels[16];
    float dx[16], dy[16], x[16];
    for (int i = 0; i < 16; i++) pixels[i] = (uint8_t)(i * 13 + 5), dx[i] = 1, dy[i] = 0.25f;
    const fv_input in = input(1, 4, 4);
    fv_warp warp = turned(0, 1);
    warp.dx = dx;
    warp.dy = dy;
    const fv_move move = {.warp = &warp};
    see(&in, pixels, 4, 4, &move, x);
    for (int i = 0; i < 16; i++) {
        const int at = i + 1, under = i / 4 < 3 ? at + 4 : at;
        near(x[i], i % 4 == 3 ? 0 : 0.75 * pixels[at] + 0.25 * pixels[under], 1e-4);
        if (i / 4 == 3 && i % 4 < 3) near(x[i], pixels[at], 1e-4); /* on the edge: the pixel */
    }
}

/* Maps go the same way: the class of a pixel is its value, and what is bare is ignored. */
static void maps_bend_along(void **state) {
    (void)state;
    uint8_t pixels[81];
    float x[100];
    int32_t map[100];
    for (int i = 0; i < 81; i++) pixels[i] = (uint8_t)(i / 9 / 3 * 3 + i % 9 / 3 + 1);
    fv_input in = input(1, 10, 10);
    in.pad = 2;
    const fv_target t = {FV_TARGET_MAP, FV_U8, fv__shape2(9, 9), pixels};
    int same = 0, bare = 0;
    for (int degrees = 0; degrees < 360; degrees += 15) {
        fv_warp warp = turned(degrees, 0.9);
        warp.cut = degrees % 2 == 1;
        warp.x = 1, warp.y = 2, warp.width = 7, warp.height = 6;
        const fv_move move = {.warp = &warp, .flip = degrees % 3 == 0, .dx = 1, .dy = degrees % 3};
        see(&in, pixels, 9, 9, &move, x);
        assert_int_equal(fv__preprocess_map(ctx, &in, &t, &move, 255, map), FV_OK);
        for (int i = 0; i < 100; i++) {
            assert_int_equal(map[i] == 255, x[i] == 0);
            bare += map[i] == 255;
            same += map[i] == (int)lround((double)x[i]);
        }
    }
    assert_true(bare > 24 * 40 && same > 24 * 15);
}

static void colours(void **state) {
    (void)state;
    static const float start[] = {200, 10, 128, 5, 30, 250, 128, 10, 90, 60, 128, 240};
    static const struct {
        int which;
        double by;
        float want[12];
    } cases[] = {
        /* NumPy, after torchvision's formulas; hue by Python's colorsys */
        {FV_TINT_BRIGHTNESS, 1.4, {255, 14, 179.2f, 7, 42, 255, 179.2f, 14, 126, 84, 179.2f, 255}},
        {FV_TINT_CONTRAST,
         0.5,
         {150.8719f, 55.8719f, 114.8719f, 53.3719f, 65.8719f, 175.8719f, 114.8719f, 55.8719f,
          95.8719f, 80.8719f, 114.8719f, 170.8719f}},
        {FV_TINT_CONTRAST,
         1.8,
         {255, 0, 149.005f, 0, 0, 255, 149.005f, 0, 80.605f, 26.605f, 149.005f, 255}},
        {FV_TINT_SATURATION, 1.5, {255, 0, 128, 0, 1.165f, 255, 128, 0, 91.165f, 11.71f, 128, 255}},
        {FV_TINT_SATURATION,
         0,
         {87.67f, 156.58f, 128, 34.725f, 87.67f, 156.58f, 128, 34.725f, 87.67f, 156.58f, 128,
          34.725f}},
        {FV_TINT_HUE, 0.25, {175, 10, 128, 240, 200, 80, 128, 5, 30, 250, 128, 127.5f}},
        {FV_TINT_HUE, -0.4, {30, 250, 128, 104, 158, 10, 128, 240, 200, 56, 128, 5}},
        {FV_TINT_HUE, 0.5, {30, 250, 128, 240, 200, 10, 128, 235, 140, 200, 128, 5}},
        {FV_TINT_HUE, 0, {200, 10, 128, 5, 30, 250, 128, 10, 90, 60, 128, 240}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const fv_tint t = {.count = 1, .which = {cases[k].which}, .by = {cases[k].by}};
        float x[12];
        memcpy(x, start, sizeof x);
        fv__tint(&t, x, 4, 3);
        for (int i = 0; i < 12; i++) near((double)x[i], (double)cases[k].want[i], 2e-3);
    }
    /* the order counts, and pca comes behind, unlimited */
    const fv_tint both = {2, {FV_TINT_CONTRAST, FV_TINT_BRIGHTNESS}, {0, 3}, true, {10, -20, 300}};
    float x[3] = {30, 60, 90};
    fv__tint(&both, x, 1, 3);
    const double gray = 3 * (0.299 * 30 + 0.587 * 60 + 0.114 * 90);
    near((double)x[0], gray + 10, 1e-3);
    near((double)x[1], gray - 20, 1e-3);
    near((double)x[2], gray + 300, 1e-3);
    /* gray has neither saturation nor hue */
    const fv_tint gone = {.count = 2, .which = {FV_TINT_SATURATION, FV_TINT_HUE}, .by = {0, 0.3}};
    float g[2] = {30, 60};
    fv__tint(&gone, g, 2, 1);
    assert_true(g[0] == 30 && g[1] == 60);
}

/* Eigenvalues and vectors of a matrix as numpy.linalg.eigh has them, and of four pixels. */
static void components(void **state) {
    (void)state;
    double a[3][3] = {{.07, .05, .03}, {.05, .06, .04}, {.03, .04, .08}};
    fv_components c;
    fv__components(a, 3, &c);
    near(c.value[0], 0.15, 1e-12);
    near(c.value[1], 0.0473205080756888, 1e-12);
    near(c.value[2], 0.0126794919243112, 1e-12);
    static const double vectors[3][3] = {{0.57735027, 0.57735027, 0.57735027},
                                         {-0.57735027, -0.21132487, 0.78867513},
                                         {-0.57735027, 0.78867513, -0.21132487}};
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 3; i++) near(c.vector[k][i], vectors[k][i], 1e-7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quarter_turns),
        cmocka_unit_test(order_of_moves),
        cmocka_unit_test(enlarged),
        cmocka_unit_test(shrunk),
        cmocka_unit_test(as_the_plain_resize),
        cmocka_unit_test(a_part),
        cmocka_unit_test(displaced),
        cmocka_unit_test(maps_bend_along),
        cmocka_unit_test(colours),
        cmocka_unit_test(components),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
