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

/* A vector's numbers for every tap, moved back by it. What goes beyond the row's end is overwritten
   by the next row's, and before the first it is not touched. */
INLINE void w5_copies(const fv_winograd5 *g, const vec t[8], int64_t i, float *to) {
    for (int64_t tap = 0; tap < 5; tap++) {
        float *at = to + tap * g->tap + i - tap;
        if (i >= tap) {
            UNROLL for (int s = 0; s < 8; s++) v_store(at + s * g->number, t[s]);
        } else {
            UNROLL for (int s = 0; s < 8; s++) v_store_range(at + s * g->number, t[s], tap, LANES);
        }
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
INLINE void w5_store(const fv_winograd5 *g, const vec y[4], int64_t at, int64_t rows, int64_t from,
                     int64_t end, int64_t filter) {
    const fv_gemm_after *after = &g->after;
    float *to = g->y + filter * g->plane;
    const float *added = after->added ? after->added + filter * g->plane : NULL;
    for (int64_t i = 0; i < 4 && i < rows; i++, at += g->wide) {
        vec v = y[i];
        if (added) v = v + v_load_range(added + at, from, end);
        if (after->bounded) v = v_min(v_set(after->high), v_max(v_set(after->low), v));
        if (end - from == LANES)
            v_store(to + at, v);
        else
            v_store_range(to + at, v, from, end);
    }
}

/* R filters, from `filter` on, for the vector at column j of a run. */
INLINE void w5_tile(const int R, const fv_winograd5 *g, int64_t run, int64_t j, int64_t filter) {
    const float *w = g->w + filter * g->channels * 40;
    const float *x = g->x + run * g->run + j;
    vec m[8 * FV_WINOGRAD5_ROWS];
    vec y[FV_WINOGRAD5_ROWS][4];
    UNROLL for (int s = 0; s < 8; s += W5_PART) w = w5_sums(R, g, x + s * g->number, w, m + s * R);
    UNROLL for (int r = 0; r < R; r++) {
        w5_outputs(R, m + r, y[r]);
        const vec b = v_set(g->bias ? g->bias[filter + r] : 0);
        UNROLL for (int i = 0; i < 4; i++) y[r][i] = y[r][i] + b;
    }
    /* Lanes are columns of one group of rows, or of several. */
    const int64_t end = g->cols - j < LANES ? g->cols - j : LANES;
    int64_t group = run + j / g->wide, col = j % g->wide;
    for (int64_t from = 0; from < end; group++, col = 0) {
        const int64_t to = from + g->wide - col < end ? from + g->wide - col : end;
        UNROLL for (int r = 0; r < R; r++) w5_store(g, y[r], 4 * group * g->wide + col - from,
                                                    g->high - 4 * group, from, to, filter + r);
        from = to;
    }
}

APART void w5_three(const fv_winograd5 *g, int64_t run, int64_t j, int64_t filter) {
    w5_tile(3, g, run, j, filter);
}
APART void w5_two(const fv_winograd5 *g, int64_t run, int64_t j, int64_t filter) {
    w5_tile(2, g, run, j, filter);
}
APART void w5_one(const fv_winograd5 *g, int64_t run, int64_t j, int64_t filter) {
    w5_tile(1, g, run, j, filter);
}

static void winograd5(const fv_winograd5 *g, int64_t first, int64_t end) {
    for (int64_t run = 0; run < g->runs; run++)
        for (int64_t j = 0; j < g->cols; j += LANES)
            for (int64_t b = first; b < end; b++) {
                const int64_t filter = fv__winograd5_block(g->filters, b);
                const int64_t some = fv__winograd5_block(g->filters, b + 1) - filter;
                (some == 3 ? w5_three : some == 2 ? w5_two : w5_one)(g, run, j, filter);
            }
}
