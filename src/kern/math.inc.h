/* SPDX-License-Identifier: MIT */
/*
 * math.inc.h - exp, tanh and sigmoid on vectors, the activations and their gradients.
 *
 * exp: x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial for exp(r) - 1 (coefficients of
 * S. Moshier's Cephes library, expf). exp(r) - 1 rather than exp(r), because then
 * exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1) keeps its relative accuracy near 0, and with it
 * tanh(x) = (exp(2x) - 1) / (exp(2x) - 1 + 2) from one formula for all x. What is not a number
 * stays so.
 */

/* exp(r) - 1 and 2^n of x; x within [-87, 88]. */
INLINE vec expm1_parts(vec x, vec *power) {
    const vec magic = v_set(12582912.0f); /* 1.5 * 2^23: adding it rounds to a whole number */
    vec t = v_fma(x, v_set(1.44269504088896341f), magic);
    vec n = t - magic;
    /* ln 2 in two parts, the first with few enough bits that n times it is exact. */
    vec r = v_fma(n, v_set(-0.693359375f), x);
    r = v_fma(n, v_set(2.12194440e-4f), r);
    vec p = v_set(1.9875691500e-4f);
    p = v_fma(p, r, v_set(1.3981999507e-3f));
    p = v_fma(p, r, v_set(8.3334519073e-3f));
    p = v_fma(p, r, v_set(4.1665795894e-2f));
    p = v_fma(p, r, v_set(1.6666665459e-1f));
    p = v_fma(p, r, v_set(5.0000001201e-1f));
    /* unsigned, because any bits may come when x is not a number */
    *power = v_float((ivec)(((uvec)v_bits(t) << 23) + 0x3f800000u));
    return v_fma(p * r, r, r);
}

/* 0 below exp(-87) = 1.6e-38; no more than exp(88.3) = 2.2e38. */
INLINE vec v_exp(vec x) {
    const vec low = v_set(-87.0f);
    vec power, c = v_min(v_set(88.3f), v_max(low, x));
    vec e = expm1_parts(c, &power);
    return v_where_gt(low, x, v_zero(), v_fma(e, power, power));
}

INLINE vec v_expm1(vec x) {
    vec power, c = v_min(v_set(88.0f), v_max(v_set(-87.0f), x));
    vec e = expm1_parts(c, &power);
    return v_fma(e, power, power - v_set(1.0f));
}

INLINE vec v_tanh(vec x) {
    const ivec sign = v_bits(x) & (int32_t)0x80000000;
    /* tanh(9.1) rounds to 1. */
    vec power, c = v_min(v_set(18.5f), v_abs(x) * v_set(2.0f));
    vec e = expm1_parts(c, &power);
    e = v_fma(e, power, power - v_set(1.0f));
    vec y = e / (e + v_set(2.0f));
    return v_float(v_bits(y) | sign);
}

INLINE vec v_sigmoid(vec x) {
    vec power, c = v_min(v_set(88.0f), v_max(v_set(-87.0f), v_zero() - x));
    vec e = expm1_parts(c, &power);
    return v_set(1.0f) / (v_fma(e, power, power) + v_set(1.0f));
}

/* y = FORMULA of v = x, row by row. */
#define ACT(FORMULA)                                                                               \
    for (int64_t r = 0; r < rows; r++, x += ldx, y += ldy)                                         \
    EACH(n, {                                                                                      \
        vec v = v_get(x + i, m);                                                                   \
        v_put(y + i, FORMULA, m);                                                                  \
    })

static void act(fv_act kind, int64_t rows, int64_t n, const float *x, int64_t ldx, float *y,
                int64_t ldy, float p, float q) {
    const vec vp = v_set(p), vq = v_set(q), zero = v_zero();
    switch (kind) {
    case FV_ACT_NONE:
        ACT(v);
        break;
    case FV_ACT_RELU:
        ACT(v_max(zero, v));
        break; /* in this order a NaN stays one */
    case FV_ACT_CLIP:
        ACT(v_min(vq, v_max(vp, v)));
        break;
    case FV_ACT_LEAKY:
        ACT(v_where_gt(v, zero, v, v * vp));
        break;
    case FV_ACT_ELU:
        ACT(v_where_gt(v, zero, v, vp * v_expm1(v)));
        break;
    case FV_ACT_SIGMOID:
        ACT(v_sigmoid(v));
        break;
    case FV_ACT_TANH:
        ACT(v_tanh(v));
        break;
    case FV_ACT_SCALED_TANH:
        ACT(vp * v_tanh(vq * v));
        break;
    }
}
#undef ACT

/* dx = g, or dx += g. */
#define GRAD(FORMULA)                                                                              \
    EACH(n, {                                                                                      \
        vec s = v_get(y + i, m), d = v_get(dy + i, m), g = FORMULA;                                \
        (void)s;                                                                                   \
        v_put(dx + i, add ? v_get(dx + i, m) + g : g, m);                                          \
    })

static void act_grad(fv_act kind, int64_t n, const float *y, const float *dy, float *dx, float p,
                     float q, bool add) {
    const vec vp = v_set(p), vq = v_set(q), zero = v_zero(), one = v_set(1.0f);
    const vec pq = v_set(p * q), q_p = v_set(kind == FV_ACT_SCALED_TANH ? -q / p : 0.0f);
    switch (kind) {
    case FV_ACT_NONE:
        GRAD(d);
        break;
    case FV_ACT_RELU:
        GRAD(v_where_gt(s, zero, d, zero));
        break;
    case FV_ACT_CLIP:
        GRAD(v_where_gt(s, vp, v_where_gt(vq, s, d, zero), zero));
        break;
    case FV_ACT_LEAKY:
        GRAD(v_where_gt(s, zero, d, d * vp));
        break;
    case FV_ACT_ELU:
        GRAD(v_where_gt(s, zero, d, d * (s + vp)));
        break;
    case FV_ACT_SIGMOID:
        GRAD(d * s * (one - s));
        break;
    case FV_ACT_TANH:
        GRAD(d * v_fma(zero - s, s, one));
        break;
    case FV_ACT_SCALED_TANH:
        GRAD(d * v_fma(q_p * s, s, pq));
        break;
    }
}
#undef GRAD
