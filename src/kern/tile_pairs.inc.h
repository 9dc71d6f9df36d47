/* SPDX-License-Identifier: MIT */
/*
 * tile_pairs.inc.h - products of bf16 pairs by tiles (kern/tile.h): the cell `pairs` of
 * kern/table.h. A block is 32 filters, two tiles; a step is 16 pairs of channels under one tap.
 * Sums stay in tiles 0 to 3 over all steps. A file that includes this has defined TILE_TARGET, the
 * attributes of functions that use tiles.
 */
#define TILE_WORDS 256

/* What is multiplied, from where a block of columns begins. */
typedef struct tile_factors {
    int64_t steps;
    const uint32_t *a_hi, *a_lo, *b_hi, *b_lo;
    int64_t plane;
    const int32_t *off;
} tile_factors;

TILE_TARGET void tiles_product(const int C, fv_tiles tiles) {
    (void)tiles;
    TILE_DP(0, 4, 6);
    if (C > 1) TILE_DP(1, 4, 7);
    TILE_DP(2, 5, 6);
    if (C > 1) TILE_DP(3, 5, 7);
}

TILE_TARGET void tiles_load_a(fv_tiles tiles, const uint32_t *a) {
    (void)tiles;
    TILE_LOAD(4, a, 16);
    TILE_LOAD(5, a + TILE_WORDS, 16);
}

TILE_TARGET void tiles_load_b(const int C, fv_tiles tiles, const uint32_t *b, int64_t plane) {
    (void)tiles;
    TILE_LOAD(6, b, plane);
    if (C > 1) TILE_LOAD(7, b + 16, plane);
}

/* Two tiles of 16 filters by C of 16 columns. Of numbers in two parts the small products come
   first, and eight tiles are loaded for twelve products. */
TILE_TARGET void tiles_block(const int C, fv_tiles tiles, const tile_factors *f, float *c,
                             int64_t ldc) {
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    (void)tiles;
    for (int64_t s = 0; s < f->steps; s++) {
        tiles_load_a(tiles, f->a_hi + s * 2 * TILE_WORDS);
        if (f->b_lo) {
            tiles_load_b(C, tiles, f->b_lo + f->off[s], f->plane);
            tiles_product(C, tiles);
        }
        tiles_load_b(C, tiles, f->b_hi + f->off[s], f->plane);
        tiles_product(C, tiles);
        if (f->b_lo) {
            tiles_load_a(tiles, f->a_lo + s * 2 * TILE_WORDS);
            tiles_product(C, tiles);
        }
    }
    TILE_STORE(0, c, ldc);
    if (C > 1) TILE_STORE(1, c + 16, ldc);
    TILE_STORE(2, c + 16 * ldc, ldc);
    if (C > 1) TILE_STORE(3, c + 16 * ldc + 16, ldc);
}

/* The tile of columns number v against the first tile of filters, alone: its low part, its high
   part; by way of tile t. */
#define TILES_LOW(v, t)                                                                            \
    if (C > (v)) {                                                                                 \
        TILE_LOAD(t, f->b_lo + off + 16 * (v), f->plane);                                          \
        TILE_DP(v, 4, t);                                                                          \
    }
#define TILES_HIGH(v, t)                                                                           \
    if (C > (v)) {                                                                                 \
        TILE_LOAD(t, f->b_hi + off + 16 * (v), f->plane);                                          \
        TILE_DP(v, 4, t);                                                                          \
        if (f->b_lo) TILE_DP(v, 5, t);                                                             \
    }

/* One tile of 16 filters by C tiles of columns: four sums to keep the products busy all the same,
   each in the order that it has above. */
TILE_TARGET void tiles_line(const int C, fv_tiles tiles, const tile_factors *f, float *c,
                            int64_t ldc) {
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    (void)tiles;
    for (int64_t s = 0; s < f->steps; s++) {
        const int64_t off = f->off[s];
        TILE_LOAD(4, f->a_hi + s * 2 * TILE_WORDS, 16);
        if (f->b_lo) {
            TILE_LOAD(5, f->a_lo + s * 2 * TILE_WORDS, 16);
            TILES_LOW(0, 6)
            TILES_LOW(1, 7)
            TILES_LOW(2, 6)
            TILES_LOW(3, 7)
        }
        TILES_HIGH(0, 6)
        TILES_HIGH(1, 7)
        TILES_HIGH(2, 6)
        TILES_HIGH(3, 7)
    }
    TILE_STORE(0, c, ldc);
    if (C > 1) TILE_STORE(1, c + 16, ldc);
    if (C > 2) TILE_STORE(2, c + 32, ldc);
    if (C > 3) TILE_STORE(3, c + 48, ldc);
}

TILE_TARGET void tiles_move(tile_factors *f, int64_t columns) {
    f->b_hi += columns;
    if (f->b_lo) f->b_lo += columns;
}

TILE_TARGET void tiles_columns(int64_t rows, fv_tiles tiles, int64_t cols, tile_factors f, float *c,
                               int64_t ldc) {
    for (int64_t j = 0; rows > 16 && j < cols; j += 32, tiles_move(&f, 32)) {
        if (cols - j > 16)
            tiles_block(2, tiles, &f, c + j, ldc);
        else
            tiles_block(1, tiles, &f, c + j, ldc);
    }
    for (int64_t j = 0; rows <= 16 && j < cols; j += 64, tiles_move(&f, 64)) {
        if (cols - j > 48)
            tiles_line(4, tiles, &f, c + j, ldc);
        else if (cols - j > 32)
            tiles_line(3, tiles, &f, c + j, ldc);
        else if (cols - j > 16)
            tiles_line(2, tiles, &f, c + j, ldc);
        else
            tiles_line(1, tiles, &f, c + j, ldc);
    }
}

static const fv_pairs_form tile_form = {
    .rows = 32, .tile = 16, .depth = 16, .cols = 32, .split = true};
