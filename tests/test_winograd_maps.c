/* SPDX-License-Identifier: MIT */
/*
 * Winograd's transforms of maps where they lie, against the same transforms through frames, bit for
 * bit: all widths that fit a vector, heights beside, a part of the rows of tiles of some samples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/random.h"
#include "cpu/winograd.h"
#include "kern/kern.h"

enum {
    SIDE_MOST = 4 * FV_LANES_MAX,
    HIGH_MOST = 13,
    SAMPLES = 5,
    CHANNELS = 2,
    TILES_MOST = SAMPLES * 4 * FV_LANES_MAX,
    STEP = TILES_MOST + 5,
    PLANE_MOST = SIDE_MOST * HIGH_MOST,
    PITCH_MOST = SIDE_MOST + 4
};

static float maps[SAMPLES * CHANNELS * PLANE_MOST], added[SAMPLES * PLANE_MOST];
static float frame[(4 * 4 + 2) * PITCH_MOST], work[FV_WINOGRAD_WORK(4 * FV_LANES_MAX)];
static float sums[36 * STEP], there[36 * STEP], here[36 * STEP],
    y[2][SAMPLES * CHANNELS * PLANE_MOST];

static void fill(float *x, int64_t n, uint64_t stream) {
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)fv__random_normal((fv_key){5, stream}, (uint64_t)i);
}

/* One case: rows of tiles `line` to line+lines-1. */
typedef struct trial {
    const fv_kernels *k;
    fv_winograd_maps m;
    int64_t line, lines;
} trial;

typedef void per_sample(const trial *t, int64_t sample, int64_t row, int64_t rows, int64_t tile);

/* The runs of rows of tiles, sample after sample. */
static void each_sample(const trial *t, per_sample *fn) {
    for (int64_t at = 0; at < t->lines;) {
        const int64_t sample = (t->line + at) / t->m.high, row = (t->line + at) % t->m.high;
        const int64_t left = t->m.high - row, rows = left < t->lines - at ? left : t->lines - at;
        fn(t, sample, row, rows, at * t->m.across);
        at += rows;
    }
}

static void framed_in(const trial *t, int64_t sample, int64_t row, int64_t rows, int64_t tile) {
    const int64_t pitch = 4 * t->m.across + 4;
    t->k->frame(1, 0, 0, maps + sample * t->m.apart, t->m.h, t->m.w, 4 * row - t->m.top, -1, 1, 1,
                frame, 4 * rows + 2, pitch);
    t->k->winograd_in(rows, t->m.across, frame, pitch, work, there + tile, STEP);
}

static void framed_dy(const trial *t, int64_t sample, int64_t row, int64_t rows, int64_t tile) {
    const int64_t pitch = 4 * t->m.across + 4;
    t->k->frame(1, 0, 0, maps + sample * t->m.apart, t->m.h, t->m.w, 4 * row, 0, 1, 1, frame,
                4 * rows, pitch);
    t->k->winograd_dy(rows, t->m.across, frame, pitch, work, there + tile, STEP);
}

static const fv_gemm_after bounded = {.added = added, .bounded = true, .low = -0.5f, .high = 2};

static void framed_out(const trial *t, int64_t sample, int64_t row, int64_t rows, int64_t tile) {
    const int64_t from = 4 * row * t->m.w;
    const int64_t high = t->m.h - 4 * row < 4 * rows ? t->m.h - 4 * row : 4 * rows;
    fv_gemm_after after = bounded;
    after.added = added + sample * PLANE_MOST + from;
    t->k->winograd_out(rows, t->m.across, sums + tile, STEP, work, 0.25f, &after,
                       y[0] + sample * t->m.apart + from, high, t->m.w);
}

static void same(const trial *t, const char *what, const float *a, const float *b, size_t n) {
    if (memcmp(a, b, n * sizeof *a) != 0)
        fail_msg("%s (%s): %lldx%lld, rows %lld to %lld", what, t->k->name, (long long)t->m.h,
                 (long long)t->m.w, (long long)t->line, (long long)(t->line + t->lines - 1));
}

static void compare(const trial *t) {
    memset(there, 0, sizeof there);
    memset(here, 0, sizeof here);
    each_sample(t, framed_in);
    t->k->winograd_maps_in(&t->m, t->line, t->lines, maps, here, STEP);
    same(t, "in", here, there, 36 * STEP);
    memset(there, 0, sizeof there);
    memset(here, 0, sizeof here);
    each_sample(t, framed_dy);
    t->k->winograd_maps_dy(&t->m, t->line, t->lines, maps, here, STEP);
    same(t, "dy", here, there, 36 * STEP);
    memset(y, 0, sizeof y);
    each_sample(t, framed_out);
    t->k->winograd_maps_out(&t->m, t->line, t->lines, sums, STEP, 0.25f, &bounded, PLANE_MOST,
                            y[1]);
    same(t, "out", y[1], y[0], sizeof y[0] / sizeof **y);
}

static void test_as_through_frames(void **state) {
    (void)state;
    fill(maps, sizeof maps / sizeof *maps, 1);
    fill(added, sizeof added / sizeof *added, 2);
    fill(sums, sizeof sums / sizeof *sums, 3);
    int widths = 0;
    for (int isa = 0; isa < FV_ISAS; isa++) {
        fv_kernels table;
        if (!fv__isa_supported(isa)) continue;
        trial t = {.k = fv__kernels(isa, &table)};
        for (int64_t w = 1; w <= SIDE_MOST; w++)
            for (int64_t h = 1; h <= HIGH_MOST; h += 3) {
                const fv_conv_sizes s = {
                    .patch = {.h = h, .w = w, .top = w % 3, .left = 1, .oh = h, .ow = w}};
                fv__winograd_maps(&t.m, &fv__winograd_four, &s, t.k);
                if (!t.m.wide) continue;
                widths++;
                t.m.apart = CHANNELS * h * w;
                const int64_t all = SAMPLES * t.m.high;
                t.line = 0, t.lines = all;
                compare(&t);
                t.line = (w + h) % all, t.lines = 1 + w % (all - t.line);
                compare(&t);
            }
    }
    if (fv__isa_best() > 0) assert_true(widths > 5 * 4 * 4);
}

static void framed_step(const trial *t, int64_t sample, int64_t row, int64_t rows, int64_t tile) {
    const int64_t pitch = 4 * t->m.across + 4;
    t->k->frame(1, 0, 0, maps + sample * t->m.apart, t->m.h, t->m.w, 4 * row - t->m.top, -1, 1, 1,
                frame, 4 * rows + 2, pitch);
    t->k->winograd_step_in(rows, t->m.across, frame, pitch, work, there + tile, STEP);
}

/* What lies at a row and a column of a map, 0 beyond it. */
static float pixel(const trial *t, int64_t sample, int64_t row, int64_t col) {
    return row < t->m.h && col < t->m.w ? maps[sample * t->m.apart + row * t->m.w + col] : 0;
}

static void spread_step(const trial *t, int64_t sample, int64_t row, int64_t rows, int64_t tile) {
    for (int64_t i = 0; i < rows * t->m.across; i++) {
        const int64_t r = 2 * (row + i / t->m.across), c = 2 * (i % t->m.across);
        const float a = pixel(t, sample, r, c), b = pixel(t, sample, r, c + 1);
        const float d = pixel(t, sample, r + 1, c), e = pixel(t, sample, r + 1, c + 1);
        const float all[9] = {a, a + b, b, a + d, (a + d) + (b + e), b + e, d, d + e, e};
        for (int q = 0; q < 9; q++) there[q * STEP + tile + i] = all[q];
    }
}

static void test_stride(void **state) {
    (void)state;
    fill(maps, sizeof maps / sizeof *maps, 4);
    int widths = 0;
    for (int isa = 0; isa < FV_ISAS; isa++) {
        fv_kernels table;
        if (!fv__isa_supported(isa)) continue;
        trial t = {.k = fv__kernels(isa, &table)};
        for (int64_t w = 1; w <= SIDE_MOST; w++)
            for (int64_t h = 1; h <= HIGH_MOST; h += 3) {
                const int64_t oh = (h + 1) / 2, ow = (w + 1) / 2;
                const fv_conv_sizes s = {
                    .patch = {.h = h, .w = w, .top = w % 2, .left = 1, .oh = oh, .ow = ow}};
                fv__winograd_maps(&t.m, &fv__winograd_step, &s, t.k);
                if (!t.m.wide) continue;
                widths++;
                t.m.apart = CHANNELS * h * w;
                const int64_t all = SAMPLES * t.m.high;
                t.line = (w + h) % all, t.lines = 1 + w % (all - t.line);
                memset(there, 0, sizeof there);
                memset(here, 0, sizeof here);
                each_sample(&t, framed_step);
                t.k->winograd_maps_step_in(&t.m, t.line, t.lines, maps, here, STEP);
                same(&t, "in, stride 2", here, there, 36 * STEP);
                t.m.h = oh, t.m.w = ow;
                memset(there, 0, sizeof there);
                memset(here, 0, sizeof here);
                each_sample(&t, spread_step);
                t.k->winograd_maps_step_dy(&t.m, t.line, t.lines, maps, here, STEP);
                same(&t, "dy, stride 2", here, there, 36 * STEP);
            }
    }
    if (fv__isa_best() > 0) assert_true(widths > 5 * 4 * 4);
}

/* Other paddings and sizes are not taken. */
static void test_left_out(void **state) {
    (void)state;
    fv_kernels table;
    fv_winograd_maps m;
    const fv_kernels *k = fv__kernels(fv__isa_best(), &table);
    const fv_conv_sizes none[] = {
        {.patch = {.h = 8, .w = 8, .top = 0, .left = 0, .oh = 6, .ow = 6}},
        {.patch = {.h = 8, .w = 8, .top = 1, .left = 2, .oh = 8, .ow = 8}},
        {.patch = {.h = 8, .w = 8, .top = 1, .left = 1, .oh = 7, .ow = 8}},
        {.patch = {.h = 8, .w = 8, .top = 1, .left = 1, .oh = 8, .ow = 9}},
        {.patch = {.h = 99, .w = 99, 1, 1, 1, 1, 1, 1, 1, 1, 99, 99}}};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        fv__winograd_maps(&m, &fv__winograd_four, &none[i], k);
        assert_int_equal(m.wide, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_through_frames),
                                       cmocka_unit_test(test_stride),
                                       cmocka_unit_test(test_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
