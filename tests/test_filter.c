/* SPDX-License-Identifier: MIT */
/*
 * test_filter.c - public: numbers from text, named kernels, one kernel over numbers and images.
 */
#include "public.h"

static fv_matrix *parse(fv_context *ctx, const char *text) {
    fv_matrix *m;
    OK(ctx, fv_matrix_parse(ctx, text, &m));
    return m;
}

/* The numbers of a text, in the shape of it. */
static void expect(fv_context *ctx, fv_matrix *m, const char *text) {
    fv_matrix *want = parse(ctx, text);
    assert_int_equal(m->rank, want->rank);
    for (int d = 0; d < m->rank; d++) assert_int_equal(m->dims[d], want->dims[d]);
    for (int64_t i = 0; i < m->count; i++)
        if (fabs(m->data[i] - want->data[i]) > 1e-12)
            fail_msg("number %d is %.17g, not %.17g", (int)i, m->data[i], want->data[i]);
    fv_matrix_free(want);
    fv_matrix_free(m);
}

/* ------------------------------------------------------------------------------- numbers --- */

static void numbers_are_read(void **state) {
    fv_context *ctx = *state;
    expect(ctx, parse(ctx, "1,2; 3,4"), "[[1,2],[3,4]]");
    expect(ctx, parse(ctx, " [ [1 2], [3 4] ] "), "[[1,2],[3,4]]");
    expect(ctx, parse(ctx, "1 2\n3 4\n"), "[[1,2],[3,4]]");
    expect(ctx, parse(ctx, "1\n2\n\n3\r\n"), "[1,2,3]");
    expect(ctx, parse(ctx, "-1, 1/4 , 2.5e1"), "[-1,0.25,25]");
    fv_matrix *m = parse(ctx, "[[[1,2]],[[3,4]],[[5,6]]]");
    assert_int_equal(m->rank, 3);
    assert_int_equal(m->dims[0], 3);
    assert_int_equal(m->dims[1], 1);
    assert_int_equal(m->dims[2], 2);
    assert_int_equal(m->count, 6);
    fv_matrix_free(m);
    fv_matrix_free(NULL);
}

static void other_texts_are_refused(void **state) {
    fv_context *ctx = *state;
    fv_matrix *m;
    static const char *const bad[] = {
        "",       "[",         "[]",      "[[]]",     "[1,2", "[1,,2]", "[[1,2],[3]",
        "1,2; 3", "[[1,2],3]", "[1,[2]]", "[1,2]]",   "one",  "1/0",    "1x2",
        "[1;2]",  "1e999",     "nan",     "[[1,2]]x", "1,,2", ",",      "1e308/1e-308"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const fv_status status = fv_matrix_parse(ctx, bad[i], &m);
        if (status != FV_BAD_INPUT || m) fail_msg("'%s' gave %d", bad[i], (int)status);
    }
    SAYS(ctx, fv_matrix_parse(ctx, "[[1,2],[3]]", &m), FV_BAD_INPUT, "equally long");
    SAYS(ctx, fv_matrix_parse(ctx, "[1,2,three]", &m), FV_BAD_INPUT, "character 6");
    char deep[64];
    memset(deep, '[', 40);
    strcpy(deep + 40, "1");
    SAYS(ctx, fv_matrix_parse(ctx, deep, &m), FV_BAD_INPUT, "deep");
    SAYS(ctx, fv_matrix_new(ctx, 0, (const int64_t[]){1}, &m), FV_USAGE, "dimensions");
    SAYS(ctx, fv_matrix_new(ctx, 2, (const int64_t[]){1, 0}, &m), FV_USAGE, "at least 1");
    SAYS(ctx, fv_matrix_new(ctx, 2, (const int64_t[]){INT64_MAX, 8}, &m), FV_BAD_INPUT, "address");
}

/* Texts by chance: read or refused with a sentence, never more. */
static void any_text_will_do(void **state) {
    fv_context *ctx = *state;
    static const char signs[] = "[[[]]],,;;  \n1234567890.-+e/x";
    uint32_t random = 1;
    int good = 0;
    for (int i = 0; i < 20000; i++) {
        char text[32] = {0};
        fv_matrix *m;
        for (int k = 0; k < i % 24; k++) {
            random = random * 1664525 + 1013904223;
            text[k] = signs[(random >> 16) % (sizeof signs - 1)];
        }
        const fv_status status = fv_matrix_parse(ctx, text, &m);
        assert_true(status == FV_OK ? m && m->count > 0 : status == FV_BAD_INPUT && !m);
        good += status == FV_OK;
        fv_matrix_free(m);
    }
    assert_true(good > 100);
}

/* ------------------------------------------------------------------------------- kernels --- */

/* A kernel over a white pixel in the middle of 5x5, and over an even grey. */
static void check_effect(fv_context *ctx, const fv_kernel_facts *k) {
    fv_filter_options flipped = FV_INIT(fv_filter_options), edge = FV_INIT(fv_filter_options);
    fv_matrix *kernel, *y;
    fv_matrix *white = parse(ctx, "0,0,0,0,0; 0,0,0,0,0; 0,0,1,0,0; 0,0,0,0,0; 0,0,0,0,0");
    fv_matrix *grey = parse(ctx, "7,7,7; 7,7,7; 7,7,7");
    double sum = 0;
    flipped.flip = 1;
    edge.border = FV_BORDER_EDGE;
    OK(ctx, fv_kernel_make(ctx, k->name, 2, 0, &kernel));
    for (int q = 0; q < 9; q++) sum += kernel->data[q];
    assert_true(fabs(sum) < 1e-12 || fabs(sum - 1) < 1e-12);
    OK(ctx, fv_filter(ctx, grey, kernel, &edge, &y));
    for (int i = 0; i < 9; i++) assert_true(fabs(y->data[i] - 7 * sum) < 1e-12);
    fv_matrix_free(y);
    for (int flip = 0; flip < 2; flip++) { /* a correlation mirrors, a convolution does not */
        OK(ctx, fv_filter(ctx, white, kernel, flip ? &flipped : NULL, &y));
        for (int q = 0; q < 9; q++)
            assert_true(y->data[(q / 3 + 1) * 5 + q % 3 + 1] == kernel->data[flip ? q : 8 - q]);
        fv_matrix_free(y);
    }
    fv_matrix_free(kernel);
    fv_matrix_free(white);
    fv_matrix_free(grey);
}

static void kernels_have_names(void **state) {
    fv_context *ctx = *state;
    fv_kernel_facts k = FV_INIT(fv_kernel_facts), again = FV_INIT(fv_kernel_facts);
    int count = 0;
    for (; fv_kernel_at(count, &k); count++) {
        assert_true(strlen(k.help) > 8);
        assert_true(fv_kernel_find(k.name, &again));
        assert_string_equal(again.name, k.name);
        check_effect(ctx, &k);
    }
    assert_true(count >= 7);
    assert_false(fv_kernel_at(-1, &k));
    assert_false(fv_kernel_find("edge9", &k));
    assert_false(fv_kernel_find(NULL, &k));
}

static void kernels_of_ones_own(void **state) {
    fv_context *ctx = *state;
    fv_matrix *k;
    OK(ctx, fv_kernel_make(ctx, "0,1,0; 1,-4,1; 0,1,0", 2, 0, &k));
    expect(ctx, k, "[[0,1,0],[1,-4,1],[0,1,0]]");
    OK(ctx, fv_kernel_make(ctx, "box", 1, 0, &k));
    expect(ctx, k, "[1/3,1/3,1/3]");
    SAYS(ctx, fv_kernel_make(ctx, "sharpn", 2, 0, &k), FV_BAD_INPUT, "did you mean 'sharpen'?");
    SAYS(ctx, fv_kernel_make(ctx, "frobnicate", 2, 0, &k), FV_BAD_INPUT, "edge1, edge2");
    SAYS(ctx, fv_kernel_make(ctx, "edge1", 1, 0, &k), FV_BAD_INPUT, "no form for a signal");
    SAYS(ctx, fv_kernel_make(ctx, "box", 2, 1.5, &k), FV_BAD_INPUT, "sigma");
    SAYS(ctx, fv_kernel_make(ctx, "gaussian", 2, 50, &k), FV_BAD_INPUT, "between 0.1 and 20");
    SAYS(ctx, fv_kernel_make(ctx, "gaussian", 2, NAN, &k), FV_BAD_INPUT, "between");
    SAYS(ctx, fv_kernel_make(ctx, "[[[1]]]", 2, 0, &k), FV_BAD_INPUT, "one matrix");
    SAYS(ctx, fv_kernel_make(ctx, "box", 3, 0, &k), FV_USAGE, "1 or 2 dimensions");
}

/* g(x,y) = g(x) g(y), all add up to 1, and a neighbour is exp(-1/(2 sigma²)) of the middle. */
static void gaussians_are_as_wide_as_asked(void **state) {
    fv_context *ctx = *state;
    fv_matrix *plane, *line;
    double sum = 0;
    OK(ctx, fv_kernel_make(ctx, "gaussian", 2, 1.5, &plane));
    OK(ctx, fv_kernel_make(ctx, "gaussian", 1, 1.5, &line));
    assert_int_equal(line->count, 11); /* 3 sigma is 4.5: 5 on each side */
    assert_int_equal(plane->count, 121);
    for (int i = 0; i < 121; i++) {
        sum += plane->data[i];
        assert_true(fabs(plane->data[i] - line->data[i / 11] * line->data[i % 11]) < 1e-15);
    }
    assert_true(fabs(sum - 1) < 1e-12);
    assert_true(fabs(line->data[6] / line->data[5] - exp(-1 / 4.5)) < 1e-12);
    fv_matrix_free(plane);
    fv_matrix_free(line);
}

/* ------------------------------------------------------------------------------- filters --- */

static fv_matrix *filtered(fv_context *ctx, const char *x, const char *k, int dimensions,
                           fv_border border) {
    fv_filter_options o = FV_INIT(fv_filter_options);
    fv_matrix *in = parse(ctx, x), *kernel, *y;
    o.border = border;
    OK(ctx, fv_kernel_make(ctx, k, dimensions, 0, &kernel));
    OK(ctx, fv_filter(ctx, in, kernel, &o, &y));
    fv_matrix_free(in);
    fv_matrix_free(kernel);
    return y;
}

static void signals_and_matrices(void **state) {
    fv_context *ctx = *state;
    expect(ctx, filtered(ctx, "[1,2,3,4]", "box", 1, FV_BORDER_ZERO), "[1,2,3,7/3]");
    expect(ctx, filtered(ctx, "[1,2,3,4]", "box", 1, FV_BORDER_EDGE), "[4/3,2,3,11/3]");
    expect(ctx, filtered(ctx, "[1,2,3,4]", "box", 1, FV_BORDER_REFLECT), "[5/3,2,3,10/3]");
    expect(ctx, filtered(ctx, "[1,2,3,4]", "[1,10]", 1, FV_BORDER_ZERO), "[21,32,43,4]");
    expect(ctx, filtered(ctx, "[[1,2,3],[4,5,6],[7,8,9]]", "edge2", 2, FV_BORDER_ZERO),
           "[[2,1,-4],[-3,0,-7],[-16,-11,-22]]");
    expect(ctx, filtered(ctx, "[[1,2,3],[4,5,6]]", "[0,0,1]", 2, FV_BORDER_EDGE),
           "[[2,3,3],[5,6,6]]");
}

/* A kernel that is a column times a row is the same in two passes; one that is not, in one. Both
   against the sum written out. */
static void large_kernels(void **state) {
    fv_context *ctx = *state;
    fv_filter_options o = FV_INIT(fv_filter_options);
    fv_matrix *x, *k, *y;
    OK(ctx, fv_matrix_new(ctx, 2, (const int64_t[]){12, 15}, &x));
    for (int i = 0; i < 180; i++) x->data[i] = i * 37 % 101;
    for (int round = 0; round < 4; round++) {
        OK(ctx, fv_matrix_new(ctx, 2, (const int64_t[]){5, 7}, &k));
        for (int i = 0; i < 35; i++) k->data[i] = (i / 7 - 1) * (i % 7 - 2.5);
        if (round > 1) k->data[33] += 1e-3;
        o.flip = round % 2;
        OK(ctx, fv_filter(ctx, x, k, &o, &y));
        for (int p = 0; p < 180; p++) {
            double sum = 0;
            for (int q = 0; q < 35; q++) {
                const int h = p / 15 + q / 7 - 2, w = p % 15 + q % 7 - 3;
                if (h >= 0 && h < 12 && w >= 0 && w < 15)
                    sum += k->data[o.flip ? 34 - q : q] * x->data[h * 15 + w];
            }
            if (fabs(sum - y->data[p]) > 1e-9)
                fail_msg("round %d, number %d: %.12g, not %.12g", round, p, y->data[p], sum);
        }
        fv_matrix_free(y);
        fv_matrix_free(k);
    }
    fv_matrix_free(x);
}

static void what_does_not_fit(void **state) {
    fv_context *ctx = *state;
    fv_filter_options o = FV_INIT(fv_filter_options);
    fv_matrix *line = parse(ctx, "[1,2,3]"), *plane = parse(ctx, "1,2;3,4"),
              *cube = parse(ctx, "[[[1]]]"), *wide = parse(ctx, "[1,2,3,4,5,6,7]"), *y;
    SAYS(ctx, fv_filter(ctx, line, plane, NULL, &y), FV_BAD_INPUT, "does not go over a signal");
    SAYS(ctx, fv_filter(ctx, cube, line, NULL, &y), FV_BAD_INPUT, "3 dimensions");
    o.border = FV_BORDER_REFLECT;
    SAYS(ctx, fv_filter(ctx, line, wide, &o, &y), FV_BAD_INPUT, "mirrored");
    o.border = (fv_border)7;
    SAYS(ctx, fv_filter(ctx, line, wide, &o, &y), FV_USAGE, "border");
    SAYS(ctx, fv_filter(ctx, line, NULL, NULL, &y), FV_USAGE, "'kernel' is NULL");
    fv_matrix_free(line);
    fv_matrix_free(plane);
    fv_matrix_free(cube);
    fv_matrix_free(wide);
}

/* ------------------------------------------------------------------------------- images --- */

/* Every channel is what the same numbers are as a matrix, rounded and cut off. */
static void images_channel_by_channel(void **state) {
    fv_context *ctx = *state;
    fv_filter_options o = FV_INIT(fv_filter_options);
    uint8_t pixels[3 * 4 * 5];
    const fv_image image = {5, 4, 3, pixels};
    fv_image *y;
    fv_matrix *k, *x, *want;
    fv_blob *png;
    for (int i = 0; i < 60; i++) pixels[i] = (uint8_t)(i * 37 % 256);
    o.border = FV_BORDER_REFLECT;
    OK(ctx, fv_kernel_make(ctx, "sharpen", 2, 0, &k));
    OK(ctx, fv_filter_image(ctx, &image, k, &o, &y));
    assert_int_equal(y->channels, 3);
    OK(ctx, fv_matrix_new(ctx, 2, (const int64_t[]){4, 5}, &x));
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 20; i++) x->data[i] = pixels[3 * i + c];
        OK(ctx, fv_filter(ctx, x, k, &o, &want));
        for (int i = 0; i < 20; i++) {
            const double v = want->data[i];
            assert_int_equal(y->pixels[3 * i + c], v < 0 ? 0 : v > 255 ? 255 : (int)(v + 0.5));
        }
        fv_matrix_free(want);
    }
    OK(ctx, fv_image_png(ctx, y, &png));
    assert_png(png, 60);
    fv_image *back;
    OK(ctx, fv_image_decode(ctx, NULL, fv_blob_data(png), fv_blob_size(png), &back));
    assert_int_equal(back->width, 5);
    assert_memory_equal(back->pixels, y->pixels, 60);
    fv_image_free(back);
    fv_blob_free(png);
    fv_image_free(y);
    fv_matrix_free(x);
    fv_matrix_free(k);
}

/* 0 is 128; the largest magnitude is 1 or 255. */
static void centred_images(void **state) {
    fv_context *ctx = *state;
    fv_filter_options o = FV_INIT(fv_filter_options);
    uint8_t pixels[] = {10, 10, 10, 50, 50, 50};
    const fv_image image = {6, 1, 1, pixels};
    static const uint8_t want[] = {128, 128, 255, 1, 128, 128};
    fv_image *y;
    fv_matrix *k;
    o.border = FV_BORDER_EDGE;
    o.range = FV_RANGE_CENTRE;
    OK(ctx, fv_kernel_make(ctx, "[1,-2,1]", 2, 0, &k));
    OK(ctx, fv_filter_image(ctx, &image, k, &o, &y));
    assert_memory_equal(y->pixels, want, 6);
    fv_image_free(y);
    memset(pixels, 9, sizeof pixels); /* nothing but zeros */
    OK(ctx, fv_filter_image(ctx, &image, k, &o, &y));
    for (int i = 0; i < 6; i++) assert_int_equal(y->pixels[i], 128);
    fv_image_free(y);
    const fv_image none = {0, 1, 1, pixels}, odd = {2, 1, 2, pixels};
    SAYS(ctx, fv_filter_image(ctx, &none, k, &o, &y), FV_USAGE, "sides");
    SAYS(ctx, fv_filter_image(ctx, &odd, k, &o, &y), FV_USAGE, "channels");
    fv_blob *png;
    SAYS(ctx, fv_image_png(ctx, &odd, &png), FV_USAGE, "channels");
    fv_matrix_free(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read),     cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(any_text_will_do),     cmocka_unit_test(kernels_have_names),
        cmocka_unit_test(kernels_of_ones_own),  cmocka_unit_test(gaussians_are_as_wide_as_asked),
        cmocka_unit_test(signals_and_matrices), cmocka_unit_test(large_kernels),
        cmocka_unit_test(what_does_not_fit),    cmocka_unit_test(images_channel_by_channel),
        cmocka_unit_test(centred_images),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
