/* SPDX-License-Identifier: MIT */
/*
 * columns.inc.h - the few columns of a product beyond whole vectors, of MR packed rows: a short
 * vector holds the rows of a step of the sum, and each column's number meets all of them. A column
 * has several sums, of every second step, fourth or eighth, so that multiply-adds do not wait for
 * each other; they are added at the end. Part of gemm.inc.h.
 */

#if LANES > 4
#define COLUMNS_FIT (MR == LANES / 2) /* a short vector holds the packed rows */
#else
#define COLUMNS_FIT (MR == LANES)
#endif

#if COLUMNS_FIT
INLINE short_vec strided_rows(const float *p, int64_t ld) {
    short_vec v;
    UNROLL for (int r = 0; r < MR; r++) v[r] = p[r * ld];
    return v;
}

/* C columns from b on, at most FV_COLUMNS_ALONE. */
INLINE void columns(const int C, const gemm_places *g, const float *a, const float *b,
                    const int32_t *off, float *c, const float *bias, int64_t after_at) {
    enum { MOST = 8 };
    const int chains = C == 1 ? MOST : C == 2 ? MOST / 2 : MOST / 4;
    const int64_t k = g->k;
    short_vec acc[MOST];
    int64_t l = 0;
    UNROLL for (int i = 0; i < chains * C; i++) acc[i] = s_set(0);
    for (; l + chains <= k; l += chains) UNROLL for (int u = 0; u < chains; u++) {
            const float *x = off ? b + off[l + u] : b + (l + u) * g->ldb;
            const short_vec w = s_load(a + (l + u) * MR);
            UNROLL for (int j = 0; j < C; j++) acc[u * C + j] =
                s_fma(w, s_set(x[j]), acc[u * C + j]);
        }
    for (; l < k; l++) {
        const float *x = off ? b + off[l] : b + l * g->ldb;
        UNROLL for (int j = 0; j < C; j++) acc[j] = s_fma(s_load(a + l * MR), s_set(x[j]), acc[j]);
    }
    UNROLL for (int half = chains / 2; half > 0; half /= 2) {
        UNROLL for (int i = 0; i < half * C; i++) acc[i] = acc[i] + acc[half * C + i];
    }
    UNROLL for (int j = 0; j < C; j++) {
        short_vec v = acc[j];
        if (g->add)
            v = v + strided_rows(c + j, g->ldc);
        else if (bias)
            v = v + s_load(bias);
        if (g->after && g->after->added)
            v = v + strided_rows(g->after->added + after_at + j, g->after->ld);
        if (g->after && g->after->bounded)
            v = s_min(s_set(g->after->high), s_max(s_set(g->after->low), v));
        UNROLL for (int r = 0; r < MR; r++) c[r * g->ldc + j] = v[r];
    }
}
#endif

/* The last m columns of cols. */
INLINE void columns_alone(const gemm_places *g, int64_t cols, int64_t m, const float *a,
                          const float *b, const int32_t *off, float *c, const float *bias) {
    const int64_t j = cols - m;
#if COLUMNS_FIT
    if (m == 1)
        columns(1, g, a, b + j, off, c + j, bias, j);
    else if (m == 2)
        columns(2, g, a, b + j, off, c + j, bias, j);
    else if (m == 3)
        columns(3, g, a, b + j, off, c + j, bias, j);
    else
        columns(4, g, a, b + j, off, c + j, bias, j);
#else /* never called */
    (void)g, (void)a, (void)b, (void)off, (void)c, (void)bias, (void)j;
#endif
}
