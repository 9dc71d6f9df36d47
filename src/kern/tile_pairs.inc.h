/* SPDX-License-Identifier: MIT */
/*
 * tile_pairs.inc.h - products of bf16 pairs by tiles (kern/tile.h): the cell `pairs` of
 * kern/table.h. A block is 32 filters, two tiles; a step is 16 pairs of channels under one tap, of
 * which a pixel has 64 bytes, a line of the cache wherever a tap moves it. A tile's rows are
 * pixels; sums stay in tiles 0 to 3 over all steps. A file that includes this has defined
 * TILE_TARGET, the attributes of functions that use tiles.
 */
#define TILE_WORDS 256
#define TILE_SUMS  32 /* from pixel to pixel of finished sums: a block's filters */
#define STEP_LINES 32 /* of the cache: a step's weights, of one part of a number */
#define STEPS_NEAR 6  /* so far ahead cold weights are asked for */

/* What is multiplied, from where a block of columns begins. */
typedef struct tile_factors {
    int64_t steps;
    const uint32_t *a_hi, *a_lo, *b_hi, *b_lo;
    const int32_t *off;
    /* Weights that come nearer in every step, as no processor looks that far ahead by itself: lines
       first ... end-1 of the step so many words ahead. */
    int64_t ahead, first, end;
} tile_factors;

TILE_TARGET void tiles_near(const tile_factors *f, int64_t step) {
    const int64_t at = step * 2 * TILE_WORDS + f->ahead;
    for (int64_t i = f->first; i < f->end; i++) {
        __builtin_prefetch(f->a_hi + at + i * 16, 0, 2);
        if (f->a_lo) __builtin_prefetch(f->a_lo + at + i * 16, 0, 2);
    }
}

/* Block n of `blocks` of columns: the first one of cold weights asks for these, the others for a
   share each of those that are wanted next. */
TILE_TARGET void tiles_ask(const fv_pairs_product *p, int64_t n, int64_t blocks, tile_factors *f) {
    const int64_t skip = p->cold && blocks > 1, share = blocks - skip;
    const bool here = p->cold && n == 0;
    f->ahead = (here ? STEPS_NEAR : p->steps) * 2 * TILE_WORDS;
    f->first = here ? 0 : STEP_LINES * (n - skip) / share;
    f->end = here ? STEP_LINES : p->more ? STEP_LINES * (n - skip + 1) / share : f->first;
}

/* Two tiles of 16 pixels by two of 16 filters. Of numbers in two parts eight tiles are loaded for
   twelve products, in an order that lets loads and products overlap; for every sum it is low
   weights, high ones, and low pixels. */
TILE_TARGET void tiles_block(fv_tiles tiles, const tile_factors *f, float *c) {
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    (void)tiles;
    for (int64_t s = 0; s < f->steps; s++) {
        const uint32_t *x = f->b_hi + f->off[s], *w = f->a_hi + s * 2 * TILE_WORDS;
        tiles_near(f, s);
        TILE_LOAD(4, x, 16);
        if (f->b_lo) {
            const uint32_t *low = f->a_lo + s * 2 * TILE_WORDS;
            TILE_LOAD(6, low, 16);
            TILE_DP(0, 4, 6);
            TILE_LOAD(7, low + TILE_WORDS, 16);
            TILE_DP(1, 4, 7);
            TILE_LOAD(5, x + TILE_WORDS, 16);
            TILE_DP(2, 5, 6);
            TILE_LOAD(6, w, 16);
            TILE_DP(3, 5, 7);
            TILE_LOAD(7, w + TILE_WORDS, 16);
        } else {
            TILE_LOAD(6, w, 16);
            TILE_LOAD(7, w + TILE_WORDS, 16);
            TILE_LOAD(5, x + TILE_WORDS, 16);
        }
        TILE_DP(0, 4, 6);
        TILE_DP(1, 4, 7);
        TILE_DP(2, 5, 6);
        TILE_DP(3, 5, 7);
        if (f->b_lo) {
            TILE_LOAD(4, f->b_lo + f->off[s], 16);
            TILE_DP(0, 4, 6);
            TILE_DP(1, 4, 7);
            TILE_LOAD(5, f->b_lo + f->off[s] + TILE_WORDS, 16);
            TILE_DP(2, 5, 6);
            TILE_DP(3, 5, 7);
        }
    }
    TILE_STORE(0, c, TILE_SUMS);
    TILE_STORE(1, c + 16, TILE_SUMS);
    TILE_STORE(2, c + 16 * TILE_SUMS, TILE_SUMS);
    TILE_STORE(3, c + 16 * TILE_SUMS + 16, TILE_SUMS);
}

/* The last tile of pixels, alone with both of filters. */
TILE_TARGET void tiles_last(fv_tiles tiles, const tile_factors *f, float *c) {
    TILE_ZERO(0);
    TILE_ZERO(1);
    (void)tiles;
    for (int64_t s = 0; s < f->steps; s++) {
        const uint32_t *w = f->a_hi + s * 2 * TILE_WORDS;
        TILE_LOAD(4, f->b_hi + f->off[s], 16);
        if (f->b_lo) {
            const uint32_t *low = f->a_lo + s * 2 * TILE_WORDS;
            TILE_LOAD(6, low, 16);
            TILE_LOAD(7, low + TILE_WORDS, 16);
            TILE_DP(0, 4, 6);
            TILE_DP(1, 4, 7);
        }
        TILE_LOAD(6, w, 16);
        TILE_LOAD(7, w + TILE_WORDS, 16);
        TILE_DP(0, 4, 6);
        TILE_DP(1, 4, 7);
        if (f->b_lo) {
            TILE_LOAD(5, f->b_lo + f->off[s], 16);
            TILE_DP(0, 5, 6);
            TILE_DP(1, 5, 7);
        }
    }
    TILE_STORE(0, c, TILE_SUMS);
    TILE_STORE(1, c + 16, TILE_SUMS);
}

/* The tile of pixels number v against the first tile of filters, alone, by way of tile t: its high
   part with low and high weights, its low part. */
#define TILES_HIGH(v, t)                                                                           \
    if (C > (v)) {                                                                                 \
        TILE_LOAD(t, f->b_hi + off + TILE_WORDS * (v), 16);                                        \
        if (f->b_lo) TILE_DP(v, t, 5);                                                             \
        TILE_DP(v, t, 4);                                                                          \
    }
#define TILES_LOW(v, t)                                                                            \
    if (C > (v)) {                                                                                 \
        TILE_LOAD(t, f->b_lo + off + TILE_WORDS * (v), 16);                                        \
        TILE_DP(v, t, 4);                                                                          \
    }

/* C tiles of pixels by one tile of filters: four sums to keep the products busy all the same, each
   in the order that it has above. */
TILE_TARGET void tiles_line(const int C, fv_tiles tiles, const tile_factors *f, float *c) {
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    (void)tiles;
    for (int64_t s = 0; s < f->steps; s++) {
        const int64_t off = f->off[s];
        TILE_LOAD(4, f->a_hi + s * 2 * TILE_WORDS, 16);
        if (f->b_lo) TILE_LOAD(5, f->a_lo + s * 2 * TILE_WORDS, 16);
        TILES_HIGH(0, 6)
        TILES_HIGH(1, 7)
        TILES_HIGH(2, 6)
        TILES_HIGH(3, 7)
        if (f->b_lo) {
            TILES_LOW(0, 6)
            TILES_LOW(1, 7)
            TILES_LOW(2, 6)
            TILES_LOW(3, 7)
        }
    }
    TILE_STORE(0, c, TILE_SUMS);
    if (C > 1) TILE_STORE(1, c + 16 * TILE_SUMS, TILE_SUMS);
    if (C > 2) TILE_STORE(2, c + 32 * TILE_SUMS, TILE_SUMS);
    if (C > 3) TILE_STORE(3, c + 48 * TILE_SUMS, TILE_SUMS);
}

TILE_TARGET void tiles_part(fv_tiles tiles, bool line, int64_t cols, const tile_factors *f,
                            float *c) {
    if (!line && cols > 16)
        tiles_block(tiles, f, c);
    else if (!line)
        tiles_last(tiles, f, c);
    else if (cols > 48)
        tiles_line(4, tiles, f, c);
    else if (cols > 32)
        tiles_line(3, tiles, f, c);
    else if (cols > 16)
        tiles_line(2, tiles, f, c);
    else
        tiles_line(1, tiles, f, c);
}

TILE_TARGET void tiles_product(fv_tiles tiles, const fv_pairs_product *p, const fv_pairs_out *out) {
    float sums[64 * TILE_SUMS] __attribute__((aligned(64)));
    tile_factors f = {p->steps, p->a_hi, p->a_lo, p->b_hi, p->b_lo, p->off, 0, 0, 0};
    const bool line = p->rows <= 16;
    const int64_t wide = line ? 64 : 32, blocks = (p->cols + wide - 1) / wide;
    for (int64_t j = 0; j < p->cols; j += wide) {
        tiles_ask(p, j / wide, blocks, &f);
        const int64_t cols = p->cols - j < wide ? p->cols - j : wide;
        tiles_part(tiles, line, cols, &f, sums);
        out->done(out, p->rows, j, cols, sums, TILE_SUMS);
        f.b_hi += wide * 16;
        if (f.b_lo) f.b_lo += wide * 16;
    }
}

static const fv_pairs_form tile_form = {.rows = 32,
                                        .tile = 16,
                                        .depth = FV_PAIRS_DEPTH,
                                        .split = true,
                                        .product = 1.4f,
                                        .pack = 30,
                                        .gather = 90,
                                        .out = 20,
                                        .direct = 27,
                                        .winograd = 56};
