/* SPDX-License-Identifier: MIT */
/*
 * element.inc.h - functions of one number and of two, along vectors.
 *
 * log: x = 2^e m with sqrt(1/2) <= m < sqrt(2), and a polynomial for log(m) (coefficients of
 * S. Moshier's Cephes library, logf).
 */

/* Correct to 2e-7 of the result for all x above 0, denormal ones too; -inf, inf and NaN as usual.
 */
INLINE vec v_log(vec x) {
    const vec zero = v_zero(), one = v_set(1.0f), least = v_set(1.17549435e-38f);
    const vec large = v_where_gt(least, x, x * v_set(8388608.0f), x);
    const ivec bits = v_bits(large);
    vec e = __builtin_convertvector(((bits >> 23) & 255) - 126, vec);
    vec m = v_float((bits & 0x7fffff) | 0x3f000000); /* in [1/2, 1) */
    const vec half = v_set(0.707106781186547524f);
    e = e - v_where_gt(half, m, one, zero) - v_where_gt(least, x, v_set(23.0f), zero);
    m = v_where_gt(half, m, m + m, m) - one;
    const vec square = m * m;
    vec p = v_set(7.0376836292e-2f);
    p = v_fma(p, m, v_set(-1.1514610310e-1f));
    p = v_fma(p, m, v_set(1.1676998740e-1f));
    p = v_fma(p, m, v_set(-1.2420140846e-1f));
    p = v_fma(p, m, v_set(1.4249322787e-1f));
    p = v_fma(p, m, v_set(-1.6668057665e-1f));
    p = v_fma(p, m, v_set(2.0000714765e-1f));
    p = v_fma(p, m, v_set(-2.4999993993e-1f));
    p = v_fma(p, m, v_set(3.3333331174e-1f));
    p = v_fma(e, v_set(-2.12194440e-4f), p * m * square);
    p = v_fma(square, v_set(-0.5f), p) + m;
    vec y = v_fma(e, v_set(0.693359375f), p);
    y = v_where_gt(x, v_set(3.4028234e38f), x, y);
    const vec none = v_where_gt(v_abs(x), zero, v_set(__builtin_nanf("")), x - __builtin_inff());
    return v_where_gt(x, zero, y, none);
}

/* exp over the whole range, from denormal numbers to infinity, by the half's square. */
INLINE vec v_exp_wide(vec x) {
    const vec root = v_exp(x * v_set(0.5f));
    return root * root;
}

#define ELEMENTS(FORMULA)                                                                          \
    EACH(n, {                                                                                      \
        const vec v = v_get(x + i, m);                                                             \
        v_put(y + i, FORMULA, m);                                                                  \
    });                                                                                            \
    break

static void unary(fv_unary kind, int64_t n, const float *x, float *y, float p) {
    const vec vp = v_set(p), one = v_set(1.0f), zero = v_zero();
    switch (kind) {
    case FV_UNARY_EXP:
        ELEMENTS(v_exp_wide(v));
    case FV_UNARY_LOG:
        ELEMENTS(v_log(v));
    case FV_UNARY_SQRT:
        ELEMENTS(v_sqrt(v));
    case FV_UNARY_NEG:
        ELEMENTS(zero - v);
    case FV_UNARY_ABS:
        ELEMENTS(v_abs(v));
    case FV_UNARY_RECIPROCAL:
        ELEMENTS(one / v);
    case FV_UNARY_POWER:
        ELEMENTS(v_exp_wide(vp * v_log(v)));
    }
}
#undef ELEMENTS

/* One formula for both factors moving, or one of them standing still. */
#define PAIRS(FORMULA)                                                                             \
    if (a_by && b_by)                                                                              \
        EACH(n, {                                                                                  \
            const vec v = v_get(a + i, m), w = v_get(b + i, m);                                    \
            v_put(y + i, FORMULA, m);                                                              \
        });                                                                                        \
    else if (a_by)                                                                                 \
        EACH(n, {                                                                                  \
            const vec v = v_get(a + i, m), w = still;                                              \
            v_put(y + i, FORMULA, m);                                                              \
        });                                                                                        \
    else                                                                                           \
        EACH(n, {                                                                                  \
            const vec v = still, w = b_by ? v_get(b + i, m) : v_set(b[0]);                         \
            v_put(y + i, FORMULA, m);                                                              \
        });                                                                                        \
    break

static void binary(fv_binary kind, int64_t n, const float *a, bool a_by, const float *b, bool b_by,
                   float *y) {
    const vec still = v_set(a_by ? b[0] : a[0]), zero = v_zero();
    switch (kind) {
    case FV_BINARY_ADD:
        PAIRS(v + w);
    case FV_BINARY_SUB:
        PAIRS(v - w);
    case FV_BINARY_MUL:
        PAIRS(v * w);
    case FV_BINARY_DIV:
        PAIRS(v / w);
    case FV_BINARY_MAX: /* what is not a number wins */
        PAIRS(v_where_wins(w, v, w, v));
    case FV_BINARY_MIN:
        PAIRS(v_where_wins(zero - w, zero - v, w, v));
    }
}
#undef PAIRS
