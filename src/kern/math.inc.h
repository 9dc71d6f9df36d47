/* SPDX-License-Identifier: MIT */
/*
 * math.inc.h - exp, tanh, sigmoid, log(1 + x) and erfc on vectors, the activations and their
 * gradients.
 *
 * exp: x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial for exp(r) - 1 (coefficients of
 * S. Moshier's Cephes library, expf). exp(r) - 1 rather than exp(r), because then
 * exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1) keeps its relative accuracy near 0. What is not a
 * number stays so.
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

/* x P(x^2)/Q(x^2), the nearest of its kind to tanh within +-9.02, by Remez' exchange: 2.1e-8 off,
   and 4e-7 with the roundings. Beyond that tanh rounds to 1, and this passes it. */
INLINE vec v_tanh(vec x) {
    const vec one = v_set(1.0f), most = v_set(9.25f); /* where it is well above 1 */
    const vec c = v_min(most, v_max(v_zero() - most, x)), s = c * c;
    vec p = v_set(1.3319071144e-8f);
    vec q = v_set(7.7620189314e-7f);
    p = v_fma(p, s, v_set(2.05834800718e-5f));
    q = v_fma(q, s, v_set(3.28309270521e-4f));
    p = v_fma(p, s, v_set(3.49403448724e-3f));
    q = v_fma(q, s, v_set(2.587107313e-2f));
    p = v_fma(p, s, v_set(0.13379718079f));
    q = v_fma(q, s, v_set(0.467130340176f));
    const vec y = c * v_fma(p, s, one) / v_fma(q, s, one);
    return v_min(one, v_max(v_zero() - one, y));
}

INLINE vec v_sigmoid(vec x) {
    vec power, c = v_min(v_set(88.0f), v_max(v_set(-87.0f), v_zero() - x));
    vec e = expm1_parts(c, &power);
    return v_set(1.0f) / (v_fma(e, power, power) + v_set(1.0f));
}

INLINE vec v_signed(vec a, vec sign) {
    return v_float(v_bits(a) ^ (v_bits(sign) & (int32_t)0x80000000));
}

/* x e/(1 + e) with e = exp(x), written with exp(-|x|), which cannot overflow; 0 far below 0. */
INLINE vec v_silu(vec x) {
    const vec e = v_exp(v_float(v_bits(x) | (int32_t)0x80000000)), one = v_set(1.0f);
    return x * (v_where_gt(x, v_zero(), one, e) / (one + e));
}

/* log(1 + w) for w within [0, 1]: 2 artanh(z) with z = w/(2 + w), whose series in z^2 a polynomial
   meets to 4e-9. */
INLINE vec v_log1p(vec w) {
    const vec z = w / (w + v_set(2.0f)), s = z * z;
    vec p = v_set(0.11612164637f);
    p = v_fma(p, s, v_set(0.10853287894f));
    p = v_fma(p, s, v_set(0.14296178998f));
    p = v_fma(p, s, v_set(0.19999853166f));
    p = v_fma(p, s, v_set(0.3333333366f));
    return v_set(2.0f) * v_fma(p * s, z, z);
}

/* log(1 + exp(t)) */
INLINE vec v_softplus(vec t) {
    const vec e = v_exp(v_float(v_bits(t) | (int32_t)0x80000000));
    return v_where_gt(t, v_zero(), t, v_zero()) + v_log1p(e);
}

/* x tanh(log(1 + w)) = x (w^2 + 2 w)/(w^2 + 2 w + 2) with w = exp(x), which beyond 20 is 1. */
INLINE vec v_mish(vec x) {
    const vec w = v_exp(v_min(v_set(20.0f), x)), two = v_set(2.0f), s = w * (w + two);
    return x * (s / (s + two));
}

/*
 * x P, P the probability that a normal number is below x. Below 0, with t = -x,
 *
 *     P = exp(-t^2/2) R(t),   R(t) = exp(t^2/2) erfc(t/sqrt 2)/2,
 *
 * and (1 + t) R(t) is a polynomial in (t - 4)/(t + 4), to 1e-9 for all t for which P is a float32.
 * t = a + b with a of 12 bits, so that a^2 is exact: exp(-t^2/2) = exp(-a^2/2) exp(-(t + a) b/2).
 */
INLINE vec v_gelu(vec x) {
    const vec one = v_set(1.0f), four = v_set(4.0f), t = v_min(v_set(14.0f), v_abs(x));
    const vec a = v_float(v_bits(t) & (int32_t)0xfffff000), d = v_set(-0.5f) * (t + a) * (t - a);
    const vec inverse = one / ((t + one) * (t + four)), s = (t - four) * (t + one) * inverse;
    vec p = v_set(-7.2536107654e-5f);
    p = v_fma(p, s, v_set(-6.2305941597e-5f));
    p = v_fma(p, s, v_set(6.9296878759e-4f));
    p = v_fma(p, s, v_set(-3.0201854403e-4f));
    p = v_fma(p, s, v_set(-5.0038621901e-3f));
    p = v_fma(p, s, v_set(1.7939693584e-2f));
    p = v_fma(p, s, v_set(-3.2197457347e-2f));
    p = v_fma(p, s, v_set(2.8600033205e-2f));
    p = v_fma(p, s, v_set(1.399961306e-2f));
    p = v_fma(p, s, v_set(-9.6703468418e-2f));
    p = v_fma(p, s, v_set(0.47205320664f));
    p = p * (t + four) * inverse * v_exp(v_set(-0.5f) * a * a);
    p = v_fma(p, v_fma(d * d, v_fma(d, v_set(1.0f / 6), v_set(0.5f)), d), p);
    return x * v_where_gt(x, v_zero(), one - p, p);
}

/* x (1 + tanh u)/2 = x/(1 + exp(-2 u)) with u = sqrt(2/pi) (x + 0.044715 x^3). */
INLINE vec v_gelu_tanh(vec x) {
    const vec one = v_set(1.0f);
    const vec u = v_set(1.5957691216f) * v_fma(v_set(0.044715f) * x * x, x, x);
    const vec e = v_exp(v_float(v_bits(u) | (int32_t)0x80000000));
    return x * (v_where_gt(u, v_zero(), one, e) / (one + e));
}

INLINE vec v_hard_swish(vec x) {
    const vec three = v_set(3.0f), six = v_set(6.0f), zero = v_zero();
    const vec h = v_min(six, v_max(zero, x + three)) * v_set(1.0f / 6);
    return v_where_gt(v_set(-3.0f), x, zero, x * h);
}

/* y = FORMULA of v = x, row by row. */
#define ACT(FORMULA)                                                                               \
    for (int64_t r = 0; r < rows; r++, x += ldx, y += ldy)                                         \
    EACH(n, {                                                                                      \
        vec v = v_get(x + i, m);                                                                   \
        v_put(y + i, FORMULA, m);                                                                  \
    })

/* The activations that need exp. */
static void act_smooth(fv_act kind, int64_t rows, int64_t n, const float *x, int64_t ldx, float *y,
                       int64_t ldy, float p, float q) {
    const vec vp = v_set(p), vq = v_set(q), zero = v_zero();
    switch (kind) {
    case FV_ACT_ELU:
        ACT(v_where_gt(v, zero, v, vp * v_expm1(v)));
        break;
    case FV_ACT_SELU:
        ACT(v_where_gt(v, zero, v * vq, vp * v_expm1(v)));
        break;
    case FV_ACT_CELU:
        ACT(v_where_gt(v, zero, v, vp * v_expm1(v * vq)));
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
    case FV_ACT_SOFTPLUS:
        ACT(v_softplus(vp * v) * vq);
        break;
    case FV_ACT_SILU:
        ACT(v_silu(v));
        break;
    case FV_ACT_MISH:
        ACT(v_mish(v));
        break;
    case FV_ACT_GELU:
        ACT(v_gelu(v));
        break;
    default:
        ACT(v_gelu_tanh(v));
    }
}

static void act(fv_act kind, int64_t rows, int64_t n, const float *x, int64_t ldx, float *y,
                int64_t ldy, float p, float q) {
    const vec vp = v_set(p), vq = v_set(q), zero = v_zero(), one = v_set(1.0f);
    if (ldx == n && ldy == n) { /* rows that lie one behind the other are one */
        n *= rows;
        rows = 1;
    }
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
    case FV_ACT_HARD_SIGMOID:
        ACT(v_min(one, v_max(zero, v_fma(vp, v, vq))));
        break;
    case FV_ACT_HARD_SWISH:
        ACT(v_hard_swish(v));
        break;
    case FV_ACT_THRESHOLD:
        ACT(v_where_wins(v, vp, v, zero));
        break;
    case FV_ACT_SHRINK:
        ACT(v_where_wins(v_abs(v), vp, v - v_signed(vq, v), zero));
        break;
    case FV_ACT_SOFTSIGN:
        ACT(v / (one + v_abs(v)));
        break;
    default:
        act_smooth(kind, rows, n, x, ldx, y, ldy, p, q);
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
    case FV_ACT_HARD_SIGMOID:
        GRAD(v_where_gt(s, zero, v_where_gt(one, s, d * vp, zero), zero));
        break;
    case FV_ACT_SOFTSIGN:
        GRAD(d * (one - v_abs(s)) * (one - v_abs(s)));
        break;
    case FV_ACT_ELU:
        GRAD(v_where_gt(s, zero, d, d * (s + vp)));
        break;
    case FV_ACT_SELU:
        GRAD(v_where_gt(s, zero, d * vq, d * (s + vp)));
        break;
    case FV_ACT_CELU:
        GRAD(v_where_gt(s, zero, d, d * v_fma(s, vq, one)));
        break;
    case FV_ACT_SOFTPLUS:
        GRAD(d * (zero - v_expm1(zero - vp * s)));
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
    default: /* has none */
        break;
    }
}
#undef GRAD
