/* SPDX-License-Identifier: MIT */
/*
 * pairs_plain.c - see pairs_plain.h.
 */
#include "kern/pairs_plain.h"
#include "kern/dot_form.h"
#include "kern/tile.h"

#define TILE_TARGET static inline __attribute__((always_inline))
#include "kern/tile_pairs.inc.h"

static void pairs(const fv_pairs_product *p, const fv_pairs_out *out) {
    TILE_CONFIG(tiles);
    tiles_product(tiles, p, out);
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

static void dots(const fv_pairs_product *p, const fv_pairs_out *out) {
    float c[FV_DOT_ROWS * 16];
    for (int64_t j = 0; j < p->cols; j += 16) {
        const int64_t cols = p->cols - j < 16 ? p->cols - j : 16;
        for (int64_t r = 0; r < p->rows; r++)
            for (int64_t i = 0; i < cols; i++)
                c[r * 16 + i] = dot(p->steps, p->a_hi + r, p->b_hi + j + i, p->off);
        out->done(out, p->rows, j, cols, c, 16);
    }
}

void fv__fill_plain_dots(fv_kernels *kernels) {
    kernels->pairs = dots;
    kernels->form = fv__dot_form;
}
