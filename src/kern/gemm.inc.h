/* SPDX-License-Identifier: MIT */
/*
 * gemm.inc.h - the two matrix products everything heavy is made of.
 *
 * gemm: c = a^T b with the columns of b and c along the vector. A tile of R rows and V vectors of c
 * lives in registers over the whole sum; per step of the sum it loads V vectors and R broadcast
 * numbers and does R*V multiply-adds (Goto & van de Geijn 2008, "Anatomy of high-performance matrix
 * multiplication"). R*V accumulators must fill the pipes (2 units of latency 4 want 8) and fit the
 * registers: 8x3 of 32, 4x3 of 16.
 *
 * dot: c = a b^T with the sum along the vector: R x C accumulators of partial sums, added up at the
 * end. Nothing has to be packed or transposed for it.
 */
#if FV_LEVEL == 2
#define MR 8
#define NV 3
#define DR 4
#define DC 6
#elif FV_LEVEL == 1
#define MR 4
#define NV 3
#define DR 3
#define DC 4
#elif defined(__aarch64__)
#define MR 8
#define NV 3
#define DR 4
#define DC 6
#else
#define MR 4
#define NV 2
#define DR 2
#define DC 4
#endif

/* One tile of R x V; m < LANES: V is 1 and only m lanes of it are there. */
INLINE void tile(const int R, const int V, int64_t m, int64_t k, const float *a, int64_t as,
                 const float *b, int64_t ldb, float *c, int64_t ldc, const float *bias, bool add) {
    vec acc[MR * NV];
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int v = 0; v < V; v++) {
            if (add)
                acc[r * V + v] = v_get(c + r * ldc + v * LANES, m);
            else
                acc[r * V + v] = bias ? v_set(bias[r]) : v_zero();
        }
    }
    for (int64_t l = 0; l < k; l++) {
        vec x[NV];
        UNROLL for (int v = 0; v < V; v++) x[v] = v_get(b + v * LANES, m);
        UNROLL for (int r = 0; r < R; r++) {
            vec w = v_set(a[r]);
            UNROLL for (int v = 0; v < V; v++) acc[r * V + v] = v_fma(w, x[v], acc[r * V + v]);
        }
        a += as;
        b += ldb;
    }
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int v = 0; v < V; v++) v_put(c + r * ldc + v * LANES, acc[r * V + v], m);
    }
}

/* All columns for a fixed number of rows: as many full tiles as fit, then narrower ones. */
#define GEMM_ROWS(R)                                                                               \
    static void gemm_rows_##R(int64_t cols, int64_t k, const float *a, int64_t as, const float *b, \
                              int64_t ldb, float *c, int64_t ldc, const float *bias, bool add) {   \
        int64_t j = 0;                                                                             \
        for (; j + NV * LANES <= cols; j += NV * LANES)                                            \
            tile(R, NV, LANES, k, a, as, b + j, ldb, c + j, ldc, bias, add);                       \
        if (NV > 2 && j + 2 * LANES <= cols) {                                                     \
            tile(R, 2, LANES, k, a, as, b + j, ldb, c + j, ldc, bias, add);                        \
            j += 2 * LANES;                                                                        \
        }                                                                                          \
        if (j + LANES <= cols) {                                                                   \
            tile(R, 1, LANES, k, a, as, b + j, ldb, c + j, ldc, bias, add);                        \
            j += LANES;                                                                            \
        }                                                                                          \
        if (j < cols) tile(R, 1, cols - j, k, a, as, b + j, ldb, c + j, ldc, bias, add);           \
    }
GEMM_ROWS(1)
GEMM_ROWS(2)
GEMM_ROWS(3)
GEMM_ROWS(4)
#if MR > 4
GEMM_ROWS(5)
GEMM_ROWS(6)
GEMM_ROWS(7)
GEMM_ROWS(8)
#endif

static void gemm(int64_t rows, int64_t cols, int64_t k, const float *a, int64_t as, const float *b,
                 int64_t ldb, float *c, int64_t ldc, const float *bias, bool add) {
    switch (rows) {
    case 1:
        gemm_rows_1(cols, k, a, as, b, ldb, c, ldc, bias, add);
        break;
    case 2:
        gemm_rows_2(cols, k, a, as, b, ldb, c, ldc, bias, add);
        break;
    case 3:
        gemm_rows_3(cols, k, a, as, b, ldb, c, ldc, bias, add);
        break;
    case 4:
        gemm_rows_4(cols, k, a, as, b, ldb, c, ldc, bias, add);
        break;
#if MR > 4
    case 5:
        gemm_rows_5(cols, k, a, as, b, ldb, c, ldc, bias, add);
        break;
    case 6:
        gemm_rows_6(cols, k, a, as, b, ldb, c, ldc, bias, add);
        break;
    case 7:
        gemm_rows_7(cols, k, a, as, b, ldb, c, ldc, bias, add);
        break;
    case 8:
        gemm_rows_8(cols, k, a, as, b, ldb, c, ldc, bias, add);
        break;
#endif
    default:
        break;
    }
}

/* One tile of R rows of a against C rows of b. */
INLINE void dot_tile(const int R, const int C, int64_t k, const float *a, int64_t lda,
                     const float *b, int64_t ldb, float *c, int64_t ldc, const float *bias,
                     bool add) {
    vec acc[DR * DC];
    UNROLL for (int t = 0; t < R * C; t++) acc[t] = v_zero();
    EACH(k, {
        vec x[DR];
        UNROLL for (int r = 0; r < R; r++) x[r] = v_get(a + r * lda + i, m);
        UNROLL for (int j = 0; j < C; j++) {
            vec y = v_get(b + j * ldb + i, m);
            UNROLL for (int r = 0; r < R; r++) acc[r * C + j] = v_fma(x[r], y, acc[r * C + j]);
        }
    });
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int j = 0; j < C; j++) {
            float s = v_sum(acc[r * C + j]);
            if (bias) s += bias[j];
            c[r * ldc + j] = add ? c[r * ldc + j] + s : s;
        }
    }
}

#define DOT_ROWS(R)                                                                                \
    static void dot_rows_##R(int64_t cols, int64_t k, const float *a, int64_t lda, const float *b, \
                             int64_t ldb, float *c, int64_t ldc, const float *bias, bool add) {    \
        int64_t j = 0;                                                                             \
        for (; j + DC <= cols; j += DC)                                                            \
            dot_tile(R, DC, k, a, lda, b + j * ldb, ldb, c + j, ldc, bias ? bias + j : NULL, add); \
        for (; j + 2 <= cols; j += 2)                                                              \
            dot_tile(R, 2, k, a, lda, b + j * ldb, ldb, c + j, ldc, bias ? bias + j : NULL, add);  \
        if (j < cols)                                                                              \
            dot_tile(R, 1, k, a, lda, b + j * ldb, ldb, c + j, ldc, bias ? bias + j : NULL, add);  \
    }
DOT_ROWS(1)
DOT_ROWS(2)
#if DR == 3
DOT_ROWS(3)
#endif
#if DR > 3
DOT_ROWS(4)
#endif

static void dot(int64_t rows, int64_t cols, int64_t k, const float *a, int64_t lda, const float *b,
                int64_t ldb, float *c, int64_t ldc, const float *bias, bool add) {
    int64_t r = 0;
    for (; r + DR <= rows; r += DR) {
#if DR == 4
        dot_rows_4(cols, k, a + r * lda, lda, b, ldb, c + r * ldc, ldc, bias, add);
#elif DR == 3
        dot_rows_3(cols, k, a + r * lda, lda, b, ldb, c + r * ldc, ldc, bias, add);
#else
        dot_rows_2(cols, k, a + r * lda, lda, b, ldb, c + r * ldc, ldc, bias, add);
#endif
    }
    if (r + 2 <= rows) {
        dot_rows_2(cols, k, a + r * lda, lda, b, ldb, c + r * ldc, ldc, bias, add);
        r += 2;
    }
    if (r < rows) dot_rows_1(cols, k, a + r * lda, lda, b, ldb, c + r * ldc, ldc, bias, add);
}

/* A block of LANES x LANES, transposed by log2(LANES) perfect shuffles. */
INLINE void transpose_block(const float *x, int64_t ldx, float *y, int64_t ldy) {
    vec a[LANES], b[LANES];
    UNROLL for (int i = 0; i < LANES; i++) a[i] = v_load(x + i * ldx);
    UNROLL for (int s = 1; s < LANES; s *= 2) {
        UNROLL for (int i = 0; i < LANES / 2; i++) {
            b[2 * i] = v_zip_low(a[i], a[i + LANES / 2]);
            b[2 * i + 1] = v_zip_high(a[i], a[i + LANES / 2]);
        }
        UNROLL for (int i = 0; i < LANES; i++) a[i] = b[i];
    }
    UNROLL for (int i = 0; i < LANES; i++) v_store(y + i * ldy, a[i]);
}

static void transpose(int64_t rows, int64_t cols, const float *x, int64_t ldx, float *y,
                      int64_t ldy) {
    int64_t i = 0;
    for (; i + LANES <= rows; i += LANES) {
        int64_t j = 0;
        for (; j + LANES <= cols; j += LANES)
            transpose_block(x + i * ldx + j, ldx, y + j * ldy + i, ldy);
        for (; j < cols; j++)
            for (int64_t r = i; r < i + LANES; r++) y[j * ldy + r] = x[r * ldx + j];
    }
    for (; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) y[j * ldy + i] = x[i * ldx + j];
}
