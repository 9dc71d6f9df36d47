/* SPDX-License-Identifier: MIT */
/*
 * depth_place.inc.h - depthwise convolutions that read a plane where it lies: the kernels that
 * networks have (3x3 and 5x5, strides 1 and 2), where loads and stores of some lanes cost nothing.
 *
 * A frame costs as much as the sums: each number is copied before it meets nine weights, and what
 * was just stored is loaded a lane beside its place, which waits until the store is done. Here the
 * columns beside the plane are lanes that are not loaded, the rows above and below are a row of
 * zeros. A row serves all results of a tile that see it.
 */
#if FV_LEVEL == 2
/* Results of a vector: for a stride of 2 their columns come out of two vectors side by side. */
#define PLACE_WIDE(K, S) ((S) == 1 ? LANES : LANES - (K) / 2)

/* The lowest n bits, as many as there are. */
INLINE uint64_t place_bits(int64_t n) {
    return n <= 0 ? 0 : n >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

/* Columns of results of one filter: the first, how many, and which columns of the plane there are
   from the first on that they see, a bit each. */
typedef struct place_columns {
    int64_t j, m;
    __mmask16 out;
    uint64_t seen;
} place_columns;

/* R rows of results. x is the plane as if its row 0 were there. */
INLINE void place_tile(const int R, const int K, const int S, const fv_depthwise *g,
                       const depth_filter *f, const float *x, const float *zeros, int64_t row,
                       const place_columns *col) {
    const int64_t c = col->j * S - g->left, width = g->w, ow = g->ow;
    const uint64_t high = (uint64_t)g->h, i0 = (uint64_t)(row * S - g->top);
    const uint64_t seen = col->seen;
    vec acc[DEPTH_ROWS];
    vec w[DEPTH_TAPS * DEPTH_TAPS];
    UNROLL for (int t = 0; t < K * K; t++) w[t] = K == 3 ? v_keep(v_set(f->w[t])) : v_zero();
    UNROLL for (int r = 0; r < R; r++) acc[r] = v_set(f->bias);
    x += (int64_t)i0 * width + c;
    zeros += c;
    UNROLL for (int i = 0; i < (R - 1) * S + K; i++, x += width) {
        const float *from = i0 + (uint64_t)i < high ? x : zeros;
        const vec a = v_load_lanes(from, (__mmask16)seen);
        const vec b = S == 1 ? a : v_load_lanes(from + LANES, (__mmask16)(seen >> LANES));
        UNROLL for (int s = 0; s < K; s++) {
            const vec v = v_keep(S == 2   ? v_seconds(s, a, b)
                                 : s == 0 ? a
                                          : v_load_lanes(from + s, (__mmask16)(seen >> s)));
            UNROLL for (int t = 0; t < K; t++) {
                const int r = (i - t) / S;
                if (i >= t && (i - t) % S == 0 && r < R)
                    acc[r] = v_fma(K == 3 ? w[t * K + s] : v_set(f->w[t * K + s]), v, acc[r]);
            }
        }
    }
    const int64_t at = row * ow + col->j;
    float *y = f->y + at;
    const fv_gemm_after after = *f->after;
    UNROLL for (int r = 0; r < R; r++) {
        const vec sum = finished(&after, acc[r], f->after_at + at + r * ow, col->m);
        v_store_lanes(y + r * ow, sum, col->out);
    }
}

#define PLACE_TILES(R, K, S)                                                                       \
    for (; row + (R) <= row1; row += (R)) place_tile(R, K, S, g, f, x, zeros, row, &col);

/* Rows row0 ... row1-1 of the results of a filter. */
#define PLACE(NAME, K, S)                                                                          \
    static void place_##NAME(const fv_depthwise *g, const depth_filter *f, const float *x,         \
                             const float *zeros, int64_t row0, int64_t row1) {                     \
        for (int64_t j = 0; j < g->ow; j += PLACE_WIDE(K, S)) {                                    \
            const int64_t m = g->ow - j < PLACE_WIDE(K, S) ? g->ow - j : PLACE_WIDE(K, S);         \
            const int64_t c = j * (S)-g->left;                                                     \
            const place_columns col = {j, m, (__mmask16)place_bits(m),                             \
                                       place_bits(g->w - c) & ~place_bits(-c)};                    \
            int64_t row = row0;                                                                    \
            if ((row1 - row0) % 7 == 0) PLACE_TILES(7, K, S)                                       \
            PLACE_TILES(4, K, S)                                                                   \
            PLACE_TILES(2, K, S)                                                                   \
            PLACE_TILES(1, K, S)                                                                   \
        }                                                                                          \
    }
PLACE(3x3, 3, 1)
PLACE(3x3_2, 3, 2)
PLACE(5x5, 5, 1)
PLACE(5x5_2, 5, 2)

typedef void place_fn(const fv_depthwise *g, const depth_filter *f, const float *x,
                      const float *zeros, int64_t row0, int64_t row1);

/* NULL: by frames. */
static place_fn *place_choose(const fv_depthwise *g) {
    if (!g->usual) return NULL;
    if (g->kw == 3) return g->sh == 1 ? place_3x3 : place_3x3_2;
    return g->sh == 1 ? place_5x5 : place_5x5_2;
}

/* What `depthwise` does, where there is such a function. */
static bool depth_in_place(const fv_depthwise *g, int64_t planes, int64_t row, int64_t rows,
                           const float *x, const float *w, const float *bias,
                           const fv_gemm_after *after, float *y, float *zeros) {
    place_fn *fn = place_choose(g);
    if (!fn) return false;
    const int64_t plane = g->oh * g->ow;
    for (int64_t i = 0; i < g->w; i += LANES) v_store(zeros + i, v_zero());
    depth_filter f = {.w = w, .after = after, .y = y};
    x -= g->base * g->w;
    for (int64_t p = 0; p < planes; p++, x += g->plane)
        for (int64_t q = 0; q < g->filters; q++) {
            f.bias = bias ? *bias++ : 0;
            fn(g, &f, x, zeros, row, row + rows);
            f.w += g->kh * g->kw;
            f.y += plane;
            f.after_at += plane;
        }
    return true;
}
#endif
