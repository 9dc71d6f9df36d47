/* SPDX-License-Identifier: MIT */
/*
 * tile.h - tiles of AMX: eight registers of 16 rows of 64 bytes, and the product of two of them.
 *
 *   TILE_CONFIG(tiles)         all eight are whole: 16 rows of 64 bytes. `tiles`, an fv_tiles, is
 *                              to be in sight of all that follows
 *
 *   TILE_ZERO(t)
 *
 *   TILE_LOAD(t, from, step)   16 rows of 16 words, rows `step` words apart
 *
 *   TILE_STORE(t, to, step)
 *
 *   TILE_DP(t, a, b)           t[m][n] += sum over k < 16 of the products of both halves of
 *                              a[m][k] and b[k][n], words being pairs of bfloat16
 *
 *   TILE_RELEASE()
 *
 * With FV_TILE_HARDWARE they are the processor's instructions. Without, they are plain C on eight
 * arrays named `tiles`, with the instructions' rounding. By Intel's description of TDPBF16PS the
 * low halves of all k are summed by fused multiply-adds, and the high halves apart from them; the
 * two sums are added, and the result to what is there. Everything is rounded to nearest even, and
 * denormal numbers are zeros coming and going, whatever the thread's own settings are.
 */
#ifndef FV_KERN_TILE_H
#define FV_KERN_TILE_H

#include <stdint.h>

#ifdef FV_TILE_HARDWARE

#include <immintrin.h>

/* As LDTILECFG reads it: palette 1, then the bytes of a row and the rows of each tile. */
typedef struct fv_tile_config {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} fv_tile_config;

typedef int fv_tiles; /* they are the thread's */

_Static_assert(sizeof(fv_tile_config) == 64, "LDTILECFG reads 64 bytes");

static const fv_tile_config fv__tile_config = {.palette = 1,
                                               .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
                                               .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

#define TILE_CONFIG(tiles)                                                                         \
    const fv_tiles tiles = 8;                                                                      \
    _tile_loadconfig(&fv__tile_config)
#define TILE_ZERO(t)             _tile_zero(t)
#define TILE_LOAD(t, from, step) _tile_loadd(t, from, (step)*4)
#define TILE_STORE(t, to, step)  _tile_stored(t, to, (step)*4)
#define TILE_DP(t, a, b)         _tile_dpbf16ps(t, a, b)
#define TILE_RELEASE()           _tile_release()

#else

#include "kern/bf16.h"

typedef struct fv_tile {
    uint32_t word[16][16];
} fv_tile;

typedef fv_tile *fv_tiles;

#define TILE_CONFIG(tiles)                                                                         \
    fv_tile eight[8];                                                                              \
    const fv_tiles tiles = eight;                                                                  \
    memset(eight, 0, sizeof eight)
#define TILE_ZERO(t)             memset(&tiles[t], 0, sizeof(fv_tile))
#define TILE_LOAD(t, from, step) fv__tile_load(&tiles[t], from, step)
#define TILE_STORE(t, to, step)  fv__tile_store(&tiles[t], to, step)
#define TILE_DP(t, a, b)         fv__tile_dp(&tiles[t], &tiles[a], &tiles[b])
#define TILE_RELEASE()           (void)0

static inline void fv__tile_load(fv_tile *t, const void *from, int64_t step) {
    for (int r = 0; r < 16; r++) memcpy(t->word[r], (const uint32_t *)from + r * step, 64);
}

static inline void fv__tile_store(const fv_tile *t, void *to, int64_t step) {
    for (int r = 0; r < 16; r++) memcpy((uint32_t *)to + r * step, t->word[r], 64);
}

/* Zero for a denormal number. */
static inline float fv__flushed(float x) {
    const uint32_t u = fv__float_bits(x);
    return fv__bits_float(u & 0x7f800000 ? u : u & 0x80000000);
}

/* a * b + c, rounded once: the product of two bfloat16 is exact in double, and double has more than
   twice the digits that the sum is rounded to. */
static inline float fv__bf16_fma(float a, float b, float c) {
    return fv__flushed((float)((double)a * (double)b + (double)c));
}

/* The number in the low half of a word, in the high one. */
static inline float fv__pair_low(uint32_t word) {
    return fv__flushed(fv__bits_float(word << 16));
}
static inline float fv__pair_high(uint32_t word) {
    return fv__flushed(fv__bits_float(word & 0xffff0000));
}

/* In kern/tile_plain.c. */
void fv__tile_dp(fv_tile *t, const fv_tile *a, const fv_tile *b);

#endif
#endif
