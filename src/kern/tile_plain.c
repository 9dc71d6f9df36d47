/* SPDX-License-Identifier: MIT */
/*
 * tile_plain.c - the product of two tiles in plain C; what it gives is told in tile.h. A file of
 * its own because sanitizers do not watch it (CMakeLists.txt): it touches nothing but three tiles,
 * whose sizes are fixed, and watched it would take most of the time of the tests that are made of
 * it.
 */
#include "kern/tile.h"

/* The halves of all words, in float. */
typedef struct halves {
    float low[16][16], high[16][16];
} halves;

static void split(const fv_tile *t, halves *to) {
    for (int r = 0; r < 16; r++)
        for (int i = 0; i < 16; i++) {
            to->low[r][i] = fv__pair_low(t->word[r][i]);
            to->high[r][i] = fv__pair_high(t->word[r][i]);
        }
}

void fv__tile_dp(fv_tile *t, const fv_tile *a, const fv_tile *b) {
    halves x, y;
    split(a, &x);
    split(b, &y);
    for (int m = 0; m < 16; m++) {
        float low[16] = {0}, high[16] = {0};
        for (int k = 0; k < 16; k++)
            for (int n = 0; n < 16; n++) {
                low[n] = fv__bf16_fma(x.low[m][k], y.low[k][n], low[n]);
                high[n] = fv__bf16_fma(x.high[m][k], y.high[k][n], high[n]);
            }
        for (int n = 0; n < 16; n++) {
            const float sum = fv__flushed(low[n] + high[n]);
            const float c = fv__flushed(fv__bits_float(t->word[m][n]));
            t->word[m][n] = fv__float_bits(fv__flushed(c + sum));
        }
    }
}
