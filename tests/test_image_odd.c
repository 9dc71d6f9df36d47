/* SPDX-License-Identifier: MIT */
/*
 * test_image_odd.c - images that are unusual: JPEG of every sampling and coding, headers that a
 * camera's maker filled in oddly, ends that are missing; kinds that are not read and must be named;
 * chunks that claim gigabytes; 16 bits in two formats; and every format of the list by its example.
 */
#include "data/image_format.h"
#include "data_files.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>
#ifdef FV_HAVE_JPEG
#include <jpeglib.h>
#endif

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

static fv_status decode(const made *m, fv_image *p) {
    ctx->message[0] = 0;
    return fv__image_decode(ctx, "a file", m->data, m->size, p);
}

static void expect_refused(const made *m, const char *words) {
    fv_image p;
    assert_int_equal(decode(m, &p), FV_BAD_INPUT);
    assert_null(p.pixels);
    if (!strstr(ctx->message, words)) fail_msg("'%s' is not in: %s", words, ctx->message);
}

#ifdef FV_HAVE_JPEG

static fv_image read_whole(const made *m) {
    fv_image p;
    if (decode(m, &p) != FV_OK) fail_msg("%s", ctx->message);
    return p;
}

static void expect_same(const made *a, const made *b) {
    fv_image p = read_whole(a), q = read_whole(b);
    assert_int_equal(p.width, q.width);
    assert_int_equal(p.height, q.height);
    assert_int_equal(p.channels, q.channels);
    assert_memory_equal(p.pixels, q.pixels, (size_t)(p.width * p.height * p.channels));
    fv__image_free(&p);
    fv__image_free(&q);
}

static made copy_of(const made *m) {
    made copy = made_new();
    made_add(&copy, m->data, m->size);
    return copy;
}

/* The marker 0xff `marker`; its first byte behind the two. */
static uint8_t *segment(const made *m, int marker) {
    for (size_t i = 2; i + 1 < m->size; i++)
        if (m->data[i] == 0xff && m->data[i + 1] == marker) return m->data + i + 2;
    fail_msg("no marker %02x", (unsigned)marker);
    return NULL;
}

/* Dark at the left, bright at the right: 4x in red, 20 more in green, 40 in blue. */
static void every_sampling_and_coding(void **state) {
    (void)state;
    static const jpeg_request requests[] = {
        {.width = 33, .height = 17, .channels = 3, .h = 2, .v = 2},
        {.width = 33, .height = 17, .channels = 3, .h = 2, .v = 1},
        {.width = 33, .height = 17, .channels = 3, .h = 1, .v = 1},
        {.width = 33, .height = 17, .channels = 3, .h = 1, .v = 2},
        {.width = 33, .height = 17, .channels = 3, .h = 4, .v = 1},
        {.width = 33, .height = 17, .channels = 3, .restart = 1},
        {.width = 33, .height = 17, .channels = 3, .progressive = true},
        {.width = 33, .height = 17, .channels = 3, .progressive = true, .restart = 1},
#ifdef C_ARITH_CODING_SUPPORTED
        {.width = 33, .height = 17, .channels = 3, .arithmetic = true},
        {.width = 33, .height = 17, .channels = 3, .arithmetic = true, .progressive = true},
#endif
        {.width = 1, .height = 1, .channels = 3},
        {.width = 1, .height = 1, .channels = 1},
        {.width = 1, .height = 9, .channels = 3, .progressive = true},
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const jpeg_request *r = &requests[i];
        made m = made_jpeg(r);
        fv_image p = read_whole(&m);
        assert_int_equal(p.width, r->width);
        assert_int_equal(p.height, r->height);
        assert_int_equal(p.channels, r->channels);
        for (int64_t x = 0; x < p.width; x++)
            for (int c = 0; c < p.channels; c++) {
                int got = p.pixels[x * p.channels + c], want = (int)x * 4 + c * 20;
                if (abs(got - want) > 16)
                    fail_msg("request %zu, x %d: %d, not %d", i, (int)x, got, want);
            }
        fv__image_free(&p);
        made_free(&m);
    }
}

/* Some makers write an end of spectral selection of 0 where 63 belongs. */
static void odd_selection(void **state) {
    (void)state;
    made m = made_jpeg(&(jpeg_request){.width = 24, .height = 16, .channels = 3}),
         odd = copy_of(&m);
    uint8_t *scan = segment(&odd, 0xda);
    scan[2 + 1 + 3 * 2 + 1] = 0; /* length, count, three channels, start; then the end */
    assert_true(memcmp(odd.data, m.data, m.size) != 0);
    expect_same(&m, &odd);
    made_free(&m);
    made_free(&odd);
}

/* Without its end marker a whole image is whole; without its last bytes it is not. */
static void end_missing(void **state) {
    (void)state;
    const jpeg_request requests[] = {
        {.width = 40, .height = 24, .channels = 3},
        {.width = 40, .height = 24, .channels = 1, .restart = 1},
        {.width = 40, .height = 24, .channels = 3, .progressive = true}};
    for (int i = 0; i < 3; i++) {
        made m = made_jpeg(&requests[i]), cut = copy_of(&m);
        cut.size -= 2;
        expect_same(&m, &cut);
        cut.size -= 4;
        expect_refused(&cut, "cut short or damaged");
        made_free(&m);
        made_free(&cut);
    }
}

/* A progressive file that ends between two of its passes: blurred, and every pass before is whole.
 */
static void pass_missing(void **state) {
    (void)state;
    made m =
        made_jpeg(&(jpeg_request){.width = 40, .height = 24, .channels = 1, .progressive = true});
    size_t last = 0;
    for (size_t i = 2; i + 1 < m.size; i++)
        if (m.data[i] == 0xff && (m.data[i + 1] == 0xda || m.data[i + 1] == 0xc4)) last = i;
    for (size_t i = last; m.data[i + 1] != 0xc4 && i > 2; i--) last = i - 1;
    m.size = last;
    expect_refused(&m, "cut short or damaged");
    made_free(&m);
}

static void cmyk_is_inverted(void **state) {
    (void)state;
    made marked = made_jpeg(&(jpeg_request){.width = 32, .height = 16, .channels = 4});
    made bare =
        made_jpeg(&(jpeg_request){.width = 32, .height = 16, .channels = 4, .no_adobe = true});
    assert_true(bare.size < marked.size);
    expect_same(&marked, &bare);
    fv_image p = read_whole(&bare);
    assert_in_range(p.pixels[(5 * 32 + 10) * 3], 140 * 200 / 255 - 6, 140 * 200 / 255 + 6);
    fv__image_free(&p);
    made_free(&marked);
    made_free(&bare);
}

static void kinds_not_read(void **state) {
    (void)state;
    static const struct {
        int frame, bits;
        const char *words;
    } kinds[] = {{0xc1, 12, "12 bits a value"},
                 {0xc3, 8, "of the lossless kind"},
                 {0xc3, 16, "16 bits a value"},
                 {0xcb, 8, "of the lossless kind"},
                 {0xf7, 8, "JPEG-LS"},
                 {0xc5, 8, "of the hierarchical kind"},
                 {0xcd, 8, "of the hierarchical kind"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        made m = made_jpeg(&(jpeg_request){.width = 8, .height = 8, .channels = 3});
        uint8_t *frame = segment(&m, 0xc0);
        frame[-1] = (uint8_t)kinds[i].frame;
        frame[2] = (uint8_t)kinds[i].bits;
        expect_refused(&m, kinds[i].words);
        assert_non_null(strstr(ctx->message, "djpeg"));
        assert_null(strstr(ctx->message, "damaged"));
        made_free(&m);
    }
}

/* A file of many passes, each of few bytes: refused after some of them. */
static void passes_without_end(void **state) {
    (void)state;
    made m =
        made_jpeg(&(jpeg_request){.width = 64, .height = 64, .channels = 1, .progressive = true});
    size_t scan = (size_t)(segment(&m, 0xda) - m.data) - 2, end = scan + 2;
    while (m.data[end] != 0xff || m.data[end + 1] == 0 || m.data[end + 1] == 0xda) end++;
    made many = made_new();
    made_add(&many, m.data, scan);
    for (int i = 0; i < 400; i++) made_add(&many, m.data + scan, end - scan);
    made_add(&many, m.data + scan, m.size - scan);
    expect_refused(&many, "more than 200 times");
    made_free(&m);
    made_free(&many);
}

#endif

#ifdef FV_HAVE_PNG

/* Peak of the whole process, in bytes. */
static double peak(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024;
}

#endif

static void chunk_that_claims_much(void **state) {
    (void)state;
#ifdef FV_HAVE_PNG
    static const uint8_t rows[] = {0, 1};
    static const char *const types[] = {"eXIf", "iCCP", "tEXt", "zTXt", "PLTE", "abCd"};
    double before = peak();
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        made m = made_png(&(png_request){.width = 1,
                                         .height = 1,
                                         .depth = 8,
                                         .rows = rows,
                                         .row_bytes = 1,
                                         .extra_type = types[i],
                                         .extra = rows,
                                         .extra_bytes = 2});
        memcpy(m.data + 33, "\x6e\0\0\x1a", 4); /* behind IHDR: 1.8 GB */
        expect_refused(&m, "claims 1845493786 bytes");
        made_free(&m);
    }
    assert_true(peak() - before < 64e6);
#else
    skip();
#endif
}

static void apples_png(void **state) {
    (void)state;
#ifdef FV_HAVE_PNG
    static const uint8_t rows[] = {0, 1};
    made plain =
        made_png(&(png_request){.width = 1, .height = 1, .depth = 8, .rows = rows, .row_bytes = 1});
    made m = made_new();
    made_add(&m, plain.data, 8);
    made_add(&m, "\0\0\0\4CgBI\x50\0\x20\2\x2b\xd5\xb3\x7f", 16);
    made_add(&m, plain.data + 8, plain.size - 8);
    expect_refused(&m, "CgBI");
    assert_non_null(strstr(ctx->message, "pngcrush"));
    made_free(&m);
    made_free(&plain);
#else
    skip();
#endif
}

/* All 65536 values, as PNG and as PGM: rounded alike, to the nearest. */
static void sixteen_bits(void **state) {
    (void)state;
    fv_image p;
    made pgm = made_new();
    uint8_t *rows = calloc(256, 513);
    made_add(&pgm, "P5 256 256 65535\n", 17);
    for (int v = 0; v < 65536; v++) {
        uint8_t two[2] = {(uint8_t)(v >> 8), (uint8_t)v};
        made_add(&pgm, two, 2);
        memcpy(rows + v / 256 * 513 + 1 + v % 256 * 2, two, 2);
    }
    assert_int_equal(decode(&pgm, &p), FV_OK);
    for (int v = 0; v < 65536; v++) assert_int_equal(p.pixels[v], (v * 255 + 32767) / 65535);
    fv__image_free(&p);
#ifdef FV_HAVE_PNG
    made png = made_png(
        &(png_request){.width = 256, .height = 256, .depth = 16, .rows = rows, .row_bytes = 512});
    assert_int_equal(decode(&png, &p), FV_OK);
    for (int v = 0; v < 65536; v++) assert_int_equal(p.pixels[v], (v * 255 + 32767) / 65535);
    fv__image_free(&p);
    made_free(&png);
#endif
    made_free(&pgm);
    free(rows);
}

static void pointer_for_an_image(void **state) {
    (void)state;
    made m = made_new();
    const char *text = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    made_add(&m, text, strlen(text));
    expect_refused(&m, "Git LFS pointer");
    assert_non_null(strstr(ctx->message, "`git lfs pull`"));
    made_free(&m);
}

/* Every format of the list: its example is its own and no other's, one white pixel, and refused
   when it is cut. */
static void every_format(void **state) {
    (void)state;
    for (size_t i = 0; fv__image_formats[i]; i++) {
        const fv_image_format *f = fv__image_formats[i];
        made m = made_new();
        made_add(&m, f->example, f->example_size);
        for (size_t k = 0; fv__image_formats[k]; k++)
            assert_int_equal(fv__image_formats[k]->recognise(m.data, m.size), k == i);
        if (f->library) {
            char words[64];
            snprintf(words, sizeof words, "built without %s", f->library);
            expect_refused(&m, words);
        } else {
            fv_image p;
            if (decode(&m, &p) != FV_OK) fail_msg("%s: %s", f->name, ctx->message);
            assert_true(p.width == 1 && p.height == 1 && p.pixels[0] >= 250);
            fv__image_free(&p);
            m.size = f->example_size / 2;
            expect_refused(&m, "a file: ");
        }
        made_free(&m);
        /* It stands in the message about other files. */
        made text = made_new();
        made_add(&text, "a text", 6);
        expect_refused(&text, f->name);
        made_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef FV_HAVE_JPEG
        cmocka_unit_test(every_sampling_and_coding),
        cmocka_unit_test(odd_selection),
        cmocka_unit_test(end_missing),
        cmocka_unit_test(pass_missing),
        cmocka_unit_test(cmyk_is_inverted),
        cmocka_unit_test(kinds_not_read),
        cmocka_unit_test(passes_without_end),
#endif
        cmocka_unit_test(chunk_that_claims_much),
        cmocka_unit_test(apples_png),
        cmocka_unit_test(sixteen_bits),
        cmocka_unit_test(pointer_for_an_image),
        cmocka_unit_test(every_format),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
