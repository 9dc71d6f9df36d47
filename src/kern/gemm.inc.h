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

/* Where a product's factors lie: a[l*as + r*ar]; row l of b at off[l] where off is given, at l*ldb
   otherwise; c[r*ldc + j]. */
typedef struct gemm_places {
    int64_t k, as, ar, ldb, ldc;
    const int32_t *off;
    bool add;
    const fv_gemm_after *after; /* NULL: nothing */
} gemm_places;

/* What is done to a finished sum: something is added, and it is held within bounds (in this order
   of operands a NaN stays one). */
INLINE vec finished(const fv_gemm_after *after, vec sum, int64_t at, int64_t m) {
    if (after->added) sum = sum + v_get(after->added + at, m);
    return after->bounded ? v_min(v_set(after->high), v_max(v_set(after->low), sum)) : sum;
}

/* Steps of the sum whose packed rows fill a line of a cache. */
#define LINE_STEPS (MR < 16 ? 16 / MR : 1)

/* A step of the sum. */
#define TILE_STEP(row)                                                                             \
    do {                                                                                           \
        vec x[NV];                                                                                 \
        const float *from = row;                                                                   \
        UNROLL for (int v = 0; v < V; v++) x[v] = v_get(from + v * LANES, v == V - 1 ? m : LANES); \
        UNROLL for (int r = 0; r < R; r++) {                                                       \
            const vec w = v_set(r < 4 ? a[r * ar] : a4[(r - 4) * ar]);                             \
            UNROLL for (int v = 0; v < V; v++) acc[r * V + v] = v_fma(w, x[v], acc[r * V + v]);    \
        }                                                                                          \
        a += as;                                                                                   \
        a4 += as;                                                                                  \
        if (!off) b += ldb;                                                                        \
    } while (0)

/* As many as fill a line, the same line of the next strip coming nearer. */
#define TILE_LINE()                                                                                \
    do {                                                                                           \
        __builtin_prefetch(a + ahead, 0, 2);                                                       \
        UNROLL for (int u = 0; u < LINE_STEPS; u++) TILE_STEP(off ? b + off[l + u] : b);           \
    } while (0)

/* One tile of R x V; m lanes of the last vector are there. */
INLINE void tile(const int R, const int V, const int64_t m, const gemm_places *g, const float *a,
                 const int64_t ar, const float *b, const int32_t *off, float *c, const float *bias,
                 int64_t after_at) {
    const int64_t ldc = g->ldc, ldb = g->ldb, as = g->as, k = g->k;
    vec acc[MR * NV];
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int v = 0; v < V; v++) {
            if (g->add)
                acc[r * V + v] = v_get(c + r * ldc + v * LANES, v == V - 1 ? m : LANES);
            else
                acc[r * V + v] = bias ? v_set(bias[r]) : v_zero();
        }
    }
    /* Two pointers into a, so that four rows each are within one index register's reach. */
    const float *a4 = a + 4 * ar;
    /* The next strip's numbers, which lie behind this one's, come nearer meanwhile: those of a
       whole network are in memory, and no processor looks so far ahead by itself. */
    const int64_t ahead = k * as;
    int64_t l = 0;
    if (R == MR && ar == 1) {
        /* So does what a finished sum meets, and where it goes, which is about to be written: a
           row's lines at a time, in the first half of the sum. All at once they would be in the way
           of what the sum itself reads. */
        const float *meets = g->after ? g->after->added : NULL, *goes = c;
        const int64_t part = k / (2 * MR) / LINE_STEPS * LINE_STEPS;
        if (meets) meets += after_at;
        for (int r = 0; r < MR; r++) {
            UNROLL for (int v = 0; v < V; v++) {
                if (meets) __builtin_prefetch(meets + v * LANES);
                __builtin_prefetch(goes + v * LANES, 1);
            }
            if (meets) meets += g->after->ld;
            goes += ldc;
            for (const int64_t end = l + part; l < end; l += LINE_STEPS) TILE_LINE();
        }
        for (; l + LINE_STEPS <= k; l += LINE_STEPS) TILE_LINE();
    }
    for (; l < k; l++) TILE_STEP(off ? b + off[l] : b);
    if (g->after) {
        UNROLL for (int r = 0; r < R; r++) {
            UNROLL for (int v = 0; v < V; v++) acc[r * V + v] =
                finished(g->after, acc[r * V + v], r * g->after->ld + v * LANES + after_at,
                         v == V - 1 ? m : LANES);
        }
    }
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int v = 0; v < V; v++)
            v_put(c + r * ldc + v * LANES, acc[r * V + v], v == V - 1 ? m : LANES);
    }
}

#include "kern/columns.inc.h"

/* All columns for a fixed number of rows: as many full tiles as fit, then a narrower one, whose
   last vector may be a part. */
#define GEMM_COLS(R, AR, OFF)                                                                      \
    do {                                                                                           \
        int64_t j = 0;                                                                             \
        for (; j + NV * LANES <= cols; j += NV * LANES)                                            \
            tile(R, NV, LANES, g, a, AR, b + j, OFF, c + j, bias, j);                              \
        const int64_t rest = cols - j, m = rest % LANES;                                           \
        if (R == MR && AR == 1 && COLUMNS_FIT && g->as == MR && m > 0 && m <= FV_COLUMNS_ALONE) {  \
            if (NV > 2 && rest > 2 * LANES)                                                        \
                tile(R, NV > 2 ? 2 : NV, LANES, g, a, AR, b + j, OFF, c + j, bias, j);             \
            else if (rest > LANES)                                                                 \
                tile(R, 1, LANES, g, a, AR, b + j, OFF, c + j, bias, j);                           \
            columns_alone(g, cols, m, a, b, OFF, c, bias);                                         \
        } else if (NV > 2 && rest > 2 * LANES)                                                     \
            tile(R, NV, m, g, a, AR, b + j, OFF, c + j, bias, j);                                  \
        else if (rest == 2 * LANES)                                                                \
            tile(R, NV > 2 ? 2 : NV, LANES, g, a, AR, b + j, OFF, c + j, bias, j);                 \
        else if (rest > LANES)                                                                     \
            tile(R, 2, m, g, a, AR, b + j, OFF, c + j, bias, j);                                   \
        else if (rest == LANES)                                                                    \
            tile(R, 1, LANES, g, a, AR, b + j, OFF, c + j, bias, j);                               \
        else if (rest > 0)                                                                         \
            tile(R, 1, m, g, a, AR, b + j, OFF, c + j, bias, j);                                   \
    } while (0)

#define GEMM_ROWS(R)                                                                               \
    static void gemm_rows_##R(const gemm_places *g, int64_t cols, const float *a, const float *b,  \
                              float *c, const float *bias) {                                       \
        if (g->off)                                                                                \
            GEMM_COLS(R, 1, g->off);                                                               \
        else                                                                                       \
            GEMM_COLS(R, 1, NULL);                                                                 \
    }                                                                                              \
    static void gemm_loose_rows_##R(const gemm_places *g, int64_t cols, const float *a,            \
                                    const float *b, float *c, const float *bias) {                 \
        const int64_t ar = g->ar;                                                                  \
        if (g->off)                                                                                \
            GEMM_COLS(R, ar, g->off);                                                              \
        else                                                                                       \
            GEMM_COLS(R, ar, NULL);                                                                \
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

typedef void gemm_fn(const gemm_places *g, int64_t cols, const float *a, const float *b, float *c,
                     const float *bias);

static void gemm_then(int64_t rows, int64_t cols, int64_t k, const float *a, int64_t as, int64_t ar,
                      const float *b, int64_t ldb, const int32_t *off, float *c, int64_t ldc,
                      const float *bias, bool add, const fv_gemm_after *after) {
    static gemm_fn *const of_rows[2][MR > 4 ? 8 : 4] = {
        {gemm_loose_rows_1, gemm_loose_rows_2, gemm_loose_rows_3, gemm_loose_rows_4,
#if MR > 4
         gemm_loose_rows_5, gemm_loose_rows_6, gemm_loose_rows_7, gemm_loose_rows_8
#endif
        },
        {gemm_rows_1, gemm_rows_2, gemm_rows_3, gemm_rows_4,
#if MR > 4
         gemm_rows_5, gemm_rows_6, gemm_rows_7, gemm_rows_8
#endif
        }};
    for (int64_t r = 0; r < rows; r += MR) {
        const int64_t some = rows - r < MR ? rows - r : MR;
        fv_gemm_after here = after ? *after : (fv_gemm_after){0};
        if (here.added) here.added += r * here.ld;
        const gemm_places g = {k, as, ar, ldb, ldc, off, add, after ? &here : NULL};
        of_rows[ar == 1][some - 1](&g, cols, a + r * ar, b, c + r * ldc, bias ? bias + r : NULL);
    }
}

static void gemm(int64_t rows, int64_t cols, int64_t k, const float *a, int64_t as, int64_t ar,
                 const float *b, int64_t ldb, const int32_t *off, float *c, int64_t ldc,
                 const float *bias, bool add) {
    gemm_then(rows, cols, k, a, as, ar, b, ldb, off, c, ldc, bias, add, NULL);
}

/* Strips for gemm: out[l*MR + r] = w[r*ldw + l]. MR vectors, transposed by log2(MR) perfect
   shuffles, are LANES columns of the strip one after the other. */
static void pack(int64_t rows, int64_t k, const float *w, int64_t ldw, float *out) {
    if (rows == MR) {
        EACH(k, {
            vec x[MR];
            vec y[MR];
            UNROLL for (int r = 0; r < MR; r++) x[r] = v_get(w + r * ldw + i, m);
            UNROLL for (int s = 1; s < MR; s *= 2) {
                UNROLL for (int r = 0; r < MR / 2; r++) {
                    y[2 * r] = v_zip_low(x[r], x[r + MR / 2]);
                    y[2 * r + 1] = v_zip_high(x[r], x[r + MR / 2]);
                }
                UNROLL for (int r = 0; r < MR; r++) x[r] = y[r];
            }
            UNROLL for (int r = 0; r < MR; r++) {
                const int64_t left = m * MR - r * LANES;
                if (m == LANES || left >= LANES)
                    v_store(out + i * MR + r * LANES, x[r]);
                else if (left > 0)
                    v_store_part(out + i * MR + r * LANES, x[r], left);
            }
        });
        return;
    }
    for (int64_t l = 0; l < k; l++)
        for (int64_t r = 0; r < rows; r++) out[l * MR + r] = w[r * ldw + l];
}

/* The sums of the lanes of n vectors (a power of two, at most LANES) into out: halves are added
   while the vectors are shuffled together. The tree is the same as that of v_sum. */
INLINE void lane_sums(const int n, const vec *a, float *out) {
    vec t[LANES];
    float lane[LANES];
    UNROLL for (int i = 0; i < n; i++) t[i] = a[i];
    UNROLL for (int half = n / 2; half > 0; half /= 2) {
        UNROLL for (int i = 0; i < half; i++) t[i] =
            v_zip_low(t[i], t[i + half]) + v_zip_high(t[i], t[i + half]);
    }
    v_store(lane, t[0]);
    UNROLL for (int width = LANES / 2; width >= n; width /= 2) {
        UNROLL for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    }
    UNROLL for (int i = 0; i < n; i++) out[i] = lane[i];
}

/* What a call of dot works on, beside its rows and columns. */
typedef struct dot_sum {
    int64_t k, lda, ldb, ldc;
    const int32_t *off;            /* where row j of b is; NULL: at j*ldb */
    int64_t times, a_step, b_step; /* so many sums of k, one behind the other */
    bool add;
} dot_sum;

/* One tile of R rows of a against C rows of b. */
INLINE void dot_tile(const int R, const int C, const dot_sum *d, const float *a, const float *b,
                     const int32_t *off, float *c, const float *bias) {
    vec acc[DR * DC];
    UNROLL for (int t = 0; t < R * C; t++) acc[t] = v_zero();
    for (int64_t time = 0; time < d->times; time++) {
        const float *row[DC];
        UNROLL for (int j = 0; j < C; j++) row[j] =
            b + time * d->b_step + (off ? off[j] : j * d->ldb);
        const float *from = a + time * d->a_step;
        EACH(d->k, {
            vec x[DR];
            UNROLL for (int r = 0; r < R; r++) x[r] = v_get(from + r * d->lda + i, m);
            UNROLL for (int j = 0; j < C; j++) {
                vec y = v_get(row[j] + i, m);
                UNROLL for (int r = 0; r < R; r++) acc[r * C + j] = v_fma(x[r], y, acc[r * C + j]);
            }
        });
    }
    float sums[DR * DC];
    enum { HALF = LANES / 2 };
    int t = 0;
    if (R == 1 && C > HALF / 2 && C < HALF) { /* of a row: with zeros it fills a tree */
        vec some[HALF];
        UNROLL for (int i = 0; i < HALF; i++) some[i] = i < C ? acc[i] : v_zero();
        lane_sums(HALF, some, sums);
        t = C;
    }
    UNROLL for (; t + LANES <= R * C; t += LANES) lane_sums(LANES, acc + t, sums + t);
    UNROLL for (; t + HALF <= R * C; t += HALF) lane_sums(HALF, acc + t, sums + t);
    UNROLL for (; t < R * C; t++) sums[t] = v_sum(acc[t]);
    for (int r = 0; r < R; r++)
        for (int j = 0; j < C; j++) {
            float s = sums[r * C + j];
            if (bias) s += bias[j];
            c[r * d->ldc + j] = d->add ? c[r * d->ldc + j] + s : s;
        }
}

#define DOT_ROWS(R)                                                                                \
    static void dot_rows_##R(const dot_sum *d, int64_t cols, const float *a, const float *b,       \
                             float *c, const float *bias) {                                        \
        int64_t j = 0;                                                                             \
        for (; j + DC <= cols; j += DC)                                                            \
            dot_tile(R, DC, d, a, b + j * d->ldb, d->off ? d->off + j : NULL, c + j,               \
                     bias ? bias + j : NULL);                                                      \
        for (; j + 2 <= cols; j += 2)                                                              \
            dot_tile(R, 2, d, a, b + j * d->ldb, d->off ? d->off + j : NULL, c + j,                \
                     bias ? bias + j : NULL);                                                      \
        if (j < cols)                                                                              \
            dot_tile(R, 1, d, a, b + j * d->ldb, d->off ? d->off + j : NULL, c + j,                \
                     bias ? bias + j : NULL);                                                      \
    }
DOT_ROWS(1)
DOT_ROWS(2)
#if DR == 3
DOT_ROWS(3)
#endif
#if DR > 3
DOT_ROWS(4)
#endif

static void dot_all(const dot_sum *d, int64_t rows, int64_t cols, const float *a, const float *b,
                    float *c, const float *bias) {
    int64_t r = 0;
    for (; r + DR <= rows; r += DR) {
#if DR == 4
        dot_rows_4(d, cols, a + r * d->lda, b, c + r * d->ldc, bias);
#elif DR == 3
        dot_rows_3(d, cols, a + r * d->lda, b, c + r * d->ldc, bias);
#else
        dot_rows_2(d, cols, a + r * d->lda, b, c + r * d->ldc, bias);
#endif
    }
    if (r + 2 <= rows) {
        dot_rows_2(d, cols, a + r * d->lda, b, c + r * d->ldc, bias);
        r += 2;
    }
    if (r < rows) dot_rows_1(d, cols, a + r * d->lda, b, c + r * d->ldc, bias);
}

static void dot(int64_t rows, int64_t cols, int64_t k, const float *a, int64_t lda, const float *b,
                int64_t ldb, float *c, int64_t ldc, const float *bias, bool add) {
    const dot_sum d = {k, lda, ldb, ldc, NULL, 1, 0, 0, add};
    dot_all(&d, rows, cols, a, b, c, bias);
}

static void dot_at(int64_t rows, int64_t cols, int64_t k, int64_t times, const float *a,
                   int64_t lda, int64_t a_step, const float *b, const int32_t *off, int64_t b_step,
                   float *c, int64_t ldc, bool add) {
    const dot_sum d = {k, lda, 0, ldc, off, times, a_step, b_step, add};
    dot_all(&d, rows, cols, a, b, c, NULL);
}

/* A block of LANES x LANES, transposed by log2(LANES) perfect shuffles. */
INLINE void turn_block(vec a[LANES]) {
    vec b[LANES];
    UNROLL for (int s = 1; s < LANES; s *= 2) {
        UNROLL for (int i = 0; i < LANES / 2; i++) {
            b[2 * i] = v_zip_low(a[i], a[i + LANES / 2]);
            b[2 * i + 1] = v_zip_high(a[i], a[i + LANES / 2]);
        }
        UNROLL for (int i = 0; i < LANES; i++) a[i] = b[i];
    }
}

INLINE void transpose_block(const float *x, int64_t ldx, float *y, int64_t ldy) {
    vec a[LANES];
    UNROLL for (int i = 0; i < LANES; i++) a[i] = v_load(x + i * ldx);
    turn_block(a);
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
