/* SPDX-License-Identifier: MIT */
/*
 * test_image.c - decoding: what every format gives, and what damage, lies and other people's
 * files give.
 */
#include "data/data.h"
#include "data_files.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

static fv_status decode(const void *data, size_t size, fv_image *p) {
    /* A copy of just this size, so that the sanitizer sees a read beyond it. */
    uint8_t *copy = malloc(size ? size : 1);
    if (size) memcpy(copy, data, size);
    fv_status status = fv__image_decode(ctx, "a file", copy, size, p);
    free(copy);
    return status;
}

static void expect_pixels(const made *m, int64_t width, int64_t height, int channels,
                          const uint8_t *want) {
    fv_image p;
    if (decode(m->data, m->size, &p) != FV_OK) fail_msg("%s", ctx->message);
    assert_int_equal(p.width, width);
    assert_int_equal(p.height, height);
    assert_int_equal(p.channels, channels);
    assert_memory_equal(p.pixels, want, (size_t)(width * height * channels));
    fv__image_free(&p);
    assert_null(p.pixels);
}

static void expect_refused(const void *data, size_t size, const char *words) {
    fv_image p;
    assert_int_equal(decode(data, size, &p), FV_BAD_INPUT);
    assert_null(p.pixels);
    if (!strstr(ctx->message, words)) fail_msg("'%s' is not in: %s", words, ctx->message);
}

static made of_text(const char *text, size_t size) {
    made m = made_new();
    made_add(&m, text, size);
    return m;
}

#define OF(text) of_text(text, sizeof(text) - 1)

static void pnm_of_each_kind(void **state) {
    (void)state;
    static const uint8_t gray[] = {0, 128, 255, 17, 34, 51};
    static const uint8_t colour[] = {255, 0, 0, 0, 255, 0};
    static const uint8_t fifteenths[] = {0, 17, 255, 136};
    static const uint8_t wide[] = {0, 255, 128};
    made m[] = {
        OF("P2\n# a comment\n3 2 # another\n255\n0 128 255\n17 34 51\n"),
        OF("P5 3 2 255\n\x00\x80\xff\x11\x22\x33"),
        OF("P3\n2 1\n255 255 0 0 0 255 0"),
        OF("P6\t2\r\n1 255 \xff\0\0\0\xff\0"),
        OF("P2 2 2 15 0 1 15 8"),
        OF("P5 3 1 65535\n\0\0\xff\xff\x80\x00"),
    };
    expect_pixels(&m[0], 3, 2, 1, gray);
    expect_pixels(&m[1], 3, 2, 1, gray);
    expect_pixels(&m[2], 2, 1, 3, colour);
    expect_pixels(&m[3], 2, 1, 3, colour);
    expect_pixels(&m[4], 2, 2, 1, fifteenths);
    expect_pixels(&m[5], 3, 1, 1, wide);
    for (size_t i = 0; i < sizeof m / sizeof m[0]; i++) {
        /* Cut anywhere, an image is refused; a text may lose its last line end, or the last
           digits of its last number. */
        for (size_t n = 0; n < m[i].size; n++) {
            fv_image p;
            fv_status status = decode(m[i].data, n, &p);
            if (status == FV_OK && (m[i].data[1] > '3' || n + 3 < m[i].size))
                fail_msg("file %zu cut at %zu was read", i, n);
            if (status != FV_OK) assert_true(status == FV_BAD_INPUT && ctx->message[0]);
            fv__image_free(&p);
        }
        made_free(&m[i]);
    }
}

static void refuse_text(const char *text, const char *words) {
    expect_refused(text, strlen(text), words);
}

static void pnm_that_lies(void **state) {
    (void)state;
    refuse_text("P5 100000 100000 255\nabc", "at most 268435456 pixels");
    refuse_text("P5 2147483647 2147483647 255\nabc", "at most");
    refuse_text("P5 99999999999999999999 1 255\nabc", "do not follow as numbers");
    refuse_text("P5 10000 10000 255\nabc", "need 100000000 bytes, and the file holds 3");
    refuse_text("P2 10000 10000 255\n1 2 3", "cut short");
    refuse_text("P5 0 4 255\nabc", "no content");
    refuse_text("P5 -3 4 255\nabc", "do not follow");
    refuse_text("P5 1 1 0\na", "value of white");
    refuse_text("P5 1 1 70000\naa", "value of white");
    refuse_text("P2 2 1 10 3 11", "value 2 is 11, above white, which is 10");
    refuse_text("P2 2 1 10 3 x", "no number stands for value 2 of 2");
    refuse_text("P5 # 1 1 255 a", "do not follow");
}

static void others_are_named(void **state) {
    (void)state;
    refuse_text("", "the file is empty");
    refuse_text("Dear diary,\ntoday I drew a cat.\n", "this is a text file, not an image");
    refuse_text("GIF89a....", "a GIF image");
    refuse_text("RIFF1234WEBPVP8 ", "a WebP image");
    refuse_text("%PDF-1.4", "a PDF document");
    refuse_text("P1 2 2 0 1 0 1", "a PBM bitmap");
    expect_refused("\0\0\x08\x03\0\0\0\1", 8, "an IDX data file");
    expect_refused("\1\2\3\4", 4, "not an image of a known kind");
    expect_refused("\x89", 1, "not an image of a known kind");
    write_text("cat.png", "This is no cat.\n");
    fv_image p;
    assert_int_equal(fv__image_read(ctx, "cat.png", &p), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "cat.png: this is a text file, not an image"));
    assert_int_equal(fv__image_read(ctx, "no such file.png", &p), FV_BAD_INPUT);
    assert_int_equal(fv__image_read(ctx, ".", &p), FV_BAD_INPUT);
    assert_null(p.pixels);
    fv__image_free(&p);
    fv__image_free(NULL);
}

/* One PNG of each kind of pixel; freed by the caller. */
enum { PNGS = 7 };
static void make_pngs(made *out) {
    static const uint8_t gray8[] = {0, 10, 20, 30, 0, 40, 50, 60};
    static const uint8_t rgb8[] = {0, 1, 2, 3, 4, 5, 6};
    static const uint8_t gray1[] = {0, 0xa0};
    static const uint8_t indexed[] = {0, 0, 1, 2};
    static const uint8_t palette[] = {255, 0, 0, 0, 255, 0, 0, 0, 255};
    static const uint8_t opacity[] = {255, 0};
    static const uint8_t rgba[] = {0, 100, 50, 0, 255, 100, 50, 0, 0, 100, 50, 0, 51};
    static const uint8_t gray16[] = {0, 0x12, 0xff, 0xfe, 0x01};
    static const uint8_t gray_alpha[] = {0, 0, 128, 255, 7};
    const png_request request[PNGS] = {
        {.width = 3, .height = 2, .depth = 8, .rows = gray8, .row_bytes = 3},
        {.width = 2, .height = 1, .depth = 8, .colour = 2, .rows = rgb8, .row_bytes = 6},
        {.width = 3, .height = 1, .depth = 1, .rows = gray1, .row_bytes = 1},
        {.width = 3,
         .height = 1,
         .depth = 8,
         .colour = 3,
         .rows = indexed,
         .row_bytes = 3,
         .palette = palette,
         .palette_bytes = 9,
         .alpha = opacity,
         .alpha_bytes = 2},
        {.width = 3, .height = 1, .depth = 8, .colour = 6, .rows = rgba, .row_bytes = 12},
        {.width = 2, .height = 1, .depth = 16, .rows = gray16, .row_bytes = 4},
        {.width = 2, .height = 1, .depth = 8, .colour = 4, .rows = gray_alpha, .row_bytes = 4},
    };
    for (int i = 0; i < PNGS; i++) out[i] = made_png(&request[i]);
}

static void png_of_each_kind(void **state) {
    (void)state;
    made m[PNGS];
    make_pngs(m);
#ifdef FV_HAVE_PNG
    expect_pixels(&m[0], 3, 2, 1, (const uint8_t[]){10, 20, 30, 40, 50, 60});
    expect_pixels(&m[1], 2, 1, 3, (const uint8_t[]){1, 2, 3, 4, 5, 6});
    expect_pixels(&m[2], 3, 1, 1, (const uint8_t[]){255, 0, 255});
    /* The second colour is transparent: white. */
    expect_pixels(&m[3], 3, 1, 3, (const uint8_t[]){255, 0, 0, 255, 255, 255, 0, 0, 255});
    /* 100*0.2 + 255*0.8 = 224; 50*0.2 + 204 = 214; 204. */
    expect_pixels(&m[4], 3, 1, 3, (const uint8_t[]){100, 50, 0, 255, 255, 255, 224, 214, 204});
    expect_pixels(&m[5], 2, 1, 1, (const uint8_t[]){0x13, 0xfd});
    /* 0*128/255 + 255*127/255 = 127; 255. */
    expect_pixels(&m[6], 2, 1, 1, (const uint8_t[]){127, 255});
    for (int i = 0; i < PNGS; i++)
        /* The last chunk (12 bytes) and the sum before it may be missing; nothing else may. */
        for (size_t n = 0; n + 20 < m[i].size; n++) expect_refused(m[i].data, n, "a file: ");
    /* Width and height 16,000, the sum made right again. */
    made lie = made_new();
    made_add(&lie, m[1].data, m[1].size);
    memcpy(lie.data + 16, "\0\0\x3e\x80\0\0\x3e\x80", 8);
    png_mend(&lie);
    expect_refused(lie.data, lie.size, "cannot be in a PNG file of");
    made_free(&lie);
#else
    expect_refused(m[0].data, m[0].size, "built without libpng");
#endif
    for (int i = 0; i < PNGS; i++) made_free(&m[i]);
}

#ifdef FV_HAVE_JPEG

static made make_jpeg(int width, int height, int channels, bool progressive) {
    return made_jpeg(&(jpeg_request){
        .width = width, .height = height, .channels = channels, .progressive = progressive});
}

static void expect_jpeg(const made *m, int channels, int at_10, int slack) {
    fv_image p;
    if (decode(m->data, m->size, &p) != FV_OK) fail_msg("%s", ctx->message);
    assert_int_equal(p.width, 32);
    assert_int_equal(p.height, 16);
    assert_int_equal(p.channels, channels);
    assert_in_range(p.pixels[(5 * 32 + 10) * channels], at_10 - slack, at_10 + slack);
    fv__image_free(&p);
    for (size_t n = 0; n + 2 < m->size; n++) {
        fv_status status = decode(m->data, n, &p);
        if (status == FV_OK) assert_true(n + 40 > m->size); /* nearly all of it was there */
        fv__image_free(&p);
    }
    expect_refused(m->data, m->size / 2, "cut short or damaged");
}

static void jpeg_of_each_kind(void **state) {
    (void)state;
    made m[] = {make_jpeg(32, 16, 1, false), make_jpeg(32, 16, 3, false),
                make_jpeg(32, 16, 3, true), make_jpeg(32, 16, 4, false)};
    expect_jpeg(&m[0], 1, 40, 3);
    expect_jpeg(&m[1], 3, 40, 6);
    expect_jpeg(&m[2], 3, 40, 6);
    /* libjpeg marks CMYK files as Adobe's, whose values are inverted ink: R = C*K/255. */
    expect_jpeg(&m[3], 3, 140 * 200 / 255, 6);
    /* The frame header's height and width, set to 65500: more than its bytes can hold. */
    for (size_t i = 0; i + 9 < m[1].size; i++)
        if (m[1].data[i] == 0xff && m[1].data[i + 1] == 0xc0)
            memcpy(m[1].data + i + 5, "\x3f\xff\x3f\xff", 4);
    expect_refused(m[1].data, m[1].size, "cannot be in a JPEG file of");
    for (size_t i = 0; i < sizeof m / sizeof m[0]; i++) made_free(&m[i]);
}

#else

static void jpeg_of_each_kind(void **state) {
    (void)state;
    expect_refused("\xff\xd8\xff\xe0 and so on", 15, "built without libjpeg-turbo");
}

#endif

/* A small generator of its own, so that the same mutations come everywhere. */
static uint32_t next(uint32_t *state) {
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static void mutate(const made *original, int rounds, bool mend) {
    uint32_t state = 12345;
    made m = made_new();
    for (int round = 0; round < rounds; round++) {
        m.size = 0;
        made_add(&m, original->data, original->size);
        for (uint32_t k = 1 + next(&state) % 4; k > 0; k--) {
            size_t at = next(&state) % m.size;
            uint32_t how = next(&state) % 4;
            if (how == 0)
                m.data[at] = (uint8_t)next(&state);
            else if (how == 1)
                m.data[at] ^= (uint8_t)(1u << next(&state) % 8);
            else if (how == 2)
                m.data[at] = (uint8_t)(next(&state) % 2 ? 255 : 0);
            else if (m.size > 16)
                m.size -= next(&state) % 8;
        }
        if (mend) png_mend(&m);
        fv_image p;
        ctx->message[0] = 0;
        fv_status status = decode(m.data, m.size, &p);
        if (status == FV_OK) {
            assert_true(p.width > 0 && p.height > 0 && (p.channels == 1 || p.channels == 3));
        } else {
            assert_true(status == FV_BAD_INPUT || status == FV_EXHAUSTED);
            assert_true(ctx->message[0] && !p.pixels);
        }
        fv__image_free(&p);
    }
    made_free(&m);
}

static void damaged_in_many_ways(void **state) {
    (void)state;
    made pnm[] = {OF("P2\n# c\n3 2\n255\n0 128 255\n17 34 51\n"), OF("P6 2 1 255\n\1\2\3\4\5\6")};
    for (int i = 0; i < 2; i++) {
        mutate(&pnm[i], 3000, false);
        made_free(&pnm[i]);
    }
    made png[PNGS];
    make_pngs(png);
    for (int i = 0; i < PNGS; i++) {
        mutate(&png[i], 500, false);
        mutate(&png[i], 1500, true);
        made_free(&png[i]);
    }
#ifdef FV_HAVE_JPEG
    made jpeg[] = {make_jpeg(32, 16, 3, false), make_jpeg(32, 16, 3, true),
                   make_jpeg(32, 16, 4, false)};
    for (int i = 0; i < 3; i++) {
        mutate(&jpeg[i], 1500, false);
        made_free(&jpeg[i]);
    }
#endif
}

static void real_photos(void **state) {
    (void)state;
    const char *data = getenv("FOVEA_DATA");
    char path[4096];
    fv_image p;
    snprintf(path, sizeof path, "%s/photos/dog.jpg", data ? data : "");
    if (!data || !fv__file_exists(path)) {
        print_message("SKIP real photos: FOVEA_DATA does not name a folder with photos/\n");
        return;
    }
#ifdef FV_HAVE_JPEG
    if (fv__image_read(ctx, path, &p) != FV_OK) fail_msg("%s", ctx->message);
    assert_int_equal(p.width, 768);
    assert_int_equal(p.height, 576);
    assert_int_equal(p.channels, 3);
    fv__image_free(&p);
#endif
    snprintf(path, sizeof path, "%s/photos/cat.bmp", data);
    if (fv__image_read(ctx, path, &p) != FV_OK) fail_msg("%s", ctx->message);
    assert_true(p.width == 512 && p.height == 341 && p.channels == 3);
    fv__image_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pnm_of_each_kind),  cmocka_unit_test(pnm_that_lies),
        cmocka_unit_test(others_are_named),  cmocka_unit_test(png_of_each_kind),
        cmocka_unit_test(jpeg_of_each_kind), cmocka_unit_test(damaged_in_many_ways),
        cmocka_unit_test(real_photos),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
