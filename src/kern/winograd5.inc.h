/* SPDX-License-Identifier: MIT */
/*
 * winograd5.inc.h - 5x5 convolutions of stride 1 by F(4, 5) down the columns (the minimal filtering
 * of kern/winograd.inc.h in one dimension): eight rows of the map make eight numbers in every
 * column, and four rows of results take 8 times 5 products where the definition takes 100.
 *
 * The points are 0, +-1/2, +-1, +-2 and infinity, M(x) = x (x^2 - 1/4) (x^2 - 1) (x^2 - 4). Along a
 * row the five taps are plain sums. So lanes are columns as they lie, nothing is shuffled, and as
 * all sums of three filters fit the registers they are transformed back where they are: it pays
 * with one channel already, where two dimensions of F(2, 5), with 36 products in place of 40, spend
 * what they save on their transforms.
 */

/* Numbers whose sums are in registers at a time. */
#if FV_LEVEL == 2 || defined(__aarch64__)
#define W5_PART 8
#else
#define W5_PART 4
#endif

/* t = B^T d. */
INLINE void w5_inputs(const vec d[8], vec t[8]) {
    const vec even_1 = v_fma(v_set(-4.25f), d[4], d[2] + d[6]);
    const vec odd_1 = v_fma(v_set(-4.25f), d[3], d[1] + d[5]);
    const vec even_h = v_fma(v_set(-5.0f), d[4], v_fma(v_set(4.0f), d[2], d[6]));
    const vec odd_h = v_fma(v_set(-5.0f), d[3], v_fma(v_set(4.0f), d[1], d[5]));
    const vec even_2 = v_fma(v_set(-1.25f), d[4], v_fma(v_set(0.25f), d[2], d[6]));
    const vec odd_2 = v_fma(v_set(-1.25f), d[3], v_fma(v_set(0.25f), d[1], d[5]));
    t[0] = v_fma(v_set(5.25f), d[4] - d[2], d[0] - d[6]);
    t[1] = even_1 + odd_1;
    t[2] = even_1 - odd_1;
    t[3] = v_fma(v_set(0.5f), odd_h, even_h);
    t[4] = v_fma(v_set(-0.5f), odd_h, even_h);
    t[5] = v_fma(v_set(2.0f), odd_2, even_2);
    t[6] = v_fma(v_set(-2.0f), odd_2, even_2);
    t[7] = v_fma(v_set(5.25f), d[3] - d[5], d[7] - d[1]);
}

/* y = A^T m of one of R filters, whose numbers lie R apart. */
INLINE void w5_outputs(const int R, const vec *m, vec y[4]) {
    const vec sum_1 = m[R] + m[2 * R], odd_1 = m[R] - m[2 * R];
    const vec sum_h = m[3 * R] + m[4 * R], odd_h = m[3 * R] - m[4 * R];
    const vec sum_2 = m[5 * R] + m[6 * R], odd_2 = m[5 * R] - m[6 * R];
    y[0] = (m[0] + sum_1) + (sum_h + sum_2);
    y[1] = v_fma(v_set(2.0f), odd_2, v_fma(v_set(0.5f), odd_h, odd_1));
    y[2] = v_fma(v_set(4.0f), sum_2, v_fma(v_set(0.25f), sum_h, sum_1));
    y[3] = v_fma(v_set(8.0f), odd_2, v_fma(v_set(0.125f), odd_h, odd_1 + m[7 * R]));
}

/* The lanes from `tap` on, in front. */
#if LANES == 16
#define W5_BACK(x, tap)                                                                            \
    __builtin_shufflevector(x, x, tap, tap + 1, tap + 2, tap + 3, tap + 4, tap + 5, tap + 6,       \
                            tap + 7, tap + 8, tap + 9, tap + 10, tap + 11, tap + 12, tap + 13,     \
                            tap + 14, tap + 15)
#elif LANES == 8
#define W5_BACK(x, tap)                                                                            \
    __builtin_shufflevector(x, x, tap, tap + 1, tap + 2, tap + 3, tap + 4, tap + 5, tap + 6,       \
                            tap + 7)
#else
#define W5_BACK(x, tap) __builtin_shufflevector(x, x, tap, tap + 1, tap + 2, tap + 3)
#endif
#define W5_COPY(n)                                                                                 \
    UNROLL for (int s = 0; s < 8; s++) v_store(to + (n)*g->tap + s * g->number, W5_BACK(t[s], n))

/* A row's first numbers for every tap, moved back by it, and others. What is written beyond them is
   overwritten by the row's next numbers or the next row. */
INLINE void w5_copies(const fv_winograd5 *g, const vec t[8], int64_t i, float *to) {
    if (i == 0) {
        W5_COPY(0);
        W5_COPY(1);
        W5_COPY(2);
        W5_COPY(3);
        W5_COPY(4);
        return;
    }
    for (int64_t tap = 0; tap < 5; tap++) {
        float *at = to + tap * g->tap + i - tap;
        UNROLL for (int s = 0; s < 8; s++) v_store(at + s * g->number, t[s]);
    }
}

static void winograd5_in(const fv_winograd5 *g, int64_t groups, const float *x, int64_t ld,
                         float *out) {
    const bool copies = g->tap > 1;
    for (int64_t r = 0; r < groups; r++, x += 4 * ld, out += copies ? g->wide : g->run)
        for (int64_t i = 0; i < g->wide + 4; i += LANES) {
            vec d[8];
            vec t[8];
            UNROLL for (int s = 0; s < 8; s++) d[s] = v_load(x + s * ld + i);
            w5_inputs(d, t);
            if (copies) {
                w5_copies(g, t, i, out);
            } else {
                UNROLL for (int s = 0; s < 8; s++) v_store(out + s * g->number + i, t[s]);
            }
        }
}

/* The sums of R filters for W5_PART numbers of a vector of columns. */
INLINE const float *w5_sums(const int R, const fv_winograd5 *g, const float *x, const float *w,
                            vec *m) {
    vec acc[W5_PART * FV_WINOGRAD5_ROWS];
    const int64_t number = g->number, tap = g->tap, next = g->channel - 5 * g->tap;
    UNROLL for (int i = 0; i < W5_PART * R; i++) acc[i] = v_zero();
    for (int64_t c = 0; c < g->channels; c++, x += next)
        for (int l = 0; l < 5; l++, x += tap, w += W5_PART * R) {
            UNROLL for (int s = 0; s < W5_PART; s++) {
                const vec d = v_keep(v_load(x + s * number));
                UNROLL for (int r = 0; r < R; r++) acc[s * R + r] =
                    v_fma(v_set(w[s * R + r]), d, acc[s * R + r]);
            }
        }
    UNROLL for (int i = 0; i < W5_PART * R; i++) m[i] = acc[i];
    return w;
}

/* Lanes from ... end-1 of four rows of results, the first of which begins `at` floats from y. */
INLINE void w5_store(const bool whole, const fv_winograd5 *g, const vec y[4], int64_t at,
                     int64_t rows, int64_t from, int64_t end, int64_t filter) {
    const fv_gemm_after *after = &g->after;
    float *to = g->y + filter * g->plane + at;
    const float *added = after->added ? after->added + filter * g->plane + at : NULL;
    const vec low = v_set(after->low), high = v_set(after->high);
    UNROLL for (int i = 0; i < 4; i++) {
        const int64_t line = i * g->wide;
        vec v = y[i];
        if (i >= rows) break;
        if (added) v = v + (whole ? v_load(added + line) : v_load_range(added + line, from, end));
        if (after->bounded) v = v_min(high, v_max(low, v));
        if (whole)
            v_store(to + line, v);
        else
            v_store_range(to + line, v, from, end);
    }
}

/* A vector of columns: its first number, whose results are column col of a group's; lanes of it. */
typedef struct w5_place {
    const float *x;
    int64_t group, col, end;
} w5_place;

/* R filters, from `filter` on. */
INLINE void w5_tile(const int R, const fv_winograd5 *g, const w5_place *at, int64_t filter) {
    const float *w = g->w + filter * g->channels * 40;
    vec m[8 * FV_WINOGRAD5_ROWS];
    vec y[FV_WINOGRAD5_ROWS][4];
    UNROLL for (int s = 0; s < 8; s += W5_PART) w =
        w5_sums(R, g, at->x + s * g->number, w, m + s * R);
    UNROLL for (int r = 0; r < R; r++) {
        w5_outputs(R, m + r, y[r]);
        const vec b = v_set(g->bias ? g->bias[filter + r] : 0);
        UNROLL for (int i = 0; i < 4; i++) y[r][i] = y[r][i] + b;
    }
    /* Lanes are columns of one group of rows, or of several. */
    int64_t group = at->group, col = at->col;
    const int64_t end = at->end;
    if (g->wide - col >= LANES && end == LANES) {
        UNROLL for (int r = 0; r < R; r++) w5_store(true, g, y[r], 4 * group * g->wide + col,
                                                    g->high - 4 * group, 0, LANES, filter + r);
        return;
    }
    for (int64_t from = 0; from < end; group++, col = 0) {
        const int64_t to = from + g->wide - col < end ? from + g->wide - col : end;
        UNROLL for (int r = 0; r < R; r++)
            w5_store(false, g, y[r], 4 * group * g->wide + col - from, g->high - 4 * group, from,
                     to, filter + r);
        from = to;
    }
}

APART void w5_three(const fv_winograd5 *g, const w5_place *at, int64_t filter) {
    w5_tile(3, g, at, filter);
}
APART void w5_two(const fv_winograd5 *g, const w5_place *at, int64_t filter) {
    w5_tile(2, g, at, filter);
}
APART void w5_one(const fv_winograd5 *g, const w5_place *at, int64_t filter) {
    w5_tile(1, g, at, filter);
}

static void winograd5(const fv_winograd5 *g, int64_t first, int64_t end) {
    const int64_t from = fv__winograd5_block(g->filters, first);
    const int64_t blocks = fv__winograd5_blocks(g->filters);
    const int64_t some = g->filters / blocks, larger = g->filters % blocks;
    for (int64_t run = 0; run < g->runs; run++)
        for (int64_t j = 0; j < g->cols; j += LANES) {
            const w5_place at = {g->x + run * g->run + j, run + j / g->wide, j % g->wide,
                                 g->cols - j < LANES ? g->cols - j : LANES};
            int64_t filter = from;
            for (int64_t b = first; b < end; b++) {
                const int64_t rows = b < larger ? some + 1 : some;
                (rows == 3 ? w5_three : rows == 2 ? w5_two : w5_one)(g, &at, filter);
                filter += rows;
            }
        }
}
