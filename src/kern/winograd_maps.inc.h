/* SPDX-License-Identifier: MIT */
/*
 * winograd_maps.inc.h - the transforms of winograd.inc.h on whole rows of maps, read and written
 * where they lie.
 *
 * Four vectors of pixels are LANES tiles, of one row of tiles or of several, of one sample or of
 * several: maps of 8x8 pixels fill the lanes as large ones do, and none is copied into a frame.
 * With one column of padding a tile's six columns are its own four, which the four vectors'
 * shuffles part, its left neighbour's last and its right one's first; what lies beyond a row's ends
 * is zero.
 *
 * In the vectors a row of tiles takes `wide` lanes, a power of two; outside they follow one another
 * without gaps. fv_winograd_maps says which lane goes where.
 */
#if LANES >= 8

/* Lane i of a's lane at[i], or 0 where that is negative. */
INLINE vec v_pick(vec a, ivec at) {
#if FV_LEVEL == 2
    return _mm512_maskz_permutexvar_ps(_mm512_cmpge_epi32_mask((__m512i)at, _mm512_setzero_si512()),
                                       (__m512i)at, a);
#else
    return _mm256_and_ps(_mm256_permutevar8x32_ps(a, (__m256i)at), (vec)(at >= 0));
#endif
}

INLINE vec v_upper_half(vec a) {
#if FV_LEVEL == 2
    return _mm512_shuffle_f32x4(a, a, 0xee);
#else
    return _mm256_permute2f128_ps(a, a, 0x11);
#endif
}

/* The lanes of `low` below the half, above it those of the floats that p's half would have there.
 */
INLINE vec v_load_upper(vec low, const float *p, int64_t n) {
    return v_float(v_bits(low) | v_bits(v_load_range(p - LANES / 2, LANES / 2, LANES / 2 + n)));
}

/* A row of tiles: its sample's plane, and the pixel that its first row of numbers is. */
typedef struct maps_row {
    const float *plane;
    int64_t sample, row;
} maps_row;

/* The rows of tiles of a group, `side` pixels high, of which `some` are there; the others are below
   the map. */
INLINE void maps_rows_of(const int side, const fv_winograd_maps *g, int64_t line, int64_t some,
                         int64_t top, const float *x, maps_row *out) {
    int64_t sample = line / g->high, row = line % g->high;
    for (int64_t j = 0; j < LANES / g->wide; j++) {
        out[j] = (maps_row){x + sample * g->apart, sample, j < some ? side * row - top : g->h};
        if (++row == g->high) row = 0, sample++;
    }
}

INLINE void maps_rows(const fv_winograd_maps *g, int64_t line, int64_t some, int64_t top,
                      const float *x, maps_row *out) {
    maps_rows_of(4, g, line, some, top, x, out);
}

/* Row r of LANES columns from `col` on; if `ask`, the same of the plane that is wanted next comes
   nearer. */
INLINE vec maps_pixels(const bool ask, const fv_winograd_maps *g, const maps_row *from, int64_t r,
                       int64_t col, int64_t n) {
    const int64_t row = from->row + r;
    if (row < 0 || row >= g->h) return v_zero();
    const float *x = from->plane + row * g->w + col;
    if (ask) __builtin_prefetch(x + g->soon, 0, 2);
    return v_get(x, n);
}

/* Of the rows that neighbours see as well four are asked for. */
#define FOUR(r) (count == 4 || ((r) > 0 && (r) < 5))

/* Rows 0 ... count-1 of what vector v of a group is of: a part of a row of tiles, or two. */
INLINE void maps_vector(const int count, const fv_winograd_maps *g, const maps_row *of, int v,
                        vec *d) {
    if (g->wide < LANES / 4) {
        const int64_t n = g->w < LANES / 2 ? g->w : LANES / 2;
        const maps_row *a = of + 2 * v, *b = a + 1;
        UNROLL for (int r = 0; r < count; r++) {
            const int64_t row = b->row + r;
            d[r] = maps_pixels(FOUR(r), g, a, r, 0, n);
            if (row >= 0 && row < g->h) d[r] = v_load_upper(d[r], b->plane + row * g->w, n);
        }
        return;
    }
    const int64_t each = g->wide / (LANES / 4), col = v % each * LANES;
    const maps_row *from = of + v / each;
    if (g->w - col >= LANES) {
        UNROLL for (int r = 0; r < count; r++) d[r] = maps_pixels(FOUR(r), g, from, r, col, LANES);
    } else {
        const int64_t n = g->w > col ? g->w - col : 0;
        UNROLL for (int r = 0; r < count; r++) d[r] = maps_pixels(FOUR(r), g, from, r, col, n);
    }
}

/* What a group's rows became, down the columns: six rows of four vectors. */
typedef float maps_work[6][4 * LANES] __attribute__((aligned(4 * LANES)));

INLINE int64_t maps_least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Along the rows; n tiles. LANES of them leave no gaps. */
INLINE void maps_in_across(const fv_winograd_maps *g, maps_work work, float *out, int64_t step,
                           const int64_t n) {
    const ivec own = *(const ivec_at *)g->own, left = *(const ivec_at *)g->left,
               right = *(const ivec_at *)g->right;
    for (int r = 0; r < 6; r++, out += 6 * step) {
        vec d[6];
        vec t[6];
        wino_part(work[r], d + 1);
        d[0] = v_pick(d[4], left);
        d[5] = v_pick(d[1], right);
        if (n < LANES) {
            UNROLL for (int s = 1; s < 5; s++) d[s] = v_pick(d[s], own);
        }
        wino_inputs(d, t);
        UNROLL for (int s = 0; s < 6; s++) v_put(out + s * step, t[s], n);
    }
}

INLINE void maps_dy_across(const fv_winograd_maps *g, maps_work work, float *out, int64_t step,
                           const int64_t n) {
    const ivec own = *(const ivec_at *)g->own;
    for (int r = 0; r < 6; r++, out += 6 * step) {
        vec d[4];
        vec t[6];
        wino_part(work[r], d);
        if (n < LANES) {
            UNROLL for (int s = 0; s < 4; s++) d[s] = v_pick(d[s], own);
        }
        wino_spread(d, t);
        UNROLL for (int s = 0; s < 6; s++) v_put(out + s * step, t[s], n);
    }
}

INLINE void maps_out_across(const fv_winograd_maps *g, const float *in, int64_t step,
                            maps_work work, const int64_t n) {
    const ivec spread = *(const ivec_at *)g->spread;
    for (int r = 0; r < 6; r++, in += 6 * step) {
        vec m[6];
        vec t[4];
        UNROLL for (int s = 0; s < 6; s++) m[s] = v_get(in + s * step, n);
        wino_outputs(m, t);
        if (n < LANES) {
            UNROLL for (int s = 0; s < 4; s++) t[s] = v_pick(t[s], spread);
        }
        wino_join(t, work[r]);
    }
}

static void winograd_maps_in(const fv_winograd_maps *g, int64_t line, int64_t lines, const float *x,
                             float *out, int64_t step) {
    const int64_t together = LANES / g->wide;
    maps_work work;
    maps_row of[LANES];
    for (int64_t at = 0; at < lines; at += together) {
        const int64_t some = maps_least(together, lines - at), n = some * g->across;
        maps_rows(g, line + at, some, g->top, x, of);
        for (int v = 0; v < 4; v++) {
            vec d[6];
            vec t[6];
            maps_vector(6, g, of, v, d);
            wino_inputs(d, t);
            UNROLL for (int r = 0; r < 6; r++) v_store(work[r] + v * LANES, t[r]);
        }
        float *to = out + at * g->across;
        if (n == LANES)
            maps_in_across(g, work, to, step, LANES);
        else
            maps_in_across(g, work, to, step, n);
    }
}

static void winograd_maps_dy(const fv_winograd_maps *g, int64_t line, int64_t lines, const float *y,
                             float *out, int64_t step) {
    const int64_t together = LANES / g->wide;
    maps_work work;
    maps_row of[LANES];
    for (int64_t at = 0; at < lines; at += together) {
        const int64_t some = maps_least(together, lines - at), n = some * g->across;
        maps_rows(g, line + at, some, 0, y, of);
        for (int v = 0; v < 4; v++) {
            vec d[4];
            vec t[6];
            maps_vector(4, g, of, v, d);
            wino_spread(d, t);
            UNROLL for (int r = 0; r < 6; r++) v_store(work[r] + v * LANES, t[r]);
        }
        float *to = out + at * g->across;
        if (n == LANES)
            maps_dy_across(g, work, to, step, LANES);
        else
            maps_dy_across(g, work, to, step, n);
    }
}

/* Of stride 2: five columns of a tile, of which the first is its left neighbour's last. */
INLINE void maps_step_across(const fv_winograd_maps *g, maps_work work, float *out, int64_t step,
                             const int64_t n) {
    const ivec own = *(const ivec_at *)g->own, left = *(const ivec_at *)g->left;
    for (int r = 0; r < 5; r++, out += 5 * step) {
        vec d[5];
        vec t[5];
        wino_part(work[r], d + 1);
        d[0] = v_pick(d[4], left);
        if (n < LANES) {
            UNROLL for (int s = 1; s < 5; s++) d[s] = v_pick(d[s], own);
        }
        wino_step_inputs(d, t);
        UNROLL for (int s = 0; s < 5; s++) v_put(out + s * step, t[s], n);
    }
}

static void winograd_maps_step_in(const fv_winograd_maps *g, int64_t line, int64_t lines,
                                  const float *x, float *out, int64_t step) {
    const int64_t together = LANES / g->wide;
    maps_work work;
    maps_row of[LANES];
    for (int64_t at = 0; at < lines; at += together) {
        const int64_t some = maps_least(together, lines - at), n = some * g->across;
        maps_rows(g, line + at, some, g->top, x, of);
        for (int v = 0; v < 4; v++) {
            vec d[5];
            vec t[5];
            maps_vector(5, g, of, v, d);
            wino_step_inputs(d, t);
            UNROLL for (int r = 0; r < 5; r++) v_store(work[r] + v * LANES, t[r]);
        }
        float *to = out + at * g->across;
        if (n == LANES)
            maps_step_across(g, work, to, step, LANES);
        else
            maps_step_across(g, work, to, step, n);
    }
}

/* Tiles of 2x2 results: two vectors of pixels are LANES of them, two rows of each. The numbers are
   y[0], y[0] + y[1], y[1], along either side. */
static void winograd_maps_step_dy(const fv_winograd_maps *g, int64_t line, int64_t lines,
                                  const float *y, float *out, int64_t step) {
    const int64_t together = LANES / g->wide, half = LANES / 2;
    const ivec own = *(const ivec_at *)g->own;
    maps_row of[LANES];
    for (int64_t at = 0; at < lines; at += together) {
        const int64_t some = maps_least(together, lines - at), n = some * g->across;
        float *to = out + at * g->across;
        vec rows[3][2];
        maps_rows_of(2, g, line + at, some, 0, y, of);
        for (int v = 0; v < 2; v++) {
            const bool two = g->wide < half;
            const int64_t each = two ? 1 : g->wide / half, col = two ? 0 : v % each * LANES;
            const maps_row *from = two ? of + 2 * v : of + v / each;
            const int64_t room = two ? half : LANES, left = g->w > col ? g->w - col : 0;
            const int64_t wanted = maps_least(room, left);
            UNROLL for (int r = 0; r < 2; r++) {
                rows[2 * r][v] = maps_pixels(true, g, from, r, col, wanted);
                const int64_t row = from[1].row + r;
                if (two && row < g->h)
                    rows[2 * r][v] =
                        v_load_upper(rows[2 * r][v], from[1].plane + row * g->w, wanted);
            }
            rows[1][v] = rows[0][v] + rows[2][v];
        }
        for (int r = 0; r < 3; r++) {
            vec even = v_even(rows[r][0], rows[r][1]), odd = v_odd(rows[r][0], rows[r][1]);
            if (n < LANES) even = v_pick(even, own), odd = v_pick(odd, own);
            v_put(to + 3 * r * step, even, n);
            v_put(to + (3 * r + 1) * step, even + odd, n);
            v_put(to + (3 * r + 2) * step, odd, n);
        }
    }
}

/* Four rows of results of n columns from `col` on, those of them that the map has. */
INLINE void maps_results(const fv_winograd_maps *g, const maps_row *to, int64_t col, int64_t n,
                         const vec y[4], vec bias, const fv_gemm_after *after,
                         int64_t added_apart) {
    const int64_t left = g->h - to->row;
    fv_gemm_after here = *after;
    if (here.added) here.added += to->sample * added_apart;
    UNROLL for (int s = 0; s < 4; s++) {
        if (s >= left) break;
        const int64_t at = (to->row + s) * g->w + col;
        __builtin_prefetch(to->plane + at + g->soon, 1, 2);
        v_put((float *)to->plane + at, finished(&here, y[s] + bias, at, n), n);
    }
}

static void winograd_maps_out(const fv_winograd_maps *g, int64_t line, int64_t lines,
                              const float *in, int64_t step, float bias, const fv_gemm_after *after,
                              int64_t added_apart, float *y) {
    const int64_t together = LANES / g->wide;
    const bool two = g->wide < LANES / 4;
    const vec b = v_set(bias);
    maps_work work;
    maps_row of[LANES];
    for (int64_t at = 0; at < lines; at += together) {
        const int64_t some = maps_least(together, lines - at), n = some * g->across;
        maps_rows(g, line + at, some, 0, y, of);
        const float *from = in + at * g->across;
        if (n == LANES)
            maps_out_across(g, from, step, work, LANES);
        else
            maps_out_across(g, from, step, work, n);
        for (int v = 0; v < 4; v++) {
            vec m[6];
            vec t[4];
            UNROLL for (int r = 0; r < 6; r++) m[r] = v_load(work[r] + v * LANES);
            wino_outputs(m, t);
            if (two) {
                const int64_t half = maps_least(g->w, LANES / 2);
                maps_results(g, of + 2 * v, 0, half, t, b, after, added_apart);
                UNROLL for (int s = 0; s < 4; s++) t[s] = v_upper_half(t[s]);
                maps_results(g, of + 2 * v + 1, 0, half, t, b, after, added_apart);
                continue;
            }
            const int64_t each = g->wide / (LANES / 4), col = v % each * LANES;
            if (g->w > col)
                maps_results(g, of + v / each, col, maps_least(LANES, g->w - col), t, b, after,
                             added_apart);
        }
    }
}

#endif
