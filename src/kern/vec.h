/* SPDX-License-Identifier: MIT */
/*
 * vec.h - a small vector of floats, as wide as the instruction set of the file that includes it.
 *
 * GCC's and Clang's vector extensions give arithmetic; the few things they lack (fused
 * multiply-add, masked loads, selection) are intrinsics where the instruction set has them and
 * plain loops where not. Before including this a file defines FV_LEVEL: 0 baseline (4 floats: SSE2,
 * NEON, WebAssembly or whatever the compiler makes of it), 1 AVX2 + FMA (8), 2 AVX-512 (16).
 */
#ifndef FV_KERN_VEC_H
#define FV_KERN_VEC_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifndef FV_LEVEL
#error "define FV_LEVEL before kern/vec.h"
#endif

#if FV_LEVEL == 2
#if !defined(__AVX512F__) || !defined(__AVX512DQ__) || !defined(__AVX512VL__) ||                   \
    !defined(__AVX512BW__) || !defined(__FMA__)
#error "compile this file with -mavx512f -mavx512dq -mavx512vl -mavx512bw -mavx2 -mfma"
#endif
#define LANES 16
#elif FV_LEVEL == 1
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile this file with -mavx2 -mfma"
#endif
#define LANES 8
#else
#define LANES 4
#endif

#if FV_LEVEL > 0
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline, unused))
/* For a short loop that would drown among the others of its caller: no register is left for what it
   needs in every round. */
#define APART static __attribute__((noinline, unused))
/* A loop over registers: always unrolled, so that its array lives in registers. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#pragma clang diagnostic ignored "-Wpass-failed" /* without optimisation it does not */
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));
typedef uint32_t uvec __attribute__((vector_size(LANES * 4))); /* sums may wrap */
typedef float vec_at __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t ivec_at __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

INLINE vec v_load(const float *p) {
    return *(const vec_at *)p;
}
/* The same in a register: compilers that see several uses of a load like to load several times. */
INLINE vec v_keep(vec a) {
#if FV_LEVEL == 2
    __asm__("" : "+v"(a));
#elif FV_LEVEL == 1
    __asm__("" : "+x"(a));
#endif
    return a;
}
INLINE void v_store(float *p, vec v) {
    *(vec_at *)p = v;
}
INLINE ivec v_bits(vec v) {
    return (ivec)v;
}
INLINE vec v_float(ivec v) {
    return (vec)v;
}

INLINE vec v_set(float x) {
#if FV_LEVEL == 2
    return _mm512_set1_ps(x);
#elif FV_LEVEL == 1
    return _mm256_set1_ps(x);
#else
    return (vec){x, x, x, x};
#endif
}

INLINE vec v_zero(void) {
    return (vec){0};
}

/* The first n lanes (1 … LANES); the others read as 0 and are not touched in memory. */
INLINE vec v_load_part(const float *p, int64_t n) {
#if FV_LEVEL == 2
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif FV_LEVEL == 1
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane));
#else
    float t[LANES] = {0};
    for (int64_t i = 0; i < n && i < LANES; i++) t[i] = p[i];
    return v_load(t);
#endif
}

INLINE void v_store_part(float *p, vec v, int64_t n) {
#if FV_LEVEL == 2
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
#elif FV_LEVEL == 1
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_maskstore_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane), v);
#else
    float t[LANES];
    v_store(t, v);
    for (int64_t i = 0; i < n && i < LANES; i++) p[i] = t[i];
#endif
}

/* Lanes first … end-1 of the LANES floats at p; the others read as 0 and are not touched. */
INLINE vec v_load_range(const float *p, int64_t first, int64_t end) {
#if FV_LEVEL == 2
    return _mm512_maskz_loadu_ps((__mmask16)((1u << end) - (1u << first)), p);
#elif FV_LEVEL == 1
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(
        p, _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)first), lane),
                               _mm256_cmpgt_epi32(_mm256_set1_epi32((int)end), lane)));
#else
    float t[LANES] = {0};
    for (int64_t i = first; i < end && i < LANES; i++) t[i] = p[i];
    return v_load(t);
#endif
}

#if FV_LEVEL == 2
/* The lanes whose bits are set; the others read as 0 and are not touched. */
INLINE vec v_load_lanes(const float *p, __mmask16 lanes) {
    return _mm512_maskz_loadu_ps(lanes, p);
}
INLINE void v_store_lanes(float *p, vec v, __mmask16 lanes) {
    _mm512_mask_storeu_ps(p, lanes, v);
}
#endif

/* Lanes first … end-1 go to where they belong among the LANES floats at p; the others there are not
   touched. */
INLINE void v_store_range(float *p, vec v, int64_t first, int64_t end) {
#if FV_LEVEL == 2
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << end) - (1u << first)), v);
#elif FV_LEVEL == 1
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_maskstore_ps(p,
                        _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)first), lane),
                                            _mm256_cmpgt_epi32(_mm256_set1_epi32((int)end), lane)),
                        v);
#else
    float t[LANES];
    v_store(t, v);
    for (int64_t i = first; i < end && i < LANES; i++) p[i] = t[i];
#endif
}

/* a * b + c; rounded once where the instruction set has it. */
INLINE vec v_fma(vec a, vec b, vec c) {
#if FV_LEVEL == 2
    return _mm512_fmadd_ps(a, b, c);
#elif FV_LEVEL == 1
    return _mm256_fmadd_ps(a, b, c);
#elif defined(__ARM_NEON) && defined(__aarch64__)
    return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}

/* a > b ? x : y, lane by lane (false where a lane is not a number). */
INLINE vec v_where_gt(vec a, vec b, vec x, vec y) {
#if FV_LEVEL == 2
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), y, x);
#elif FV_LEVEL == 1
    return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_GT_OQ));
#else
    ivec m = a > b;
    return v_float((m & v_bits(x)) | (~m & v_bits(y)));
#endif
}

/* The same, and x too where a is not a number. */
INLINE vec v_where_wins(vec a, vec b, vec x, vec y) {
#if FV_LEVEL == 2
    return _mm512_mask_blend_ps(
        _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) | _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), y, x);
#elif FV_LEVEL == 1
    return _mm256_blendv_ps(
        y, x, _mm256_or_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ), _mm256_cmp_ps(a, a, _CMP_UNORD_Q)));
#else
    ivec m = (a > b) | (a != a);
    return v_float((m & v_bits(x)) | (~m & v_bits(y)));
#endif
}

/* a > b ? a : b: the second one where either is not a number. */
INLINE vec v_max(vec a, vec b) {
#if FV_LEVEL == 2
    return _mm512_max_ps(a, b);
#elif FV_LEVEL == 1
    return _mm256_max_ps(a, b);
#elif defined(__SSE2__)
    return _mm_max_ps(a, b);
#else
    return v_where_gt(a, b, a, b);
#endif
}

INLINE vec v_min(vec a, vec b) {
#if FV_LEVEL == 2
    return _mm512_min_ps(a, b);
#elif FV_LEVEL == 1
    return _mm256_min_ps(a, b);
#elif defined(__SSE2__)
    return _mm_min_ps(a, b);
#else
    return v_where_gt(b, a, a, b);
#endif
}

/* ---------------------------------------------------------------------- shorter vectors --- */

/* Half as long, or of four lanes. */
#define SHORT (LANES > 4 ? LANES / 2 : LANES)
typedef float short_vec __attribute__((vector_size(SHORT * 4)));
typedef float short_at __attribute__((vector_size(SHORT * 4), aligned(4), may_alias));

INLINE short_vec s_load(const float *p) {
    return *(const short_at *)p;
}

#if FV_LEVEL == 2
#define s_set(x)       _mm256_set1_ps(x)
#define s_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define s_max(a, b)    _mm256_max_ps(a, b)
#define s_min(a, b)    _mm256_min_ps(a, b)
#elif FV_LEVEL == 1
#define s_set(x)       _mm_set1_ps(x)
#define s_fma(a, b, c) _mm_fmadd_ps(a, b, c)
#define s_max(a, b)    _mm_max_ps(a, b)
#define s_min(a, b)    _mm_min_ps(a, b)
#else
#define s_set(x)       v_set(x)
#define s_fma(a, b, c) v_fma(a, b, c)
#define s_max(a, b)    v_max(a, b)
#define s_min(a, b)    v_min(a, b)
#endif

/* ------------------------------------------------------------------------------- the rest --- */

INLINE vec v_sqrt(vec a) {
#if FV_LEVEL == 2
    return _mm512_sqrt_ps(a);
#elif FV_LEVEL == 1
    return _mm256_sqrt_ps(a);
#elif defined(__SSE2__)
    return _mm_sqrt_ps(a);
#elif defined(__ARM_NEON) && defined(__aarch64__)
    return (vec)vsqrtq_f32((float32x4_t)a);
#else
    vec r;
    for (int i = 0; i < LANES; i++) r[i] = __builtin_sqrtf(a[i]);
    return r;
#endif
}

INLINE vec v_abs(vec a) {
    return v_float(v_bits(a) & 0x7fffffff);
}

/* The sum and the largest of the lanes, always in the same order. */
INLINE float v_sum(vec a) {
#if FV_LEVEL == 2
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
#elif FV_LEVEL == 1
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
#endif
#if FV_LEVEL > 0
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_shuffle_ps(q, q, 1)));
#else
    return (a[0] + a[2]) + (a[1] + a[3]);
#endif
}

INLINE float v_largest(vec a) {
    float t[LANES], m;
    v_store(t, a);
    m = t[0];
    for (int i = 1; i < LANES; i++) m = t[i] > m ? t[i] : m;
    return m;
}

/* Every second float of two neighbouring vectors: the even ones, the odd ones. */
#if LANES == 16
#define V_EVENS 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define V_ODDS  1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#elif LANES == 8
#define V_EVENS 0, 2, 4, 6, 8, 10, 12, 14
#define V_ODDS  1, 3, 5, 7, 9, 11, 13, 15
#else
#define V_EVENS 0, 2, 4, 6
#define V_ODDS  1, 3, 5, 7
#endif
INLINE vec v_even(vec a, vec b) {
    return __builtin_shufflevector(a, b, V_EVENS);
}
INLINE vec v_odd(vec a, vec b) {
    return __builtin_shufflevector(a, b, V_ODDS);
}

#if LANES == 16
/* Every second float from the s-th on (0 … 4); beyond b it is any. */
INLINE vec v_seconds(const int s, vec a, vec b) {
    ivec i = {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30};
    return _mm512_permutex2var_ps(a, (__m512i)(i + s), b);
}
#endif

/* Their inverse: the lanes of a and b in turn; the first half of them, the second half. */
#if LANES == 16
#define V_LOWS  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define V_HIGHS 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif LANES == 8
#define V_LOWS  0, 8, 1, 9, 2, 10, 3, 11
#define V_HIGHS 4, 12, 5, 13, 6, 14, 7, 15
#else
#define V_LOWS  0, 4, 1, 5
#define V_HIGHS 2, 6, 3, 7
#endif
INLINE vec v_zip_low(vec a, vec b) {
    return __builtin_shufflevector(a, b, V_LOWS);
}
INLINE vec v_zip_high(vec a, vec b) {
    return __builtin_shufflevector(a, b, V_HIGHS);
}

/* Whole or part, decided where m is a constant. */
INLINE vec v_get(const float *p, int64_t m) {
    return m == LANES ? v_load(p) : v_load_part(p, m);
}
INLINE void v_put(float *p, vec v, int64_t m) {
    if (m == LANES)
        v_store(p, v);
    else
        v_store_part(p, v, m);
}

/* Runs the statements for i = 0, LANES, … with m lanes each: LANES, and what is left at the end. */
#define EACH(n, ...)                                                                               \
    do {                                                                                           \
        int64_t i = 0;                                                                             \
        for (; i + LANES <= (n); i += LANES) {                                                     \
            const int64_t m = LANES;                                                               \
            (void)m;                                                                               \
            __VA_ARGS__                                                                            \
        }                                                                                          \
        if (i < (n)) {                                                                             \
            const int64_t m = (n)-i;                                                               \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    } while (0)

#endif
