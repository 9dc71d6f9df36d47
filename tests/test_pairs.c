/* SPDX-License-Identifier: MIT */
/*
 * Products of bf16 pairs: rounding and packing bit by bit for every set of instructions, the
 * products in plain C against double, and the processor's own against those bit by bit. Layers of
 * networks: test_pairs_layers.c.
 */
#include "carry.h"

#include "kern/bf16.h"
#include "kern/kern.h"
#include "kern/pairs_plain.h"

#include <float.h>

#define FRAME 64 /* words behind what is written */

#define EVERY_ISA(k)                                                                               \
    for (int isa_ = 0; isa_ < FV_ISAS; isa_++)                                                     \
        for (fv_kernels table_, *k = &table_;                                                      \
             k && fv__isa_supported(isa_) && fv__kernels(isa_, &table_); k = NULL)

static uint32_t bits(int64_t i) {
    return fv__random_u32((fv_key){17, 3}, (uint64_t)i);
}

/* ------------------------------------------------------------------------------- rounding --- */

static void test_rounding(void **state) {
    (void)state;
    uint32_t hi, lo;
    assert_int_equal(fv__bf16_round(fv__float_bits(1.0f)), fv__float_bits(1.0f));
    assert_int_equal(fv__bf16_round(0x3f808000), 0x3f800000); /* halfway: to the even one */
    assert_int_equal(fv__bf16_round(0x3f818000), 0x3f820000);
    assert_int_equal(fv__bf16_round(0x3f808001), 0x3f810000);
    assert_int_equal(fv__bf16_round(fv__float_bits(FLT_MAX)), 0x7f7f0000); /* stays finite */
    assert_int_equal(fv__bf16_round(0xff800000), 0xff800000);
    assert_true(isnan(fv__bits_float(fv__bf16_round(0x7f800001)))); /* the low half alone says so */
    for (int64_t i = 0; i < 20000; i++) {
        const float x = fv__bits_float(bits(i));
        fv__bf16_split(x, &hi, &lo);
        const double sum = (double)fv__bits_float(hi) + (double)fv__bits_float(lo);
        if (isnan(x))
            assert_true(isnan(sum) && hi == 0);
        else if (isinf(x))
            assert_true(sum == (double)x && hi == 0);
        else if (fabsf(x) > 1e-30f && fabsf(x) < 3.3e38f)
            assert_true(fabs(sum - (double)x) <= fabs((double)x) * 0x1p-16);
    }
}

/* Numbers of every kind. */
static float any(int64_t i) {
    static const float odd[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, FLT_MAX, -FLT_MAX, 1e-40f};
    return i % 5 ? (float)normal(2, i) : odd[bits(i) % 8];
}

static void check_frame(const fv_kernels *k, int64_t h, int64_t w, int64_t sh, int64_t sw,
                        int64_t row, int64_t col, int64_t rows, int64_t pitch, bool split) {
    enum { MOST = 4096 };
    static float x[2][MOST];
    static uint32_t hi[MOST + FRAME], lo[MOST + FRAME];
    const fv_pair_half half[2] = {
        {.plane = x[0], .row = row, .col = col},
        {.plane = rows % 4 ? x[1] : NULL, .row = row + 1, .col = col - 2}};
    for (int64_t i = 0; i < h * w; i++) x[0][i] = any(i), x[1][i] = any(i + 5000);
    memset(hi, 0x5c, sizeof hi);
    memset(lo, 0x5c, sizeof lo);
    k->pairs_pack(half, h, w, sh, sw, rows, pitch, hi, split ? lo : NULL);
    for (int64_t at = 0; at < rows * pitch + FRAME; at++) {
        uint32_t high[2], low[2];
        for (int e = 0; e < 2; e++) {
            const int64_t r = half[e].row + at / pitch * sh, c = half[e].col + at % pitch * sw;
            const bool in = half[e].plane && r >= 0 && r < h && c >= 0 && c < w;
            const float v = in ? half[e].plane[r * w + c] : 0;
            fv__bf16_split(v, &high[e], &low[e]);
            if (!split) high[e] = fv__bf16_round(fv__float_bits(v));
        }
        const bool mine = at < rows * pitch;
        assert_int_equal(hi[at], mine ? high[0] >> 16 | high[1] : 0x5c5c5c5c);
        assert_int_equal(lo[at], mine && split ? low[0] >> 16 | low[1] : 0x5c5c5c5c);
    }
}

static void test_frames(void **state) {
    (void)state;
    EVERY_ISA(k)
    for (int i = 0; i < 60; i++) {
        const int64_t stride = i % 3 + 1, w = 1 + i * 5 % 47, h = 1 + i % 9;
        check_frame(k, h, w, i % 2 + 1, stride, i % 4 - 2, i % 5 - 3, 1 + i % 7, 1 + i * 7 % 50,
                    i % 2);
    }
}

static void test_out(void **state) {
    (void)state;
    static float x[2048], added[2048], y[2048];
    for (int i = 0; i < 2048; i++) x[i] = (float)normal(3, i), added[i] = (float)normal(4, i);
    EVERY_ISA(k)
    for (int i = 0; i < 24; i++) {
        const int64_t rows = 1 + i % 5, n = 1 + i * 3, ldx = n + i % 3, ldy = n + i % 2;
        const fv_gemm_after after = {
            .added = i % 3 ? added : NULL, .bounded = i % 4 > 1, .low = 0, .high = 1};
        for (int j = 0; j < 2048; j++) y[j] = 7;
        k->pairs_out(rows, n, x, ldx, 0.25f, &after, y, ldy);
        for (int64_t j = 0; j < rows * ldy + FRAME; j++) {
            float want = 7;
            if (j % ldy < n && j < rows * ldy) {
                want = x[j / ldy * ldx + j % ldy] + 0.25f + (after.added ? added[j] : 0);
                if (after.bounded) want = want < 0 ? 0 : want > 1 ? 1 : want;
            }
            assert_true(y[j] == want);
        }
    }
}

/* ------------------------------------------------------------------------------- products --- */

enum {
    STEPS = 7,
    PLANE = 208,
    A_WORDS = STEPS * 32 * 16,
    B_WORDS = 16 * PLANE + 2 * PLANE,
    LD = 112
};

typedef struct factors {
    uint32_t a[2][A_WORDS], b[2][B_WORDS];
    int32_t off[STEPS];
} factors;

/* Words of moderate numbers, or of any bits. */
static uint32_t word(int64_t i, bool wild) {
    if (wild) return bits(i);
    const uint32_t x = fv__bf16_round(fv__float_bits((float)normal(5, 2 * i)));
    return x >> 16 | fv__bf16_round(fv__float_bits((float)normal(5, 2 * i + 1)));
}

static void draw(factors *f, bool wild) {
    for (int e = 0; e < 2; e++) {
        for (int i = 0; i < A_WORDS; i++) f->a[e][i] = word(i + 100000 * e, wild);
        for (int i = 0; i < B_WORDS; i++) f->b[e][i] = word(i + 100000 * e + 50000, wild);
    }
    for (int i = 0; i < STEPS; i++) f->off[i] = i * 11 % 17;
}

static float half_of(uint32_t w, int e) {
    return fv__bits_float(e ? w & 0xffff0000 : w << 16);
}

/* What number (r, j) of the product is, in double. */
static double exact(const factors *f, const fv_pairs_form *form, bool split, int64_t steps,
                    int64_t r, int64_t j) {
    double sum = 0;
    for (int64_t s = 0; s < steps; s++)
        for (int64_t q = 0; q < form->depth; q++)
            for (int e = 0; e < 2; e++) {
                const int64_t at = ((s * (form->rows / form->tile) + r / form->tile) * form->tile +
                                    r % form->tile) *
                                       form->depth +
                                   q;
                const int64_t from = f->off[s] + q * PLANE + j;
                const double a = (double)half_of(f->a[0][at], e),
                             b = (double)half_of(f->b[0][from], e);
                const double al = (double)half_of(f->a[1][at], e);
                const double bl = (double)half_of(f->b[1][from], e);
                sum += split ? a * b + a * bl + al * b : a * b;
            }
    return sum;
}

static void multiply(const fv_kernels *k, const factors *f, bool split, int64_t rows, int64_t cols,
                     int64_t steps, float *c) {
    memset(c, 0x5c, sizeof(float) * 33 * LD);
    k->pairs(rows, cols, steps, f->a[0], split ? f->a[1] : NULL, f->b[0], split ? f->b[1] : NULL,
             PLANE, f->off, c, LD);
}

static void check_product(const fv_kernels *k, const factors *f, bool split, int64_t rows,
                          int64_t cols, int64_t steps) {
    static float c[33 * LD];
    const int64_t whole = (cols + 15) / 16 * 16;
    multiply(k, f, split, rows, cols, steps, c);
    for (int64_t r = 0; r < 33; r++)
        for (int64_t j = 0; j < LD; j++) {
            const float got = c[r * LD + j];
            if (r >= k->form.rows || j >= whole)
                assert_int_equal(fv__float_bits(got), 0x5c5c5c5c); /* nobody's */
            else if (r < rows && j < cols &&
                     fabs((double)got - exact(f, &k->form, split, steps, r, j)) > 1e-4)
                fail_msg("%s: %lld rows, %lld columns: (%lld, %lld) is %g, expected %g", k->name,
                         (long long)rows, (long long)cols, (long long)r, (long long)j, (double)got,
                         exact(f, &k->form, split, steps, r, j));
        }
}

static void check_products(const fv_kernels *k) {
    static factors f;
    draw(&f, false);
    for (int64_t rows = 1; rows <= k->form.rows; rows += 1 + rows / 4)
        for (int64_t cols = 1; cols <= 96; cols += 1 + cols / 3) {
            check_product(k, &f, false, rows, cols, 1 + (rows + cols) % STEPS);
            if (k->form.split) check_product(k, &f, true, rows, cols, 1 + (rows + cols) % STEPS);
        }
}

static void test_products(void **state) {
    fv_kernels table;
    (void)state;
    fv__fill_plain_tiles(&table);
    table.name = "tiles in plain C";
    check_products(&table);
    fv__fill_plain_dots(&table);
    table.name = "dots in plain C";
    check_products(&table);
    EVERY_ISA(k) if (k->pairs) check_products(k);
}

/* The processor's instructions and plain C give the same bits, of any numbers; of what is not one,
   that it is none. */
static void compare_bits(const fv_kernels *a, const fv_kernels *b, const factors *f, bool split) {
    static float x[33 * LD], y[33 * LD];
    multiply(a, f, split, a->form.rows, 96, STEPS, x);
    multiply(b, f, split, a->form.rows, 96, STEPS, y);
    for (int i = 0; i < 33 * LD; i++)
        if (!(isnan(x[i]) && isnan(y[i])) && fv__float_bits(x[i]) != fv__float_bits(y[i]))
            fail_msg("%s: number %d is %a, in plain C %a", a->name, i, (double)x[i], (double)y[i]);
}

static void test_same_bits(void **state) {
    static factors f;
    int compared = 0;
    (void)state;
    EVERY_ISA(k) {
        fv_kernels plain;
        if (!k->pairs) continue;
        if (k->form.split)
            fv__fill_plain_tiles(&plain);
        else
            fv__fill_plain_dots(&plain);
        for (int wild = 0; wild < 2; wild++) {
            draw(&f, wild == 1);
            compare_bits(k, &plain, &f, false);
            if (k->form.split) compare_bits(k, &plain, &f, true);
        }
        print_message("%s: the same bits as in plain C\n", k->name);
        compared++;
    }
    if (!compared) skip(); /* this processor has no such products */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounding), cmocka_unit_test(test_frames), cmocka_unit_test(test_out),
        cmocka_unit_test(test_products), cmocka_unit_test(test_same_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
