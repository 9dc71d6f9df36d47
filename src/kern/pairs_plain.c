/* SPDX-License-Identifier: MIT */
/*
 * pairs_plain.c - see pairs_plain.h.
 */
#include "kern/pairs_plain.h"
#include "kern/dot_form.h"
#include "kern/tile.h"

#define TILE_TARGET static inline __attribute__((always_inline))
#include "kern/tile_pairs.inc.h"

static void pairs(int64_t rows, int64_t cols, int64_t steps, const uint32_t *a_hi,
                  const uint32_t *a_lo, const uint32_t *b_hi, const uint32_t *b_lo, int64_t plane,
                  const int32_t *off, float *c, int64_t ldc) {
    const tile_factors f = {steps, a_hi, a_lo, b_hi, b_lo, plane, off};
    TILE_CONFIG(tiles);
    tiles_columns(rows, tiles, cols, f, c, ldc);
    TILE_RELEASE();
}

void fv__fill_plain_tiles(fv_kernels *kernels) {
    kernels->pairs = pairs;
    kernels->form = tile_form;
}

/* One column. By Intel's description, and so does AMD's Zen 4, the high halves come first. */
static float dot(int64_t steps, const uint32_t *a, const uint32_t *b, const int32_t *off) {
    float sum = 0;
    for (int64_t s = 0; s < steps; s++) {
        const uint32_t x = a[s * FV_DOT_ROWS], y = b[off[s]];
        sum = fv__bf16_fma(fv__pair_high(x), fv__pair_high(y), sum);
        sum = fv__bf16_fma(fv__pair_low(x), fv__pair_low(y), sum);
    }
    return sum;
}

static void dots(int64_t rows, int64_t cols, int64_t steps, const uint32_t *a_hi,
                 const uint32_t *a_lo, const uint32_t *b_hi, const uint32_t *b_lo, int64_t plane,
                 const int32_t *off, float *c, int64_t ldc) {
    (void)a_lo, (void)b_lo, (void)plane;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < cols; j++) c[r * ldc + j] = dot(steps, a_hi + r, b_hi + j, off);
}

void fv__fill_plain_dots(fv_kernels *kernels) {
    kernels->pairs = dots;
    kernels->form = fv__dot_form;
}
