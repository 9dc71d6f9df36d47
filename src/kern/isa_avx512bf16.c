/* SPDX-License-Identifier: MIT */
/*
 * The kernels for AVX-512 with bfloat16, over those for AVX-512: products of bf16 pairs by
 * VDPBF16PS, 16 at a time.
 */
#include "kern/dot_form.h"

#ifdef FV_HAVE_X86

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bf16")))
#define INLINE static inline __attribute__((always_inline)) TARGET
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#pragma clang diagnostic ignored "-Wpass-failed" /* without optimisation it does not */
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* All rows by V vectors of columns. */
INLINE void dots(const int V, int64_t steps, const uint32_t *a, const uint32_t *b,
                 const int32_t *off, float *c, int64_t ldc) {
    __m512 sum[FV_DOT_ROWS * 3];
    UNROLL for (int i = 0; i < FV_DOT_ROWS * V; i++) sum[i] = _mm512_setzero_ps();
    for (int64_t s = 0; s < steps; s++, a += FV_DOT_ROWS) {
        __m512i x[3];
        UNROLL for (int v = 0; v < V; v++) x[v] = _mm512_loadu_si512(b + off[s] + 16 * v);
        UNROLL for (int r = 0; r < FV_DOT_ROWS; r++) {
            const __m512i w = _mm512_set1_epi32((int)a[r]);
            UNROLL for (int v = 0; v < V; v++) sum[r * V + v] =
                _mm512_dpbf16_ps(sum[r * V + v], (__m512bh)x[v], (__m512bh)w);
        }
    }
    UNROLL for (int r = 0; r < FV_DOT_ROWS; r++) {
        UNROLL for (int v = 0; v < V; v++) _mm512_storeu_ps(c + r * ldc + 16 * v, sum[r * V + v]);
    }
}

static TARGET void pairs(const fv_pairs_product *p, const fv_pairs_out *out) {
    float c[FV_DOT_ROWS * 48] __attribute__((aligned(64)));
    for (int64_t j = 0; j < p->cols; j += 48) {
        const int64_t cols = p->cols - j < 48 ? p->cols - j : 48;
        if (cols > 32)
            dots(3, p->steps, p->a_hi, p->b_hi + j, p->off, c, 48);
        else if (cols > 16)
            dots(2, p->steps, p->a_hi, p->b_hi + j, p->off, c, 48);
        else
            dots(1, p->steps, p->a_hi, p->b_hi + j, p->off, c, 48);
        out->done(out, p->rows, j, cols, c, 48);
    }
}

void fv__fill_avx512bf16(fv_kernels *kernels);
void fv__fill_avx512bf16(fv_kernels *kernels) {
    kernels->pairs = pairs;
    kernels->form = fv__dot_form;
}

#else
typedef int fv_no_avx512bf16; /* another architecture: nothing here */
#endif
