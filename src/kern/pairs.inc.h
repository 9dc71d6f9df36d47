/* SPDX-License-Identifier: MIT */
/*
 * pairs.inc.h - float32 into pairs of bfloat16, and what follows the products of such pairs: see
 * the cells of kern/table.h. The rounding is that of kern/bf16.h.
 */
#include "kern/bf16.h"

INLINE uvec bf16_round(uvec u) {
    const ivec size = (ivec)u & 0x7fffffff;
    const uvec nearest = u + 0x7fff + (u >> 16 & 1);
    const uvec last = (uvec)(size > 0x7f7f7fff), none = (uvec)(size > 0x7f800000) & 0x00400000;
    return ((last & (u | none)) | (~last & nearest)) & 0xffff0000;
}

/* m numbers of a row of a plane, of which column j of the frame is the first: lanes a to b-1 lie in
   it; the others are 0. */
INLINE vec half_part(const float *from, int64_t stride, int64_t a, int64_t b, int64_t m) {
    if (stride == 1) return a == 0 && b == LANES ? v_load(from) : v_load_range(from, a, b);
    if (a == 0 && b == m) return load_strided(from, stride, m);
    float t[LANES] = {0};
    for (int64_t i = a; i < b; i++) t[i] = from[i * stride];
    return v_load(t);
}

/* What comes before the convolution, in lanes a to b-1: the formula of affine_rows. */
INLINE vec half_before(const fv_pair_half *half, vec v, int64_t a, int64_t b) {
    static const float ones[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const vec of = v_set(half->of[0]), scale = v_set(half->of[half->channels]);
    v = v_fma(v - of, scale, v_set(half->of[2 * half->channels]));
    if (half->relu) v = v_max(v_zero(), v);
    if (a == 0 && b == LANES) return v;
    return v_float(v_bits(v) & (v_bits(v_load_range(ones, a, b)) != 0));
}

INLINE vec half_row(const fv_pair_half *half, const float *row, int64_t lo, int64_t hi,
                    int64_t stride, int64_t j, int64_t m) {
    const int64_t a = lo > j ? lo - j : 0, b = hi - j < m ? hi - j : m;
    if (!row || b <= a) return v_zero();
    const vec v = half_part(row + j * stride, stride, a, b, m);
    return half->of ? half_before(half, v, a, b) : v;
}

/* Which columns of the frame lie in the plane: [lo, hi). */
typedef struct half_columns {
    int64_t lo, hi;
} half_columns;

INLINE half_columns columns_of(const fv_pair_half *half, int64_t w, int64_t sw, int64_t pitch) {
    half_columns c = {half->col >= 0 ? 0 : (-half->col + sw - 1) / sw,
                      half->col >= w ? 0 : (w - 1 - half->col) / sw + 1};
    if (c.hi > pitch) c.hi = pitch;
    return c;
}

INLINE const float *row_of(const fv_pair_half *half, int64_t row, int64_t h, int64_t w) {
    return half->plane && row >= 0 && row < h ? half->plane + row * w + half->col : NULL;
}

/* ------------------------------------------------------------------- frames of words --- */

/* A vector of words: the first half of each is low in it. */
typedef struct pair_words {
    uvec hi, lo;
} pair_words;

/* Of numbers whose sizes are at most FV_BF16_LAST: most often all are, and the others' rules cost
   more than the rest. */
INLINE pair_words words_small(const bool SPLIT, vec v0, vec v1) {
    const uvec u0 = (uvec)v0, u1 = (uvec)v1;
    pair_words w;
    if (SPLIT) {
        const uvec h0 = (u0 + 0x8000) & 0xffff0000, h1 = (u1 + 0x8000) & 0xffff0000;
        const uvec l0 = (uvec)(v0 - (vec)h0) + 0x8000, l1 = (uvec)(v1 - (vec)h1) + 0x8000;
        w.hi = h0 >> 16 | h1;
        w.lo = l0 >> 16 | (l1 & 0xffff0000);
    } else {
        const uvec h0 = u0 + 0x7fff + (u0 >> 16 & 1), h1 = u1 + 0x7fff + (u1 >> 16 & 1);
        w.hi = h0 >> 16 | (h1 & 0xffff0000);
        w.lo = (uvec)v_zero();
    }
    return w;
}

/* fv__bf16_split of any number: its high part, and with that its low part. */
INLINE uvec split_high(vec v) {
    const uvec u = (uvec)v;
    const ivec size = (ivec)u & 0x7fffffff;
    const uvec last = (uvec)(size > FV_BF16_LAST), finite = (uvec)(size < 0x7f800000);
    return ((last & u) | (~last & (u + 0x8000))) & finite & 0xffff0000;
}
INLINE uvec split_low(vec v, uvec high) {
    const uvec finite = (uvec)(((ivec)v & 0x7fffffff) < 0x7f800000);
    const uvec rest = (uvec)(v - (vec)high) + 0x8000;
    return (finite & rest & 0xffff0000) | (~finite & bf16_round((uvec)v));
}

INLINE pair_words words_any(const bool SPLIT, vec v0, vec v1) {
    pair_words w = {.lo = (uvec)v_zero()};
    const uvec h0 = SPLIT ? split_high(v0) : bf16_round((uvec)v0);
    const uvec h1 = SPLIT ? split_high(v1) : bf16_round((uvec)v1);
    w.hi = h0 >> 16 | h1;
    if (SPLIT) w.lo = split_low(v0, h0) >> 16 | split_low(v1, h1);
    return w;
}

/* A frame, and where it comes from. */
typedef struct pack_job {
    const fv_pair_half *half; /* two of each pair */
    const half_columns *columns;
    bool plain; /* columns are the same for all, without gaps, and nothing is done to them */
    int depth;
    int64_t h, w, sh, sw, pitch;
} pack_job;

/* How numbers are read: whole vectors, lanes a to b-1 of them, or each half by its own rules. */
typedef enum pack_way { PACK_WHOLE, PACK_RANGE, PACK_EACH } pack_way;

INLINE vec pack_load(const pack_way WAY, const pack_job *p, int e, const float *row, int64_t i,
                     int64_t m) {
    const half_columns *c = &p->columns[e];
    if (WAY == PACK_WHOLE) return v_load(row + i);
    if (WAY == PACK_EACH) return half_row(&p->half[e], row, c->lo, c->hi, p->sw, i, m);
    return v_load_range(row + i, p->columns->lo > i ? p->columns->lo - i : 0,
                        p->columns->hi - i < m ? p->columns->hi - i : m);
}

/* The words of all pairs at m columns from i on, a row of LANES each. */
INLINE uvec pack_part(const pack_way WAY, const bool SPLIT, const bool ANY, const pack_job *p,
                      const float *const *row, int64_t i, int64_t m, float *hi, float *lo) {
    uvec beyond = (uvec)v_zero();
    for (int q = 0; q < p->depth; q++) {
        vec v[2];
        UNROLL for (int e = 0; e < 2; e++) {
            v[e] = pack_load(WAY, p, 2 * q + e, row[2 * q + e], i, m);
            beyond |= ((uvec)v[e] & 0x7fffffff) + (0x7fffffff - FV_BF16_LAST);
        }
        const pair_words w = ANY ? words_any(SPLIT, v[0], v[1]) : words_small(SPLIT, v[0], v[1]);
        v_put(hi + q * LANES, (vec)w.hi, m);
        if (SPLIT) v_put(lo + q * LANES, (vec)w.lo, m);
    }
    return beyond;
}

/* The words of a step's pairs at m columns, a row of LANES each, to where a column's lie together.
 */
static __attribute__((noinline)) void turn_words(const float *words, int64_t m, uint32_t *to) {
    float turned[FV_PAIRS_DEPTH * LANES] __attribute__((aligned(64)));
    float *out = m == LANES ? (float *)(void *)to : turned;
    for (int q = 0; q < FV_PAIRS_DEPTH; q += LANES)
        transpose_block(words + q * LANES, LANES, out + q, FV_PAIRS_DEPTH);
    for (int64_t j = 0; m < LANES && j < m * FV_PAIRS_DEPTH; j += LANES)
        v_store((float *)(void *)(to + j), v_load(turned + j));
}

/* Row r of a frame; whether it has numbers beyond FV_BF16_LAST, which are right with ANY alone. */
INLINE bool pack_row(const bool SPLIT, const bool ANY, const pack_job *p, int64_t r, uint32_t *hi,
                     uint32_t *lo) {
    const float *row[2 * FV_PAIRS_DEPTH];
    float words[2][FV_PAIRS_DEPTH * LANES] __attribute__((aligned(64)));
    const bool alone = p->depth == 1;
    const half_columns *c = p->columns;
    int none = 0;
    uvec beyond = (uvec)v_zero();
    for (int e = 0; e < 2 * p->depth; e++) {
        row[e] = row_of(&p->half[e], p->half[e].row + r * p->sh, p->h, p->w);
        none += !row[e];
    }
    const bool plain = !ANY && p->plain && none == 0;
    EACH(p->pitch, {
        float *to = alone ? (float *)(void *)(hi + i) : words[0];
        float *low = alone && SPLIT ? (float *)(void *)(lo + i) : words[1];
        if (plain && c->lo <= i && i + LANES <= c->hi)
            beyond |= pack_part(PACK_WHOLE, SPLIT, false, p, row, i, LANES, to, low);
        else if (plain && c->lo < i + m && i < c->hi)
            beyond |= pack_part(PACK_RANGE, SPLIT, false, p, row, i, m, to, low);
        else
            beyond |= pack_part(PACK_EACH, SPLIT, ANY, p, row, i, m, to, low);
        if (!alone) turn_words(words[0], m, hi + i * FV_PAIRS_DEPTH);
        if (!alone && SPLIT) turn_words(words[1], m, lo + i * FV_PAIRS_DEPTH);
    });
    uint32_t lane[LANES], all = 0;
    memcpy(lane, &beyond, sizeof lane);
    for (int i = 0; i < LANES; i++) all |= lane[i];
    return all >> 31;
}

INLINE void pack_rows(const bool SPLIT, const pack_job *p, int64_t rows, uint32_t *hi,
                      uint32_t *lo) {
    const size_t bytes = sizeof(uint32_t) * (size_t)(p->pitch * p->depth);
    for (int64_t r = 0; r < rows; r++) {
        const int64_t at = p->half->row + r * p->sh;
        if (p->plain && (at < 0 || at >= p->h)) {
            memset(hi, 0, bytes);
            if (SPLIT) memset(lo, 0, bytes);
        } else if (pack_row(SPLIT, false, p, r, hi, lo))
            pack_row(SPLIT, true, p, r, hi, lo);
        hi += p->pitch * p->depth;
        if (SPLIT) lo += p->pitch * p->depth;
    }
}

static void pairs_pack(int depth, const fv_pair_half *half, int64_t h, int64_t w, int64_t sh,
                       int64_t sw, int64_t rows, int64_t pitch, uint32_t *hi, uint32_t *lo) {
    half_columns columns[2 * FV_PAIRS_DEPTH];
    pack_job p = {half, columns, sw == 1, depth, h, w, sh, sw, pitch};
    for (int e = 0; e < 2 * depth; e++) {
        columns[e] = columns_of(&half[e], w, sw, pitch);
        if (half[e].of || half[e].row != half->row || half[e].col != half->col) p.plain = false;
    }
    if (lo)
        pack_rows(true, &p, rows, hi, lo);
    else
        pack_rows(false, &p, rows, hi, NULL);
}

/* ----------------------------------------------------------------- what follows the sums --- */

#define OUT_NEAR 32 /* columns: those of a block of tiles */

/* Sums of LANES filters in LANES columns, a vector a filter: lanes first to end-1 (WHOLE: all) of
   the first `filters` go to where lane 0 of the first belongs, and what is added to them lies.
   Unrolled, so that sums stay in registers. Where sums come fast, the places of the next block's
   are asked for. */
INLINE void out_lanes(const bool WHOLE, const fv_pairs_out *o, const vec *sum, int64_t filters,
                      const float *bias, int64_t first, int64_t end, float *to,
                      const float *added) {
    const bool bounded = o->after.bounded;
    const vec low = v_set(o->after.low), high = v_set(o->after.high);
    const int64_t plane = o->to_plane;
    UNROLL for (int r = 0; r < LANES; r++) {
        if (r < filters) {
            vec v = bias ? sum[r] + v_set(bias[r]) : sum[r];
            if (WHOLE && o->across) __builtin_prefetch(to + OUT_NEAR, 1);
            if (WHOLE && o->across && added) __builtin_prefetch(added + OUT_NEAR);
            if (added) v = v + (WHOLE ? v_load(added) : v_load_range(added, first, end));
            if (added) added += plane;
            if (bounded) v = v_min(high, v_max(low, v));
            if (WHOLE)
                v_store(to, v);
            else
                v_store_range(to, v, first, end);
            to += plane;
        }
    }
}

/* The same to all runs of vector v of 16 columns that have something of `cols` columns from column
   `at` of the vector on. */
INLINE void out_block(const fv_pairs_out *o, const vec *sum, int64_t filter, int64_t filters,
                      int64_t v, int64_t at, int64_t cols) {
    const float *bias = o->bias ? o->bias + filter : NULL;
    for (int32_t q = o->begin[v]; q < o->begin[v + 1]; q++) {
        const fv_pairs_run *run = &o->run[q];
        const int64_t first = run->col > at ? run->col - at : 0;
        int64_t end = run->col + run->count - at;
        end = end < LANES ? end : LANES;
        end = end < cols ? end : cols;
        if (first >= end) continue;
        const int64_t place = filter * o->to_plane + run->at + at - run->col;
        float *to = o->y + run->sample * o->y_step + place;
        const float *added = o->after.added;
        if (added) added += run->sample * o->added_step + place;
        if (first == 0 && end == LANES)
            out_lanes(true, o, sum, filters, bias, first, end, to, added);
        else
            out_lanes(false, o, sum, filters, bias, first, end, to, added);
    }
}

static void pairs_out(const fv_pairs_out *o, int64_t rows, int64_t first, int64_t cols,
                      const float *c, int64_t ldc) {
    for (int64_t j = 0; j < cols; j += LANES)
        for (int64_t r = 0; r < rows; r += LANES) {
            const int64_t filters = rows - r < LANES ? rows - r : LANES;
            vec sum[LANES];
            if (o->across) {
                UNROLL for (int i = 0; i < LANES; i++) sum[i] = v_load(c + (j + i) * ldc + r);
                turn_block(sum);
            } else
                for (int64_t i = 0; i < filters; i++) sum[i] = v_load(c + (r + i) * ldc + j);
            out_block(o, sum, r, filters, (first + j) / 16, (first + j) % 16, cols - j);
        }
}

/* Vector i of a row of bfloat16; m of its lanes are there. */
INLINE vec v_halves(const uint16_t *x, int64_t m) {
    uint16_t __attribute__((vector_size(LANES * 2))) half = {0};
    if (m == LANES)
        memcpy(&half, x, sizeof half);
    else
        for (int64_t i = 0; i < m; i++) half[i] = x[i];
    return (vec)(__builtin_convertvector(half, uvec) << 16);
}

/* R rows of a against C rows of b; what c holds, or the bias, comes on top. */
INLINE void halves_tile(const int R, const int C, int64_t k, const float *a, int64_t lda,
                        const uint16_t *b, int64_t ldb, float *c, int64_t ldc, const float *bias,
                        bool add) {
    vec acc[DR * DC];
    UNROLL for (int t = 0; t < R * C; t++) acc[t] = v_zero();
    EACH(k, {
        vec x[DR];
        UNROLL for (int r = 0; r < R; r++) x[r] = v_get(a + r * lda + i, m);
        UNROLL for (int j = 0; j < C; j++) {
            const vec y = v_halves(b + j * ldb + i, m);
            UNROLL for (int r = 0; r < R; r++) acc[r * C + j] = v_fma(x[r], y, acc[r * C + j]);
        }
    });
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int j = 0; j < C; j++) {
            float *to = c + r * ldc + j;
            *to = v_sum(acc[r * C + j]) + (add ? *to : bias ? bias[j] : 0);
        }
    }
}

static void dot_halves(int64_t rows, int64_t cols, int64_t k, const float *a, int64_t lda,
                       const uint16_t *b, int64_t ldb, float *c, int64_t ldc, const float *bias,
                       bool add) {
    for (int64_t j = 0; j < cols;) {
        const bool wide = j + DC <= cols;
        const uint16_t *from = b + j * ldb;
        const float *of = bias ? bias + j : NULL;
        int64_t r = 0;
        for (; wide && r + DR <= rows; r += DR)
            halves_tile(DR, DC, k, a + r * lda, lda, from, ldb, c + r * ldc + j, ldc, of, add);
        for (; r < rows; r++)
            if (wide)
                halves_tile(1, DC, k, a + r * lda, lda, from, ldb, c + r * ldc + j, ldc, of, add);
            else
                halves_tile(1, 1, k, a + r * lda, lda, from, ldb, c + r * ldc + j, ldc, of, add);
        j += wide ? DC : 1;
    }
}
