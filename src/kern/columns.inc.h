/* SPDX-License-Identifier: MIT */
/*
 * columns.inc.h - the few columns of a product beyond whole vectors, of MR packed rows: a vector
 * holds the rows of STEPS neighbouring steps of the sum, and the steps' sums are added at the end,
 * from the first on. Part of gemm.inc.h.
 */

#define STEPS (LANES / MR) /* of the sum that a vector of packed rows holds */

#if LANES >= MR
/* STEPS steps of the sum, from l on, for C columns. */
INLINE void columns_step(const int C, const gemm_places *g, const float *a, const float *b,
                         const int32_t *off, int64_t l, vec *acc) {
    const float *at[STEPS];
    UNROLL for (int s = 0; s < STEPS; s++) at[s] = off ? b + off[l + s] : b + (l + s) * g->ldb;
    const vec w = v_load(a + l * MR);
    if (C == 1) {
        acc[0] = v_fma(w, v_steps(at), acc[0]);
        return;
    }
    const vec x = v_quads(at[0], at[STEPS - 1]);
    acc[0] = v_fma(w, v_quad_of(x, 0), acc[0]);
    acc[1] = v_fma(w, v_quad_of(x, 1), acc[1]);
    acc[2] = v_fma(w, v_quad_of(x, 2), acc[2]);
    acc[3] = v_fma(w, v_quad_of(x, 3), acc[3]);
}
#endif

/* C columns from b on: 1, or FV_COLUMNS_ALONE, of which the first `skipped` are not wanted. */
INLINE void columns(const int C, const int skipped, const gemm_places *g, const float *a,
                    const float *b, const int32_t *off, float *c, const float *bias,
                    int64_t after_at) {
#if LANES >= MR
    enum { DEEP = 4 }; /* vectors at a time: of sums of their own, or every second of them */
    const int chains = C == 1 ? 4 : 2;
    const int64_t k = g->k;
    vec acc[2 * FV_COLUMNS_ALONE];
    float lane[LANES];
    int64_t l = 0;
    UNROLL for (int i = 0; i < C * chains; i++) acc[i] = v_zero();
    for (; l + DEEP * STEPS <= k; l += DEEP * STEPS) {
        UNROLL for (int u = 0; u < DEEP; u++)
            columns_step(C, g, a, b, off, l + u * STEPS, acc + u % chains * C);
    }
    for (; l + STEPS <= k; l += STEPS) columns_step(C, g, a, b, off, l, acc);
    for (int j = skipped; j < C; j++) {
        vec sum = acc[j] + acc[C + j];
        if (C == 1) sum += acc[2] + acc[3];
        v_store(lane, sum);
        for (int r = 0; r < MR; r++) {
            float v = lane[r];
            for (int s = 1; s < STEPS; s++) v += lane[s * MR + r];
            for (int64_t i = l; i < k; i++)
                v += a[i * MR + r] * (off ? b[off[i] + j] : b[i * g->ldb + j]);
            float *y = c + r * g->ldc + j;
            v += g->add ? *y : bias ? bias[r] : 0;
            if (g->after && g->after->added) v += g->after->added[r * g->after->ld + after_at + j];
            if (g->after && g->after->bounded) {
                v = v < g->after->low ? g->after->low : v;
                v = v > g->after->high ? g->after->high : v;
            }
            *y = v;
        }
    }
#else /* never called: a vector holds no packed row */
    (void)C, (void)skipped, (void)g, (void)a, (void)b, (void)off, (void)c, (void)bias;
    (void)after_at;
#endif
}

/* The last m columns of cols: together with those before them, where there are any. */
INLINE void columns_alone(const gemm_places *g, int64_t cols, int64_t m, const float *a,
                          const float *b, const int32_t *off, float *c, const float *bias) {
    const int64_t j = cols - FV_COLUMNS_ALONE;
    if (j >= 0)
        columns(FV_COLUMNS_ALONE, (int)(FV_COLUMNS_ALONE - m), g, a, b + j, off, c + j, bias, j);
    else
        for (int64_t i = 0; i < cols; i++) columns(1, 0, g, a, b + i, off, c + i, bias, i);
}
