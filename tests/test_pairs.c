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

typedef struct frame_case {
    int depth;
    bool split;
    int64_t h, w, sh, sw, row, col, rows, pitch;
} frame_case;

/* The number that half `e` has at (r, c) of its frame; fv_pair_half says what may be done to it. */
static float number_of(const frame_case *f, const fv_pair_half *half, int64_t r, int64_t c) {
    r = half->row + r * f->sh;
    c = half->col + c * f->sw;
    if (!half->plane || r < 0 || r >= f->h || c < 0 || c >= f->w) return 0;
    return half->plane[r * f->w + c];
}

static void check_frame(const fv_kernels *k, const frame_case *f) {
    enum { MOST = 4096, PLANES = 5 };
    static float x[PLANES][MOST];
    static uint32_t words[2][16 * 400 + FRAME];
    fv_pair_half half[2 * FV_PAIRS_DEPTH];
    const int64_t count = f->rows * f->pitch * f->depth;
    for (int p = 0; p < PLANES; p++) /* the first rows have moderate numbers alone */
        for (int64_t i = 0; i < f->h * f->w; i++)
            x[p][i] = i < 2 * f->w ? (float)normal(7, i + 5000 * p) : any(i + 5000 * p);
    for (int e = 0; e < 2 * f->depth; e++)
        half[e] = (fv_pair_half){.plane = (f->rows + e) % 4 ? x[e % PLANES] : NULL,
                                 .row = f->row + e % 3,
                                 .col = f->col - e % 2 * 2};
    memset(words, 0x5c, sizeof words);
    k->pairs_pack(f->depth, half, f->h, f->w, f->sh, f->sw, f->rows, f->pitch, words[0],
                  f->split ? words[1] : NULL);
    for (int64_t at = 0; at < count + FRAME; at++) {
        uint32_t high[2] = {0}, low[2] = {0};
        for (int64_t e = 0, px = at / f->depth; at < count && e < 2; e++) {
            const float v =
                number_of(f, &half[at % f->depth * 2 + e], px / f->pitch, px % f->pitch);
            fv__bf16_split(v, &high[e], &low[e]);
            if (!f->split) high[e] = fv__bf16_round(fv__float_bits(v));
        }
        assert_int_equal(words[0][at], at < count ? high[0] >> 16 | high[1] : 0x5c5c5c5c);
        assert_int_equal(words[1][at], at < count && f->split ? low[0] >> 16 | low[1] : 0x5c5c5c5c);
    }
}

static void test_frames(void **state) {
    (void)state;
    EVERY_ISA(k)
    for (int i = 0; i < 120; i++) {
        const frame_case f = {.depth = i % 4 > 1 ? FV_PAIRS_DEPTH : 1,
                              .split = i % 2,
                              .w = 1 + i * 5 % 47,
                              .h = 1 + i % 9,
                              .sh = i / 4 % 2 + 1,
                              .sw = i % 3 + 1,
                              .row = i % 4 - 2,
                              .col = i % 5 - 3,
                              .rows = 1 + i % 7,
                              .pitch = 1 + i * 7 % 50};
        check_frame(k, &f);
    }
}

#define OUT_PLANE 70 /* floats from filter to filter of what test_out writes */

typedef struct out_runs {
    int32_t begin[16];
    fv_pairs_run run[64];
} out_runs;

/* Every sum wanted but those of columns 5 and 31, from column to column. */
static void some_runs(out_runs *o, int64_t cols) {
    int32_t count = 0;
    for (int32_t j = 0; j < cols; j++) {
        if (j % 16 == 0) o->begin[j / 16] = count;
        if (j == 5 || j == 31) continue;
        if (count > 0 && j % 16 != 0 && j != 6)
            o->run[count - 1].count++;
        else
            o->run[count++] = (fv_pairs_run){j % 16, 1, j < 32 ? j : j - 32, j / 32};
    }
    o->begin[(cols + 15) / 16] = count;
}

static void check_out(const fv_kernels *k, int64_t rows, int64_t cols, int kind) {
    static float x[64 * 48], y[2 * 40 * OUT_PLANE], added[3 * 40 * OUT_PLANE];
    static float bias[40];
    const bool across = kind % 2;
    const int64_t ldx = across ? 33 + 15 : 64;
    out_runs runs;
    for (int i = 0; i < 64 * 48; i++) x[i] = (float)normal(3, i);
    for (int i = 0; i < 3 * 40 * OUT_PLANE; i++) added[i] = (float)normal(4, i);
    for (int i = 0; i < 40; i++) bias[i] = (float)normal(5, i);
    for (int i = 0; i < 2 * 40 * OUT_PLANE; i++) y[i] = 7;
    some_runs(&runs, cols + 7); /* columns that nobody computed are not written */
    const fv_pairs_out o = {.begin = runs.begin,
                            .run = runs.run,
                            .bias = kind / 2 % 2 ? bias : NULL,
                            .y = y,
                            .to_plane = OUT_PLANE,
                            .y_step = 40 * OUT_PLANE,
                            .added_step = 50 * OUT_PLANE,
                            .after = {.added = kind / 4 % 2 ? added : NULL,
                                      .bounded = kind / 8 % 2,
                                      .low = -0.5f,
                                      .high = 1},
                            .across = across};
    k->pairs_out(&o, rows, 0, cols, x, ldx);
    for (int64_t s = 0; s < 2; s++)
        for (int64_t r = 0; r < 40; r++)
            for (int64_t at = 0; at < OUT_PLANE; at++) {
                const int64_t j = s * 32 + at;
                float want = 7;
                if (r < rows && at < 32 && j < cols && j != 5 && j != 31) {
                    want = (across ? x[j * ldx + r] : x[r * ldx + j]) + (o.bias ? bias[r] : 0);
                    if (o.after.added) want += added[s * o.added_step + r * OUT_PLANE + at];
                    if (o.after.bounded) want = want < -0.5f ? -0.5f : want > 1 ? 1 : want;
                }
                assert_true(y[s * o.y_step + r * OUT_PLANE + at] == want);
            }
}

static void test_out(void **state) {
    (void)state;
    EVERY_ISA(k)
    for (int kind = 0; kind < 16; kind++)
        for (int64_t rows = 1; rows <= 32; rows += 1 + rows / 3)
            for (int64_t cols = 1; cols <= 48; cols += 1 + cols / 4) check_out(k, rows, cols, kind);
}

/* ------------------------------------------------------------------------------- products --- */

enum {
    STEPS = 7,
    COLUMNS = 96,
    A_WORDS = STEPS * 32 * 16,
    B_WORDS = 16 * (COLUMNS + 16 + 20),
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
    for (int i = 0; i < STEPS; i++) f->off[i] = i * 11 % 17 * 16;
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
                const int64_t tile = s * (form->rows / form->tile) + r / form->tile;
                const int64_t at = (tile * form->depth + q) * form->tile + r % form->tile;
                const int64_t from = f->off[s] + j * form->depth + q;
                const double a = (double)half_of(f->a[0][at], e),
                             b = (double)half_of(f->b[0][from], e);
                const double al = (double)half_of(f->a[1][at], e);
                const double bl = (double)half_of(f->b[1][from], e);
                sum += split ? a * b + a * bl + al * b : a * b;
            }
    return sum;
}

/* What is to become of sums: they are kept, row by row. */
typedef struct kept {
    fv_pairs_out out;
    bool across;
    float *c;
} kept;

static void keep(const fv_pairs_out *o, int64_t rows, int64_t first, int64_t cols, const float *c,
                 int64_t ldc) {
    const kept *to = (const kept *)o;
    assert_int_equal(first % 16, 0);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < cols; j++)
            to->c[r * LD + first + j] = to->across ? c[j * ldc + r] : c[r * ldc + j];
}

static void multiply(const fv_kernels *k, const factors *f, bool split, int64_t rows, int64_t cols,
                     int64_t steps, float *c) {
    const kept to = {.out = {.done = keep}, .across = k->form.depth > 1, .c = c};
    const fv_pairs_product p = {.rows = rows,
                                .cols = cols,
                                .steps = steps,
                                .a_hi = f->a[0],
                                .a_lo = split ? f->a[1] : NULL,
                                .b_hi = f->b[0],
                                .b_lo = split ? f->b[1] : NULL,
                                .off = f->off,
                                .cold = steps % 2 == 0,
                                .more = cols % 2 == 0};
    memset(c, 0x5c, sizeof(float) * 33 * LD);
    k->pairs(&p, &to.out);
}

static void check_product(const fv_kernels *k, const factors *f, bool split, int64_t rows,
                          int64_t cols, int64_t steps) {
    static float c[33 * LD];
    multiply(k, f, split, rows, cols, steps, c);
    for (int64_t r = 0; r < 33; r++)
        for (int64_t j = 0; j < LD; j++) {
            const float got = c[r * LD + j];
            if (r >= rows || j >= cols)
                assert_int_equal(fv__float_bits(got), 0x5c5c5c5c); /* nobody's */
            else if (fabs((double)got - exact(f, &k->form, split, steps, r, j)) > 1e-4)
                fail_msg("%s: %lld rows, %lld columns: (%lld, %lld) is %g, expected %g", k->name,
                         (long long)rows, (long long)cols, (long long)r, (long long)j, (double)got,
                         exact(f, &k->form, split, steps, r, j));
        }
}

static void check_products(const fv_kernels *k) {
    static factors f;
    draw(&f, false);
    for (int64_t rows = 1; rows <= k->form.rows; rows += 1 + rows / 4)
        for (int64_t cols = 1; cols <= COLUMNS; cols += 1 + cols / 3) {
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
    multiply(a, f, split, a->form.rows, COLUMNS, STEPS, x);
    multiply(b, f, split, a->form.rows, COLUMNS, STEPS, y);
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
