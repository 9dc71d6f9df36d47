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

static void pairs_pack(const fv_pair_half half[2], int64_t h, int64_t w, int64_t sh, int64_t sw,
                       int64_t rows, int64_t pitch, uint32_t *hi, uint32_t *lo) {
    const half_columns c0 = columns_of(&half[0], w, sw, pitch);
    const half_columns c1 = columns_of(&half[1], w, sw, pitch);
    for (int64_t i = 0; i < rows; i++) {
        const float *x0 = row_of(&half[0], half[0].row + i * sh, h, w);
        const float *x1 = row_of(&half[1], half[1].row + i * sh, h, w);
        float *to_hi = (float *)(void *)(hi + i * pitch);
        float *to_lo = (float *)(void *)(lo + (lo ? i * pitch : 0));
        EACH(pitch, {
            const vec v0 = half_row(&half[0], x0, c0.lo, c0.hi, sw, i, m);
            const vec v1 = half_row(&half[1], x1, c1.lo, c1.hi, sw, i, m);
            uvec h0 = bf16_round((uvec)v0), h1 = bf16_round((uvec)v1);
            if (lo) {
                h0 &= (uvec)(((ivec)v0 & 0x7fffffff) < 0x7f800000);
                h1 &= (uvec)(((ivec)v1 & 0x7fffffff) < 0x7f800000);
                const uvec l0 = bf16_round((uvec)(v0 - (vec)h0));
                const uvec l1 = bf16_round((uvec)(v1 - (vec)h1));
                v_put(to_lo + i, (vec)(l0 >> 16 | l1), m);
            }
            v_put(to_hi + i, (vec)(h0 >> 16 | h1), m);
        });
    }
}

static void pairs_out(int64_t rows, int64_t n, const float *x, int64_t ldx, float bias,
                      const fv_gemm_after *after, float *y, int64_t ldy) {
    const vec b = v_set(bias);
    for (int64_t r = 0; r < rows; r++) {
        const float *from = x + r * ldx;
        float *to = y + r * ldy;
        const int64_t at = r * ldy;
        EACH(n, v_put(to + i, finished(after, v_get(from + i, m) + b, at + i, m), m););
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
