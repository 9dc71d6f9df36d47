/* SPDX-License-Identifier: MIT */
/*
 * test_image_exif.c - turned photographs: all eight orientations of JPEG and PNG, in both byte
 * orders, and EXIF blocks that lie.
 */
#include "data/image_format.h"
#include "data_files.h"
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

#if defined FV_HAVE_PNG || defined FV_HAVE_JPEG

/* The standard's words for each number (Exif 2.32, 4.6.4): which side of the upright image the
   stored first row is, and which the first column. */
enum side { TOP, BOTTOM, LEFT, RIGHT };
static const struct {
    enum side row, column;
} sides[9] = {[1] = {TOP, LEFT}, [2] = {TOP, RIGHT}, [3] = {BOTTOM, RIGHT}, [4] = {BOTTOM, LEFT},
              [5] = {LEFT, TOP}, [6] = {RIGHT, TOP}, [7] = {RIGHT, BOTTOM}, [8] = {LEFT, BOTTOM}};

/* What a camera stores of an upright image of w x h when it is held like that. */
static void store(const uint8_t *upright, int w, int h, int orientation, uint8_t *stored) {
    int rows = orientation < 5 ? h : w, columns = orientation < 5 ? w : h;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            int x = 0, y = 0;
            const enum side side[2] = {sides[orientation].row, sides[orientation].column};
            const int at[2] = {r, c};
            for (int k = 0; k < 2; k++) {
                if (side[k] == TOP) y = at[k];
                if (side[k] == BOTTOM) y = h - 1 - at[k];
                if (side[k] == LEFT) x = at[k];
                if (side[k] == RIGHT) x = w - 1 - at[k];
            }
            stored[r * columns + c] = upright[y * w + x];
        }
}

/* Upright, whatever the number: w x h, each pixel within `slack`. */
static void expect_upright(const made *m, int w, int h, const uint8_t *upright, int slack) {
    fv_image p;
    if (fv__image_decode(ctx, "a photo", m->data, m->size, &p) != FV_OK)
        fail_msg("%s", ctx->message);
    assert_int_equal(p.width, w);
    assert_int_equal(p.height, h);
    assert_int_equal(p.channels, 1);
    for (int i = 0; i < w * h; i++)
        if (abs(p.pixels[i] - upright[i]) > slack)
            fail_msg("pixel %d is %d, not %d", i, p.pixels[i], upright[i]);
    fv__image_free(&p);
}

#endif

#ifdef FV_HAVE_PNG
static made png_with(const uint8_t *stored, int w, int h, const char *type, const made *block,
                     bool last) {
    uint8_t rows[64];
    for (int y = 0; y < h; y++) {
        rows[y * (w + 1)] = 0;
        memcpy(rows + y * (w + 1) + 1, stored + y * w, (size_t)w);
    }
    return made_png(&(png_request){.width = (uint32_t)w,
                                   .height = (uint32_t)h,
                                   .depth = 8,
                                   .rows = rows,
                                   .row_bytes = (size_t)w,
                                   .extra_type = type,
                                   .extra = block->data,
                                   .extra_bytes = block->size,
                                   .extra_last = last});
}
#endif

static void png_turned(void **state) {
    (void)state;
#ifdef FV_HAVE_PNG
    static const uint8_t upright[] = {10, 20, 30, 40, 50, 60};
    for (int o = 1; o <= 8; o++)
        for (int k = 0; k < 4; k++) {
            uint8_t stored[6];
            store(upright, 3, 2, o, stored);
            made exif = made_exif(k & 1, o);
            made m = png_with(stored, o < 5 ? 3 : 2, o < 5 ? 2 : 3, "eXIf", &exif, k & 2);
            expect_upright(&m, 3, 2, upright, 0);
            made_free(&m);
            made_free(&exif);
        }
#else
    skip();
#endif
}

/* Blocks of 8x8, each of one gray, which JPEG keeps nearly as they are. */
static void jpeg_turned(void **state) {
    (void)state;
#ifdef FV_HAVE_JPEG
    static uint8_t upright[24 * 16], stored[24 * 16];
    for (int i = 0; i < 24 * 16; i++)
        upright[i] = (uint8_t)(20 + i % 24 / 8 * 30 + i / 24 / 8 * 100);
    for (int o = 1; o <= 8; o++)
        for (int low = 0; low < 2; low++) {
            store(upright, 24, 16, o, stored);
            made exif = made_exif(low, o);
            made m = made_jpeg(&(jpeg_request){.width = o < 5 ? 24 : 16,
                                               .height = o < 5 ? 16 : 24,
                                               .channels = 1,
                                               .gray = stored,
                                               .exif = &exif});
            expect_upright(&m, 24, 16, upright, 2);
            made_free(&m);
            made_free(&exif);
        }
#else
    skip();
#endif
}

static void colours_turn_whole(void **state) {
    (void)state;
    fv_image p;
    assert_int_equal(fv__image_new(ctx, "an image", 2, 1, 3, &p), FV_OK);
    memcpy(p.pixels, "abcdef", 6);
    assert_int_equal(fv__image_upright(ctx, &p, 6), FV_OK);
    assert_int_equal(p.width, 1);
    assert_int_equal(p.height, 2);
    assert_memory_equal(p.pixels, "abcdef", 6);
    assert_int_equal(fv__image_upright(ctx, &p, 3), FV_OK);
    assert_memory_equal(p.pixels, "defabc", 6);
    fv__image_free(&p);
}

/* Where the entry of the orientation begins in made_exif's block. */
#define ENTRY 22

/* Changes one byte of a good block. */
static int orientation_with(size_t at, uint8_t v) {
    made m = made_exif(true, 6);
    m.data[at] = v;
    int o = fv__exif_orientation(m.data, m.size);
    made_free(&m);
    return o;
}

static void blocks_that_lie(void **state) {
    (void)state;
    assert_int_equal(orientation_with(0, 'I'), 6);
    assert_int_equal(fv__exif_orientation(NULL, 0), 1);
    assert_int_equal(orientation_with(0, 'X'), 1);         /* the byte order */
    assert_int_equal(orientation_with(0, 'M'), 1);         /* only half of it */
    assert_int_equal(orientation_with(2, 43), 1);          /* not 42 */
    assert_int_equal(orientation_with(4, 200), 1);         /* the directory beyond the end */
    assert_int_equal(orientation_with(7, 255), 1);         /* far beyond */
    assert_int_equal(orientation_with(8, 1), 1);           /* one entry too few */
    assert_int_equal(orientation_with(9, 255), 6);         /* far too many */
    assert_int_equal(orientation_with(ENTRY, 0x13), 1);    /* another tag */
    assert_int_equal(orientation_with(ENTRY + 2, 2), 1);   /* a text */
    assert_int_equal(orientation_with(ENTRY + 2, 4), 6);   /* a LONG: odd, but clear */
    assert_int_equal(orientation_with(ENTRY + 4, 2), 1);   /* two of them */
    assert_int_equal(orientation_with(ENTRY + 8, 0), 1);   /* none of the eight */
    assert_int_equal(orientation_with(ENTRY + 8, 9), 1);   /* none of the eight */
    assert_int_equal(orientation_with(ENTRY + 9, 255), 1); /* none of the eight */
    /* Cut anywhere it is as good as none, or whole; a copy of its size shows a read beyond it. */
    made m = made_exif(false, 8);
    for (size_t n = 0; n <= m.size; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        memcpy(copy, m.data, n);
        assert_int_equal(fv__exif_orientation(copy, n), n < ENTRY + 12 ? 1 : 8);
        free(copy);
    }
    made_free(&m);
}

/* A block that lies does not cost the pixels. */
static void liars_in_png(void **state) {
    (void)state;
#ifdef FV_HAVE_PNG
    static const uint8_t pixels[] = {10, 20, 30, 40, 50, 60};
    made lies[] = {made_exif(true, 9), made_exif(false, 0), made_new(), made_exif(true, 6)};
    memset(lies[3].data, 0xff, lies[3].size);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        made m = png_with(pixels, 3, 2, "eXIf", &lies[i], false);
        expect_upright(&m, 3, 2, pixels, 0);
        made_free(&m);
        made_free(&lies[i]);
    }
#else
    skip();
#endif
}

static void liars_in_jpeg(void **state) {
    (void)state;
#ifdef FV_HAVE_JPEG
    static uint8_t gray[64];
    memset(gray, 77, sizeof gray);
    made lie = made_exif(true, 6);
    lie.data[9] = 255;
    lie.data[ENTRY + 8] = 77;
    made m = made_jpeg(
        &(jpeg_request){.width = 8, .height = 8, .channels = 1, .gray = gray, .exif = &lie});
    expect_upright(&m, 8, 8, gray, 1);
    made_free(&m);
    made_free(&lie);
#else
    skip();
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_turned),         cmocka_unit_test(jpeg_turned),
        cmocka_unit_test(colours_turn_whole), cmocka_unit_test(blocks_that_lie),
        cmocka_unit_test(liars_in_png),       cmocka_unit_test(liars_in_jpeg),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
