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

static TILE_FLAGS void pairs(const fv_pairs_product *p, const fv_pairs_out *out) {
    TILE_CONFIG(tiles);
    tiles_product(tiles, p, out);
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
