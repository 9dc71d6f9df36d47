/* SPDX-License-Identifier: MIT */
/*
 * The kernels for AMX with bfloat16, over those for AVX-512: products of bf16 pairs by tiles.
 */
#include "kern/kern.h"

#ifdef FV_HAVE_X86

#define FV_TILE_HARDWARE
#include "kern/tile.h"

#define TILE_FLAGS __attribute__((target("avx512f,amx-tile,amx-bf16")))
#define TILE_TARGET                                                                                \
    static inline __attribute__((always_inline, target("avx512f,amx-tile,amx-bf16")))
#include "kern/tile_pairs.inc.h"

static TILE_FLAGS void pairs(int64_t rows, int64_t cols, int64_t steps, const uint32_t *a_hi,
                             const uint32_t *a_lo, const uint32_t *b_hi, const uint32_t *b_lo,
                             int64_t plane, const int32_t *off, float *c, int64_t ldc) {
    const tile_factors f = {steps, a_hi, a_lo, b_hi, b_lo, plane, off};
    TILE_CONFIG(tiles);
    tiles_columns(rows, tiles, cols, f, c, ldc);
    TILE_RELEASE();
}

void fv__fill_amx(fv_kernels *kernels);
void fv__fill_amx(fv_kernels *kernels) {
    kernels->pairs = pairs;
    kernels->form = tile_form;
}

#else
typedef int fv_no_amx; /* another architecture: nothing here */
#endif
