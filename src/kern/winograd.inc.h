/* SPDX-License-Identifier: MIT */
/*
 * winograd.inc.h - the transforms of Winograd's minimal filtering F(4x4, 3x3): Lavin & Gray 2016,
 * "Fast Algorithms for Convolutional Neural Networks" (arXiv 1509.09308).
 *
 *   y = A^T ((G g G^T) . (B^T d B)) A
 *
 * for a tile of 4x4 outputs y, the 6x6 inputs d that it sees and a filter g: 36 products where the
 * definition has 144. A, B and G follow (Toom and Cook) from five points and infinity. The points
 * here are 0, +-P and +-Q with P = sqrt(1/2) and Q = sqrt(2), whose rounding errors are a third of
 * those of 0, +-1, +-2. G is in cpu/winograd_filters.c.
 *
 * Lanes are tiles. Down a column of a tile numbers are combined row by row of the map, as they lie;
 * along a row four neighbours are one tile's, and shuffles part them.
 */
#define WINO_P 0.70710678118654752f
#define WINO_Q 1.41421356237309505f

/* t = B^T d. The rows of B^T are the coefficients of M(x) / (x - point), and of M itself,
   M(x) = x (x^2 - 1/2) (x^2 - 2). */
INLINE void wino_inputs(const vec d[6], vec t[6]) {
    const vec two = v_set(-2.0f), half = v_set(-0.5f), more = v_set(-2.5f);
    const vec even_p = v_fma(two, d[2], d[4]), odd_p = v_fma(two, d[1], d[3]);
    const vec even_q = v_fma(half, d[2], d[4]), odd_q = v_fma(half, d[1], d[3]);
    t[0] = v_fma(more, d[2], d[0] + d[4]);
    t[1] = v_fma(v_set(WINO_P), odd_p, even_p);
    t[2] = v_fma(v_set(-WINO_P), odd_p, even_p);
    t[3] = v_fma(v_set(WINO_Q), odd_q, even_q);
    t[4] = v_fma(v_set(-WINO_Q), odd_q, even_q);
    t[5] = v_fma(more, d[3], d[1] + d[5]);
}

/* y = A^T m: row i of A^T has the points to the power of i. */
INLINE void wino_outputs(const vec m[6], vec y[4]) {
    const vec sum_p = m[1] + m[2], odd_p = m[1] - m[2];
    const vec sum_q = m[3] + m[4], odd_q = m[3] - m[4];
    y[0] = m[0] + (sum_p + sum_q);
    y[1] = v_fma(v_set(WINO_P), odd_p, v_set(WINO_Q) * odd_q);
    y[2] = v_fma(v_set(0.5f), sum_p, v_set(2.0f) * sum_q);
    y[3] = v_fma(v_set(WINO_P / 2), odd_p, v_fma(v_set(2 * WINO_Q), odd_q, m[5]));
}

/* Down the columns of a row of tiles: n columns of six rows of x, ld apart, into six rows of out,
   `step` apart. */
INLINE void wino_columns(int64_t n, const float *x, int64_t ld, float *out, int64_t step) {
    EACH(n, {
        vec d[6];
        vec t[6];
        UNROLL for (int r = 0; r < 6; r++) d[r] = v_get(x + r * ld + i, m);
        wino_inputs(d, t);
        UNROLL for (int r = 0; r < 6; r++) v_put(out + r * step + i, t[r], m);
    });
}

/* The first to fourth of every four neighbours; the first and second alone. */
INLINE void wino_part(const float *x, vec out[4]) {
    const vec a = v_load(x), b = v_load(x + LANES), c = v_load(x + 2 * LANES),
              d = v_load(x + 3 * LANES);
    const vec even[2] = {v_even(a, b), v_even(c, d)}, odd[2] = {v_odd(a, b), v_odd(c, d)};
    out[0] = v_even(even[0], even[1]);
    out[1] = v_even(odd[0], odd[1]);
    out[2] = v_odd(even[0], even[1]);
    out[3] = v_odd(odd[0], odd[1]);
}

/* A row's end meets the next one's start in a tile's fifth and sixth number, so that these lie in a
   copy of their own, moved on by four. */
static void winograd_in(int64_t rows, int64_t across, const float *x, int64_t ld, float *work,
                        float *out, int64_t step) {
    const int64_t tiles = rows * across, line = 4 * tiles + 4 * LANES;
    float *next = work + 6 * line;
    for (int64_t r = 0; r < rows; r++) {
        wino_columns(4 * across, x + 4 * r * ld, ld, work + 4 * r * across, line);
        wino_columns(4 * across, x + 4 * r * ld + 4, ld, next + 4 * r * across, line);
    }
    for (int r = 0; r < 6; r++) {
        float *to = out + 6 * r * step;
        EACH(tiles, {
            vec d[8];
            vec t[6];
            wino_part(work + r * line + 4 * i, d);
            wino_part(next + r * line + 4 * i, d + 4);
            wino_inputs(d, t);
            UNROLL for (int s = 0; s < 6; s++) v_put(to + s * step + i, t[s], m);
        });
    }
}

/* t = A y, which is what the gradient of the filters meets the inputs' numbers with. */
INLINE void wino_spread(const vec y[4], vec t[6]) {
    const vec half = v_set(0.5f), two = v_set(2.0f);
    const vec even_p = v_fma(half, y[2], y[0]), odd_p = v_fma(half, y[3], y[1]);
    const vec even_q = v_fma(two, y[2], y[0]), odd_q = v_fma(two, y[3], y[1]);
    t[0] = y[0];
    t[1] = v_fma(v_set(WINO_P), odd_p, even_p);
    t[2] = v_fma(v_set(-WINO_P), odd_p, even_p);
    t[3] = v_fma(v_set(WINO_Q), odd_q, even_q);
    t[4] = v_fma(v_set(-WINO_Q), odd_q, even_q);
    t[5] = y[3];
}

static void winograd_dy(int64_t rows, int64_t across, const float *y, int64_t ld, float *work,
                        float *out, int64_t step) {
    const int64_t tiles = rows * across, line = 4 * tiles + 4 * LANES;
    for (int64_t r = 0; r < rows; r++)
        EACH(4 * across, {
            vec d[4];
            vec t[6];
            UNROLL for (int s = 0; s < 4; s++) d[s] = v_get(y + (4 * r + s) * ld + i, m);
            wino_spread(d, t);
            UNROLL for (int s = 0; s < 6; s++) v_put(work + s * line + 4 * r * across + i, t[s], m);
        });
    for (int r = 0; r < 6; r++) {
        float *to = out + 6 * r * step;
        EACH(tiles, {
            vec d[4];
            vec t[6];
            wino_part(work + r * line + 4 * i, d);
            wino_spread(d, t);
            UNROLL for (int s = 0; s < 6; s++) v_put(to + s * step + i, t[s], m);
        });
    }
}

/* Four results of every tile, which are neighbours. */
INLINE void wino_join(const vec y[4], float *out) {
    const vec low[2] = {v_zip_low(y[0], y[2]), v_zip_low(y[1], y[3])};
    const vec high[2] = {v_zip_high(y[0], y[2]), v_zip_high(y[1], y[3])};
    v_store(out, v_zip_low(low[0], low[1]));
    v_store(out + LANES, v_zip_high(low[0], low[1]));
    v_store(out + 2 * LANES, v_zip_low(high[0], high[1]));
    v_store(out + 3 * LANES, v_zip_high(high[0], high[1]));
}

static void winograd_out(int64_t rows, int64_t across, const float *in, int64_t step, float *work,
                         float bias, const fv_gemm_after *after, float *y, int64_t high,
                         int64_t wide) {
    const int64_t tiles = rows * across, line = 4 * tiles + 4 * LANES;
    const vec b = v_set(bias);
    for (int r = 0; r < 6; r++) {
        const float *from = in + 6 * r * step;
        EACH(tiles, {
            vec x[6];
            vec t[4];
            UNROLL for (int s = 0; s < 6; s++) x[s] = v_get(from + s * step + i, m);
            wino_outputs(x, t);
            wino_join(t, work + r * line + 4 * i);
        });
    }
    for (int64_t r = 0; r < rows; r++) {
        const float *from = work + 4 * r * across;
        const int64_t left = high - 4 * r;
        EACH(wide, {
            vec x[6];
            vec t[4];
            UNROLL for (int s = 0; s < 6; s++) x[s] = v_get(from + s * line + i, m);
            wino_outputs(x, t);
            for (int64_t s = 0; s < 4 && s < left; s++) {
                const int64_t at = (4 * r + s) * wide + i;
                v_put(y + at, finished(after, t[s] + b, at, m), m);
            }
        });
    }
}

INLINE void filter_pairs(const int pairs, int64_t n, const float *x, int64_t step,
                         const float (*g)[3], float *out, int64_t apart) {
    EACH(n, {
        const vec x0 = v_get(x + i, m);
        const vec x1 = v_get(x + step + i, m);
        const vec x2 = v_get(x + 2 * step + i, m);
        UNROLL for (int q = 0; q < pairs; q++) {
            const vec even = v_fma(v_set(g[q][2]), x2, v_set(g[q][0]) * x0);
            v_put(out + 2 * q * apart + i, v_fma(v_set(g[q][1]), x1, even), m);
            v_put(out + (2 * q + 1) * apart + i, v_fma(v_set(-g[q][1]), x1, even), m);
        }
    });
}

static void winograd_filter(int64_t n, const float *x, int64_t step, int pairs, const float (*g)[3],
                            float *out, int64_t apart) {
    if (pairs == 1)
        filter_pairs(1, n, x, step, g, out, apart);
    else
        filter_pairs(2, n, x, step, g, out, apart);
}

/* ------------------------------------------------------------------------- F(2x2, 3x3) --- */

INLINE void wino2_inputs(const vec d[4], vec t[4]) {
    t[0] = d[0] - d[2];
    t[1] = d[1] + d[2];
    t[2] = d[2] - d[1];
    t[3] = d[1] - d[3];
}

INLINE void wino2_outputs(const vec m[4], vec y[2]) {
    y[0] = m[0] + (m[1] + m[2]);
    y[1] = (m[1] - m[2]) - m[3];
}

/* Of stride 2. Results y0 = g0 x0 + g1 x1 + g2 x2 and y1 = g0 x2 + g1 x3 + g2 x4 are
       (g0 (x0 - x2) + g1 x1) + (g0 + g2) x2   and   (g0 + g2) x2 + (g2 (x4 - x2) + g1 x3),
   five products of six (Toom and Cook for the pixels at even places, with the points 0, 1 and
   infinity), in three sums, as those in brackets are one over all channels. */
INLINE void wino_step_inputs(const vec d[5], vec t[5]) {
    t[0] = d[0] - d[2];
    t[1] = d[1];
    t[2] = d[2];
    t[3] = d[4] - d[2];
    t[4] = d[3];
}

INLINE void wino_step_outputs(const vec m[3], vec y[2]) {
    y[0] = m[0] + m[1];
    y[1] = m[1] + m[2];
}

INLINE void wino2_columns(int64_t n, const float *x, int64_t ld, float *out, int64_t step) {
    EACH(n, {
        vec d[4];
        vec t[4];
        UNROLL for (int r = 0; r < 4; r++) d[r] = v_get(x + r * ld + i, m);
        wino2_inputs(d, t);
        UNROLL for (int r = 0; r < 4; r++) v_put(out + r * step + i, t[r], m);
    });
}

static void winograd2_in(int64_t rows, int64_t across, const float *x, int64_t ld, float *work,
                         float *out, int64_t step) {
    const int64_t tiles = rows * across, line = 2 * tiles + 2 * LANES;
    float *next = work + 4 * line;
    for (int64_t r = 0; r < rows; r++) {
        wino2_columns(2 * across, x + 2 * r * ld, ld, work + 2 * r * across, line);
        wino2_columns(2 * across, x + 2 * r * ld + 2, ld, next + 2 * r * across, line);
    }
    for (int r = 0; r < 4; r++) {
        float *to = out + 4 * r * step;
        EACH(tiles, {
            const vec a = v_load(work + r * line + 2 * i);
            const vec b = v_load(work + r * line + 2 * i + LANES);
            const vec e = v_load(next + r * line + 2 * i);
            const vec f = v_load(next + r * line + 2 * i + LANES);
            const vec d[4] = {v_even(a, b), v_odd(a, b), v_even(e, f), v_odd(e, f)};
            vec t[4];
            wino2_inputs(d, t);
            UNROLL for (int s = 0; s < 4; s++) v_put(to + s * step + i, t[s], m);
        });
    }
}

/* The two results of a row of `sums`, 4 or 3, which are stride 1's or stride 2's. */
INLINE void wino2_either(const int sums, const vec *m, vec y[2]) {
    if (sums == 4)
        wino2_outputs(m, y);
    else
        wino_step_outputs(m, y);
}

INLINE void wino2_out(const int sums, int64_t rows, int64_t across, const float *in, int64_t step,
                      float *work, float bias, const fv_gemm_after *after, float *y, int64_t high,
                      int64_t wide) {
    const int64_t tiles = rows * across, line = 2 * tiles + 2 * LANES;
    const vec b = v_set(bias);
    for (int r = 0; r < sums; r++) {
        const float *from = in + sums * r * step;
        EACH(tiles, {
            vec x[4];
            vec t[2];
            UNROLL for (int s = 0; s < sums; s++) x[s] = v_get(from + s * step + i, m);
            wino2_either(sums, x, t);
            v_store(work + r * line + 2 * i, v_zip_low(t[0], t[1]));
            v_store(work + r * line + 2 * i + LANES, v_zip_high(t[0], t[1]));
        });
    }
    for (int64_t r = 0; r < rows; r++) {
        const float *from = work + 2 * r * across;
        const int64_t left = high - 2 * r;
        EACH(wide, {
            vec x[4];
            vec t[2];
            UNROLL for (int s = 0; s < sums; s++) x[s] = v_get(from + s * line + i, m);
            wino2_either(sums, x, t);
            for (int64_t s = 0; s < 2 && s < left; s++) {
                const int64_t at = (2 * r + s) * wide + i;
                v_put(y + at, finished(after, t[s] + b, at, m), m);
            }
        });
    }
}

static void winograd2_out(int64_t rows, int64_t across, const float *in, int64_t step, float *work,
                          float bias, const fv_gemm_after *after, float *y, int64_t high,
                          int64_t wide) {
    wino2_out(4, rows, across, in, step, work, bias, after, y, high, wide);
}

/* Five rows of d, x apart in the frame; the columns of a row of tiles. */
INLINE void wino_step_columns(int64_t n, const float *x, int64_t ld, float *out, int64_t step) {
    EACH(n, {
        vec d[5];
        vec t[5];
        UNROLL for (int r = 0; r < 5; r++) d[r] = v_get(x + r * ld + i, m);
        wino_step_inputs(d, t);
        UNROLL for (int r = 0; r < 5; r++) v_put(out + r * step + i, t[r], m);
    });
}

/* A tile's fifth column is the next one's first, but for a row's last tile: as in winograd_in. */
static void winograd_step_in(int64_t rows, int64_t across, const float *x, int64_t ld, float *work,
                             float *out, int64_t step) {
    const int64_t tiles = rows * across, line = 4 * tiles + 4 * LANES;
    float *next = work + 5 * line;
    for (int64_t r = 0; r < rows; r++) {
        wino_step_columns(4 * across, x + 4 * r * ld, ld, work + 4 * r * across, line);
        wino_step_columns(4 * across, x + 4 * r * ld + 4, ld, next + 4 * r * across, line);
    }
    for (int r = 0; r < 5; r++) {
        float *to = out + 5 * r * step;
        EACH(tiles, {
            vec d[5];
            vec t[5];
            const float *beyond = next + r * line + 4 * i;
            wino_part(work + r * line + 4 * i, d);
            d[4] = v_even(v_even(v_load(beyond), v_load(beyond + LANES)),
                          v_even(v_load(beyond + 2 * LANES), v_load(beyond + 3 * LANES)));
            wino_step_inputs(d, t);
            UNROLL for (int s = 0; s < 5; s++) v_put(to + s * step + i, t[s], m);
        });
    }
}

static void winograd_step_out(int64_t rows, int64_t across, const float *in, int64_t step,
                              float *work, float bias, const fv_gemm_after *after, float *y,
                              int64_t high, int64_t wide) {
    wino2_out(3, rows, across, in, step, work, bias, after, y, high, wide);
}
