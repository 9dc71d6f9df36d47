/* SPDX-License-Identifier: MIT */
/*
 * Kernels of every instruction set this machine has, against plain loops in double: products of odd
 * sizes, the functions' accuracy, and nothing written beyond the end. The optimisers':
 * test_optim.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#include "base/random.h"
#include "kern/bf16.h"
#include "kern/kern.h"

#define GUARD 64
#define MOST  4096

static float draw(uint64_t stream, uint64_t i) {
    return (float)fv__random_normal((fv_key){11, stream}, i);
}

static void fill(float *x, int64_t n, uint64_t stream) {
    for (int64_t i = 0; i < n; i++) x[i] = draw(stream, (uint64_t)i);
}

static void near(const char *what, const fv_kernels *k, int64_t i, double got, double want,
                 double tolerance) {
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s (%s): element %lld is %.9g, expected %.9g", what, k->name, (long long)i, got,
                 want);
}

#define EVERY_ISA(k)                                                                               \
    for (int isa_ = 0; isa_ < FV_ISAS; isa_++)                                                     \
        for (fv_kernels table_, *k = &table_;                                                      \
             k && fv__isa_supported(isa_) && fv__kernels(isa_, &table_); k = NULL)

static void test_levels(void **state) {
    (void)state;
    EVERY_ISA(k) {
        assert_string_equal(k->name, fv__isa_name(isa_));
        assert_true(k->mr <= FV_MR_MAX);
        assert_int_equal(k->nr % k->lanes, 0);
        assert_true(k->peak(10) > 0);
    }
    fv_kernels best, beyond;
    assert_true(fv__isa_supported(0) && fv__isa_supported(fv__isa_best()));
    assert_false(fv__isa_supported(-1) || fv__isa_supported(FV_ISAS));
    assert_null(fv__isa_name(FV_ISAS));
    assert_string_equal(fv__kernels(99, &beyond)->name, fv__isa_name(fv__isa_best()));
    assert_ptr_equal(fv__kernels(fv__isa_best(), &best)->gemm, beyond.gemm);
}

/* c = a b with all ways to say where the factors lie. */
static void check_gemm(const fv_kernels *k, int64_t rows, int64_t cols, int64_t depth, bool loose,
                       bool offsets, bool add, bool with_bias) {
    static float a[MOST * 4], b[MOST * 8], c[MOST * 4], old[MOST * 4], bias[64];
    static int32_t off[256];
    const int64_t as = loose ? 1 : rows + 1, ar = loose ? depth + 2 : 1, ldb = cols + 3,
                  ldc = cols + 5;
    fill(a, MOST * 4, 1);
    fill(b, MOST * 8, 2);
    fill(c, MOST * 4, 3);
    fill(bias, 64, 4);
    memcpy(old, c, sizeof c);
    for (int64_t l = 0; l < depth; l++) off[l] = (int32_t)((depth - 1 - l) * ldb);
    k->gemm(rows, cols, depth, a, as, ar, b, ldb, offsets ? off : NULL, c, ldc,
            with_bias ? bias : NULL, add);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < ldc; j++) {
            const int64_t at = r * ldc + j;
            double want = add ? (double)old[at] : with_bias ? (double)bias[r] : 0;
            for (int64_t l = 0; l < depth; l++)
                want += (double)a[l * as + r * ar] *
                        (double)b[(offsets ? off[l] : l * ldb) + (j < cols ? j : 0)];
            if (j >= cols) want = (double)old[at]; /* between the rows */
            near("gemm", k, at, (double)c[at], want, 2e-5);
        }
}

static void test_gemm(void **state) {
    (void)state;
    EVERY_ISA(k) {
        for (int64_t rows = 1; rows <= 11; rows++)
            for (int64_t cols = 1; cols <= 4 * k->lanes + 3; cols += 1 + cols / 9) {
                const uint64_t mix = (uint64_t)(rows * 7 + cols);
                /* Packed strips have at most mr rows. */
                check_gemm(k, rows, cols, 1 + cols % 23, rows > k->mr || mix % 2, mix % 3 == 0,
                           mix % 5 == 0, mix % 4 == 0);
            }
        check_gemm(k, k->mr, k->nr, 0, false, false, false, true); /* nothing to sum */
    }
}

/* What follows a product: a sum, then bounds; in tiles, and in the columns beyond them. */
static void check_after(const fv_kernels *k, int64_t rows, int64_t cols,
                        const fv_gemm_after *after) {
    static float a[MOST], b[MOST], c[MOST];
    fill(a, MOST, 20);
    fill(b, MOST, 21);
    b[1] = NAN;
    k->gemm_then(rows, cols, 5, a, k->mr, 1, b, cols, NULL, c, cols, NULL, false, after);
    for (int64_t i = 0; i < rows * cols; i++) {
        const int64_t r = i / cols, j = i % cols;
        double want = after->added ? (double)after->added[r * after->ld + j] : 0;
        for (int64_t l = 0; l < 5; l++) want += (double)a[l * k->mr + r] * (double)b[l * cols + j];
        if (after->bounded) {
            want = want < (double)after->low ? (double)after->low : want;
            want = want > (double)after->high ? (double)after->high : want;
        }
        if (j == 1)
            assert_true(isnan(c[i]));
        else
            near("gemm_then", k, i, (double)c[i], want, 1e-5);
    }
}

static void test_after(void **state) {
    (void)state;
    static float added[MOST];
    fill(added, MOST, 22);
    const fv_gemm_after after[] = {{.ld = 0},
                                   {.bounded = true, .low = 0, .high = INFINITY},
                                   {.bounded = true, .low = -0.5f, .high = 0.75f},
                                   {.bounded = true, .low = 0.5f, .high = -0.25f},
                                   {.added = added, .ld = 200},
                                   {added, 200, true, -0.5f, 1}};
    EVERY_ISA(k)
    for (int64_t cols = 2; cols <= 4 * k->lanes + 3; cols += 1 + cols / 9)
        for (size_t i = 0; i < sizeof after / sizeof *after; i++)
            check_after(k, k->mr - (cols % 3 == 0), cols, &after[i]);
}

static void test_pack(void **state) {
    (void)state;
    static float w[MOST], out[MOST];
    fill(w, MOST, 5);
    EVERY_ISA(k)
    for (int64_t rows = 1; rows <= k->mr; rows++)
        for (int64_t depth = 1; depth < 70; depth += 3) {
            memset(out, 0, sizeof out);
            k->pack(rows, depth, w, 101, out);
            for (int64_t l = 0; l < depth; l++)
                for (int64_t r = 0; r < rows; r++)
                    assert_true(out[l * k->mr + r] == w[r * 101 + l]);
        }
}

static void test_dot_halves(void **state) {
    (void)state;
    static float a[MOST * 2], b[MOST * 2], c[MOST], bias[64];
    static uint16_t half[MOST * 2];
    fill(a, MOST * 2, 6);
    fill(b, MOST * 2, 7);
    fill(bias, 64, 8);
    for (int i = 0; i < MOST * 2; i++) {
        const uint32_t rounded = fv__bf16_round(fv__float_bits(b[i]));
        half[i] = (uint16_t)(rounded >> 16);
        b[i] = fv__bits_float(rounded);
    }
    EVERY_ISA(k)
    for (int64_t rows = 1; rows <= 9; rows++)
        for (int64_t cols = 1; cols <= 14; cols++) {
            const int64_t depth = 1 + (rows * 13 + cols * 5) % 61, lda = 70, ldb = 66;
            const bool add = cols % 3, with = !add && cols % 2;
            for (int64_t i = 0; i < rows * cols; i++) c[i] = (float)i;
            k->dot_halves(rows, cols, depth, a, lda, half, ldb, c, cols, with ? bias : NULL, add);
            for (int64_t i = 0; i < rows * cols; i++) {
                double want = add ? (double)i : with ? (double)bias[i % cols] : 0;
                for (int64_t l = 0; l < depth; l++)
                    want += (double)a[i / cols * lda + l] * (double)b[i % cols * ldb + l];
                near("dot_halves", k, i, (double)c[i], want, 2e-5);
            }
        }
}

static void test_dot(void **state) {
    (void)state;
    static float a[MOST * 2], b[MOST * 2], c[MOST], bias[64];
    static int32_t off[64];
    fill(a, MOST * 2, 6);
    fill(b, MOST * 2, 7);
    fill(bias, 64, 8);
    EVERY_ISA(k)
    for (int64_t rows = 1; rows <= 9; rows += 2)
        for (int64_t cols = 1; cols <= 14; cols++) {
            const int64_t depth = 1 + (rows * 13 + cols * 5) % 61, lda = 70, ldb = 66;
            for (int64_t i = 0; i < rows * cols; i++) c[i] = (float)i;
            k->dot(rows, cols, depth, a, lda, b, ldb, c, cols, cols % 2 ? bias : NULL, cols % 3);
            for (int64_t i = 0; i < rows * cols; i++) {
                double want = cols % 3 ? (double)i : 0;
                if (cols % 2) want += (double)bias[i % cols];
                for (int64_t l = 0; l < depth; l++)
                    want += (double)a[i / cols * lda + l] * (double)b[i % cols * ldb + l];
                near("dot", k, i, (double)c[i], want, 2e-5);
            }
            for (int64_t j = 0; j < cols; j++) off[j] = (int32_t)((j * 17) % 29);
            memset(c, 0, sizeof c);
            k->dot_at(rows, cols, depth, 3, a, lda, 640, b, off, 901, c, cols, true);
            for (int64_t i = 0; i < rows * cols; i++) {
                double want = 0;
                for (int64_t t = 0; t < 3; t++)
                    for (int64_t l = 0; l < depth; l++)
                        want += (double)a[i / cols * lda + l + t * 640] *
                                (double)b[off[i % cols] + l + t * 901];
                near("dot_at", k, i, (double)c[i], want, 4e-5);
            }
        }
}

static void test_transpose(void **state) {
    (void)state;
    static float x[MOST * 2], y[MOST * 2];
    fill(x, MOST * 2, 9);
    EVERY_ISA(k)
    for (int64_t rows = 1; rows < 40; rows += 3)
        for (int64_t cols = 1; cols < 50; cols += 7) {
            k->transpose(rows, cols, x, 60, y, 45);
            for (int64_t i = 0; i < rows; i++)
                for (int64_t j = 0; j < cols; j++) assert_true(y[j * 45 + i] == x[i * 60 + j]);
        }
}

/* The second number of a kind; the first is 0.25. */
static float second(fv_act kind) {
    return kind == FV_ACT_CELU || kind == FV_ACT_SOFTPLUS ? 4 : 0.5f;
}

static double exact(fv_act kind, double x) {
    const double p = 0.25, q = (double)second(kind),
                 u = sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x);
    switch (kind) {
    case FV_ACT_RELU:
        return x > 0 ? x : 0;
    case FV_ACT_CLIP:
        return fmin(fmax(x, p), q);
    case FV_ACT_LEAKY:
        return x > 0 ? x : p * x;
    case FV_ACT_HARD_SIGMOID:
        return fmin(fmax(p * x + q, 0), 1);
    case FV_ACT_HARD_SWISH:
        return x * fmin(fmax(x + 3, 0), 6) / 6;
    case FV_ACT_THRESHOLD:
        return x > p ? x : 0;
    case FV_ACT_SHRINK:
        return fabs(x) <= p ? 0 : x > 0 ? x - q : x + q;
    case FV_ACT_SOFTSIGN:
        return x / (1 + fabs(x));
    case FV_ACT_ELU:
        return x > 0 ? x : p * expm1(x);
    case FV_ACT_SELU:
        return x > 0 ? q * x : p * expm1(x);
    case FV_ACT_CELU:
        return x > 0 ? x : p * expm1(q * x);
    case FV_ACT_SIGMOID:
        return 1 / (1 + exp(-x));
    case FV_ACT_TANH:
        return tanh(x);
    case FV_ACT_SCALED_TANH:
        return p * tanh(q * x);
    case FV_ACT_SOFTPLUS:
        return q * (fmax(p * x, 0) + log1p(exp(-fabs(p * x))));
    case FV_ACT_SILU:
        return x / (1 + exp(-x));
    case FV_ACT_MISH:
        return x * tanh(fmax(x, 0) + log1p(exp(-fabs(x))));
    case FV_ACT_GELU:
        return x * erfc(-x * sqrt(0.5)) / 2;
    case FV_ACT_GELU_TANH:
        return x / (1 + exp(-2 * u));
    default:
        return x;
    }
}

/* What a rounding of u costs exp(u), far below 0; and exp(x) below 1.6e-38 is 0. */
static double allowed(fv_act kind, double x, double want) {
    const double more = kind == FV_ACT_GELU_TANH && x < 0 ? 1 - x * x * x : 1;
    return 5e-7 * fabs(want) * more + 1.7e-38 * (1 + fabs(x));
}

/* Relative error at most 5e-7 from 1e-6 to the end of the range, both signs. */
static void test_activations(void **state) {
    (void)state;
    static float x[MOST], y[MOST];
    int64_t n = 0;
    for (double v = 1e-6; v < 80 && n + 2 <= MOST; v *= 1.009) {
        x[n++] = (float)v;
        x[n++] = (float)-v;
    }
    EVERY_ISA(k)
    for (int a = FV_ACT_NONE; a < FV_ACTS; a++) {
        k->act((fv_act)a, 1, n, x, 0, y, 0, 0.25f, second((fv_act)a));
        for (int64_t i = 0; i < n; i++) {
            const double want = exact((fv_act)a, (double)x[i]);
            near("activation", k, i, (double)y[i], want, allowed((fv_act)a, (double)x[i], want));
        }
        /* Rows, in place, and nothing beside them. */
        for (int64_t i = 0; i < n; i++) y[i] = x[i];
        k->act((fv_act)a, 3, 7, y, 11, y, 11, 0.25f, second((fv_act)a));
        for (int64_t i = 0; i < 60; i++) {
            const bool inside = i < 33 && i % 11 < 7;
            const double want = inside ? exact((fv_act)a, (double)x[i]) : (double)x[i];
            near("activation in place", k, i, (double)y[i], want, 5e-7 * fabs(want) + 1e-37);
        }
    }
}

static void test_special(void **state) {
    (void)state;
    const float in[] = {INFINITY, -INFINITY, NAN, 0.0f, 1e30f, -1e30f, 200.0f, -200.0f};
    float y[8];
    EVERY_ISA(k) {
        k->act(FV_ACT_TANH, 1, 8, in, 0, y, 0, 0, 0);
        assert_true(y[0] == 1 && y[1] == -1 && isnan(y[2]) && y[3] == 0 && y[4] == 1);
        k->act(FV_ACT_SIGMOID, 1, 8, in, 0, y, 0, 0, 0);
        assert_true(y[0] == 1 && y[1] < 1e-37f && isnan(y[2]) && y[3] == 0.5f && y[7] < 1e-37f);
        k->act(FV_ACT_ELU, 1, 8, in, 0, y, 0, 1, 0);
        assert_true(isinf(y[0]) && y[1] == -1 && isnan(y[2]) && y[5] == -1);
        for (int a = FV_ACT_NONE; a < FV_ACTS; a++) {
            k->act((fv_act)a, 1, 8, in, 0, y, 0, 0.25f, second((fv_act)a));
            assert_true(isnan(y[2]) && (y[0] >= 0.25f || a == FV_ACT_SOFTSIGN));
        }
        for (int a = FV_ACT_SILU; a <= FV_ACT_GELU_TANH; a++) {
            k->act((fv_act)a, 1, 8, in, 0, y, 0, 0, 0);
            assert_true(y[3] == 0 && y[4] == 1e30f && y[5] == 0 && y[6] == 200 && y[7] == 0);
        }
        k->act(FV_ACT_HARD_SWISH, 1, 8, in, 0, y, 0, 0, 0);
        assert_true(isinf(y[0]) && y[1] == 0 && y[5] == 0 && y[6] == 200);
        const float total = k->exp_shift(8, in, 0, y);
        assert_true(isnan(total) && y[1] == 0 && isnan(y[2]) && y[3] == 1 && y[7] == 0);
    }
}

static void test_gradients(void **state) {
    (void)state;
    float x[77], y[77], dy[77], dx[77];
    fill(x, 77, 12);
    fill(dy, 77, 13);
    EVERY_ISA(k)
    for (int a = FV_ACT_NONE; a < FV_ACTS; a++)
        for (int add = 0; add < 2; add++) {
            if (!fv__act_has_gradient((fv_act)a)) continue;
            k->act((fv_act)a, 1, 77, x, 0, y, 0, 0.25f, second((fv_act)a));
            for (int i = 0; i < 77; i++) dx[i] = 100;
            k->act_grad((fv_act)a, 76, y, dy, dx, 0.25f, second((fv_act)a), add == 1);
            for (int i = 0; i < 76; i++) {
                const double e = 1e-6, v = (double)x[i];
                const double slope = (exact((fv_act)a, v + e) - exact((fv_act)a, v - e)) / (2 * e);
                near("gradient", k, i, (double)dx[i] - (add ? 100 : 0), slope * (double)dy[i],
                     add ? 2e-5 : 2e-6);
            }
            assert_true(dx[76] == 100);
        }
}

static void test_to_seconds(void **state) {
    (void)state;
    enum { N = 70 };
    static float x[N], y[2 * N + GUARD];
    fill(x, N, 18);
    EVERY_ISA(k)
    for (int64_t n = 0; n <= N; n++)
        for (int add = 0; add <= 1; add++) {
            for (int i = 0; i < 2 * N + GUARD; i++) y[i] = (float)i;
            k->to_seconds(n, x, y, add);
            for (int64_t i = 0; i < 2 * N + GUARD; i++) {
                const float was = (float)i, put = i % 2 == 0 && i / 2 < n ? x[i / 2] : was;
                assert_true(y[i] == (add && put != was ? was + put : put));
            }
        }
}

static void test_winograd_filter(void **state) {
    (void)state;
    enum { N = 70, STEP = 75, APART = 80 };
    static float x[3 * STEP], y[4 * APART + 1];
    static const float g[2][3] = {{0.5f, -0.75f, 1.25f}, {2, 0.125f, -1}};
    fill(x, 3 * STEP, 15);
    EVERY_ISA(k)
    for (int64_t n = 1; n <= N; n++)
        for (int pairs = 1; pairs <= 2; pairs++) {
            for (int i = 0; i < 4 * APART + 1; i++) y[i] = 7;
            k->winograd_filter(n, x, STEP, pairs, g, y, APART);
            for (int64_t i = 0; i < 4 * APART + 1; i++) {
                const int64_t q = i / APART, at = i % APART;
                if (q >= 2 * pairs || at >= n) {
                    assert_true(y[i] == 7);
                    continue;
                }
                const float *of = g[q / 2];
                const double middle = (q % 2 ? -1.0 : 1.0) * (double)of[1];
                near("winograd_filter", k, n, (double)y[i],
                     (double)of[0] * (double)x[at] + middle * (double)x[STEP + at] +
                         (double)of[2] * (double)x[2 * STEP + at],
                     1e-5);
            }
        }
}

/* It is the transpose: what it makes of y meets any numbers m as y meets what is made of them. */
static void test_winograd_dy(void **state) {
    (void)state;
    enum { ROWS = 3, MOST_ACROSS = 13, LD = 4 * MOST_ACROSS + 3, STEP = ROWS * MOST_ACROSS + 2 };
    static float y[4 * ROWS * LD], m[36 * STEP], made[36 * STEP + 1];
    static float results[16 * ROWS * MOST_ACROSS], work[FV_WINOGRAD_WORK(ROWS * MOST_ACROSS)];
    const fv_gemm_after nothing = {0};
    fill(y, 4 * ROWS * LD, 16);
    fill(m, 36 * STEP, 17);
    EVERY_ISA(k)
    for (int64_t across = 1; across <= MOST_ACROSS; across++)
        for (int64_t rows = 1; rows <= ROWS; rows++) {
            const int64_t wide = 4 * across, tiles = rows * across;
            double here = 0, there = 0, size = 0;
            for (int i = 0; i < 36 * STEP + 1; i++) made[i] = 7;
            k->winograd_dy(rows, across, y, LD, work, made, STEP);
            k->winograd_out(rows, across, m, STEP, work, 0, &nothing, results, 4 * rows, wide);
            for (int64_t i = 0; i < 4 * rows * wide; i++)
                here += (double)y[i / wide * LD + i % wide] * (double)results[i];
            for (int64_t i = 0; i < 36 * STEP + 1; i++) {
                if (i >= 36 * STEP || i % STEP >= tiles) {
                    assert_true(made[i] == 7);
                    continue;
                }
                there += (double)made[i] * (double)m[i];
                size += fabs((double)made[i] * (double)m[i]);
            }
            near("winograd_dy", k, tiles, there / size, here / size, 1e-6);
        }
}

static void test_sums(void **state) {
    (void)state;
    static float x[MOST], y[MOST];
    fill(x, MOST, 14);
    EVERY_ISA(k)
    for (int64_t n = 1; n < 300; n += 1 + n / 7) {
        double sum = 0, square = 0, exps = 0, sums[2] = {0, 0};
        float largest = x[0], two[2];
        for (int64_t i = 0; i < n; i++) {
            sum += (double)x[i];
            square += ((double)x[i] - 0.5) * ((double)x[i] - 0.5);
            exps += exp((double)x[i] - 2);
            largest = x[i] > largest ? x[i] : largest;
            sums[0] += (double)x[i + 1];
            sums[1] += (double)x[i + 1] * ((double)x[i] - 0.5);
        }
        near("sum", k, n, (double)k->sum(n, x), sum, 1e-4);
        near("square_sum", k, n, (double)k->square_sum(n, x, 0.5f), square, 1e-3);
        near("largest", k, n, (double)k->largest(n, x), (double)largest, 0);
        for (int64_t i = 0; i < n + 1; i++) y[i] = 7;
        near("exp_shift", k, n, (double)k->exp_shift(n, x, 2, y), exps, 1e-4);
        assert_true(y[n] == 7);
        k->bn_sums(n, x, x + 1, 0.5f, two);
        near("bn_sums", k, 0, (double)two[0], sums[0], 1e-4);
        near("bn_sums", k, 1, (double)two[1], sums[1], 1e-3);
    }
}

static double exact_unary(fv_unary kind, double x) {
    switch (kind) {
    case FV_UNARY_EXP:
        return exp(x);
    case FV_UNARY_LOG:
        return log(x);
    case FV_UNARY_SQRT:
        return sqrt(x);
    case FV_UNARY_NEG:
        return -x;
    case FV_UNARY_ABS:
        return fabs(x);
    case FV_UNARY_RECIPROCAL:
        return 1 / x;
    default:
        return pow(x, 0.75);
    }
}

static double exact_binary(fv_binary kind, double a, double b) {
    switch (kind) {
    case FV_BINARY_ADD:
        return a + b;
    case FV_BINARY_SUB:
        return a - b;
    case FV_BINARY_MUL:
        return a * b;
    case FV_BINARY_DIV:
        return a / b;
    case FV_BINARY_MAX:
        return a > b ? a : b;
    default:
        return a < b ? a : b;
    }
}

/* Over the whole range: both signs for what takes them, and beside 1 for the logarithm. */
static void test_unary(void **state) {
    (void)state;
    static float x[MOST], y[MOST];
    const float special[] = {0, -1, INFINITY, -INFINITY, NAN, 1e-42f};
    EVERY_ISA(k)
    for (int kind = FV_UNARY_EXP; kind <= FV_UNARY_POWER; kind++) {
        const bool positive =
            kind == FV_UNARY_LOG || kind == FV_UNARY_SQRT || kind >= FV_UNARY_POWER;
        int64_t n = 0;
        const double most = kind == FV_UNARY_EXP ? 88.7 : 1e37;
        for (double v = 1e-37; v < most && n + 3 < MOST; v *= 1.15) {
            x[n++] = (float)v;
            if (v < 0.1) x[n++] = (float)(1 + v);
            if (!positive && v < 87) x[n++] = (float)-v;
        }
        y[n] = 7;
        k->unary((fv_unary)kind, n, x, y, 0.75f);
        for (int64_t i = 0; i < n; i++) {
            const double want = exact_unary((fv_unary)kind, (double)x[i]);
            const double part = kind == FV_UNARY_POWER ? 6e-6 : 5e-7;
            near("unary", k, i, (double)y[i], want, part * fabs(want) + 1e-37);
        }
        assert_true(y[n] == 7);
        k->unary((fv_unary)kind, 6, special, y, 0.75f);
        for (int64_t i = 0; i < 6; i++) {
            const double want = exact_unary((fv_unary)kind, (double)special[i]);
            if (kind == FV_UNARY_POWER && special[i] < 0) continue;
            if (isnan(want) || isinf((float)want))
                assert_true(isnan(want) ? isnan(y[i]) : y[i] == (float)want);
            else
                near("unary", k, i, (double)y[i], want, 1e-5 * fabs(want));
        }
    }
}

static void test_binary(void **state) {
    (void)state;
    static float a[MOST], b[MOST], y[MOST];
    fill(a, MOST, 15);
    fill(b, MOST, 16);
    a[3] = b[5] = NAN;
    EVERY_ISA(k)
    for (int kind = FV_BINARY_ADD; kind <= FV_BINARY_MIN; kind++)
        for (int by = 0; by < 4; by++)
            for (int64_t n = 1; n < 80; n += 1 + n / 5) {
                const int64_t a_by = by & 1, b_by = by >> 1;
                y[n] = 7;
                k->binary((fv_binary)kind, n, a, a_by == 1, b, b_by == 1, y);
                for (int64_t i = 0; i < n; i++) {
                    const double v = (double)a[a_by * i], w = (double)b[b_by * i];
                    const double want = exact_binary((fv_binary)kind, v, w);
                    if (isnan(v) || isnan(w))
                        assert_true(isnan(y[i]));
                    else
                        near("binary", k, i, (double)y[i], want, 1e-6 * fabs(want));
                }
                assert_true(y[n] == 7);
            }
}

/* (x - mean) * scale + shift on rows, each its own channel or all of one; nothing beside them. */
static void test_affine_rows(void **state) {
    (void)state;
    enum { ROWS = 3, LD = 45, CHANNELS = 5 };
    float x[ROWS * LD], y[ROWS * LD], of[3 * CHANNELS];
    fill(x, ROWS * LD, 21);
    fill(of, 3 * CHANNELS, 22);
    EVERY_ISA(k)
    for (int64_t n = 1; n < 40; n++)
        for (int how = 0; how < 4; how++) {
            const bool relu = how & 1, each = how & 2;
            memcpy(y, x, sizeof y);
            k->affine_rows(ROWS, n, y, LD, of + 1, CHANNELS, each, relu, y, LD);
            for (int64_t i = 0; i < ROWS * LD; i++) {
                const float *c = of + 1 + (each ? i / LD : 0);
                double want =
                    ((double)x[i] - (double)c[0]) * (double)c[CHANNELS] + (double)c[2 * CHANNELS];
                if (relu && want < 0) want = 0;
                if (i % LD >= n) want = (double)x[i];
                near("affine_rows", k, i, (double)y[i], want, 2e-6);
            }
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),      cmocka_unit_test(test_gemm),
        cmocka_unit_test(test_after),       cmocka_unit_test(test_pack),
        cmocka_unit_test(test_dot),         cmocka_unit_test(test_transpose),
        cmocka_unit_test(test_activations), cmocka_unit_test(test_special),
        cmocka_unit_test(test_gradients),   cmocka_unit_test(test_winograd_filter),
        cmocka_unit_test(test_winograd_dy), cmocka_unit_test(test_to_seconds),
        cmocka_unit_test(test_sums),        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_gemm),        cmocka_unit_test(test_dot_halves),
        cmocka_unit_test(test_pack),        cmocka_unit_test(test_dot),
        cmocka_unit_test(test_transpose),   cmocka_unit_test(test_activations),
        cmocka_unit_test(test_special),     cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_sums),        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_binary),      cmocka_unit_test(test_affine_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
