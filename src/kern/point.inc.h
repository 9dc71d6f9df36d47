/* SPDX-License-Identifier: MIT */
/*
 * point.inc.h - loops over one dimension: sums, scaling, batch normalisation, update rules.
 */

static void add(int64_t n, const float *x, float *y) {
    EACH(n, { v_put(y + i, v_get(y + i, m) + v_get(x + i, m), m); });
}

static void add2(int64_t n, const float *x1, const float *x2, float *y) {
    EACH(n, { v_put(y + i, v_get(x1 + i, m) + v_get(x2 + i, m), m); });
}

static void mul(int64_t n, const float *x, float s, float *y) {
    const vec vs = v_set(s);
    EACH(n, { v_put(y + i, v_get(x + i, m) * vs, m); });
}

static void axpy(int64_t n, float s, const float *x, float *y) {
    const vec vs = v_set(s);
    EACH(n, { v_put(y + i, v_fma(vs, v_get(x + i, m), v_get(y + i, m)), m); });
}

#if FV_LEVEL == 2
INLINE void to_lanes(float *y, vec x, __mmask16 lanes, const bool add) {
    v_store_lanes(y, add ? v_load_lanes(y, lanes) + x : x, lanes);
}
INLINE void to_seconds_by(int64_t n, const float *x, float *y, const bool add) {
    EACH(n, {
        const vec v = v_get(x + i, m);
        const uint32_t lanes = (uint32_t)(((uint64_t)1 << 2 * m) - 1) & 0x55555555;
        to_lanes(y + 2 * i, v_zip_low(v, v), (__mmask16)lanes, add);
        if (lanes >> LANES)
            to_lanes(y + 2 * i + LANES, v_zip_high(v, v), (__mmask16)(lanes >> LANES), add);
    });
}
#else
/* Vectors of y, whose last lane has to be there. */
INLINE void to_seconds_by(int64_t n, const float *x, float *y, const bool add) {
    int64_t i = 0;
    for (; i + LANES < n; i += LANES) {
        const vec v = v_load(x + i), a = v_load(y + 2 * i), b = v_load(y + 2 * i + LANES);
        const vec even = add ? v_even(a, b) + v : v, odd = v_odd(a, b);
        v_store(y + 2 * i, v_zip_low(even, odd));
        v_store(y + 2 * i + LANES, v_zip_high(even, odd));
    }
    for (; i < n; i++) y[2 * i] = add ? y[2 * i] + x[i] : x[i];
}
#endif

static void to_seconds(int64_t n, const float *x, float *y, bool add) {
    if (add)
        to_seconds_by(n, x, y, true);
    else
        to_seconds_by(n, x, y, false);
}

/*
 * Long sums. Adding x a thousand times to a float rounds a thousand times, and for equal numbers
 * all to the same side: the average of a large map would be off by percents. So a lane adds at most
 * 16 numbers of a run of SPAN, and the runs' sums are added in double.
 */
#define SPAN (32 * LANES)

#define SPANS(n, total, piece)                                                                     \
    for (int64_t i = 0; i < (n); i += SPAN) {                                                      \
        const int64_t len = (n)-i < SPAN ? (n)-i : SPAN;                                           \
        (total) += (double)(piece);                                                                \
    }

INLINE float sum_span(int64_t n, const float *x) {
    vec s[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    int64_t j = 0;
    for (; j + 4 * LANES <= n; j += 4 * LANES)
        UNROLL for (int t = 0; t < 4; t++) s[t] += v_load(x + j + t * LANES);
    EACH(n - j, { s[0] += v_get(x + j + i, m); });
    return v_sum((s[0] + s[1]) + (s[2] + s[3]));
}

static float sum(int64_t n, const float *x) {
    double total = 0;
    SPANS(n, total, sum_span(len, x + i));
    return (float)total;
}

static float largest(int64_t n, const float *x) {
    if (n < LANES) {
        float best = x[0];
        for (int64_t i = 1; i < n; i++) best = x[i] > best ? x[i] : best;
        return best;
    }
    vec best = v_load(x);
    for (int64_t i = LANES; i + LANES <= n; i += LANES) best = v_max(v_load(x + i), best);
    return v_largest(v_max(v_load(x + n - LANES), best));
}

static float exp_shift(int64_t n, const float *x, float shift, float *y) {
    const vec vs = v_set(shift);
    vec total = v_zero();
    int64_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        vec e = v_exp(v_load(x + j) - vs);
        v_store(y + j, e);
        total += e;
    }
    float rest = 0;
    if (j < n) {
        float t[LANES];
        v_store(t, v_exp(v_load_part(x + j, n - j) - vs));
        for (int64_t i = j; i < n; i++) {
            y[i] = t[i - j];
            rest += t[i - j];
        }
    }
    return v_sum(total) + rest;
}

static void affine(int64_t n, const float *x, float mean, float scale, float shift, float *y) {
    const vec a = v_set(scale), b = v_set(shift), c = v_set(mean);
    EACH(n, { v_put(y + i, v_fma(v_get(x + i, m) - c, a, b), m); });
}

static void affine_rows(int64_t rows, int64_t n, const float *x, int64_t ldx, const float *of,
                        int64_t channels, int64_t each, bool relu, float *y, int64_t ldy) {
    for (int64_t r = 0; r < rows; r++, x += ldx, y += ldy, of += each) {
        const vec c = v_set(of[0]), a = v_set(of[channels]), b = v_set(of[2 * channels]);
        if (relu)
            EACH(n, { v_put(y + i, v_max(v_zero(), v_fma(v_get(x + i, m) - c, a, b)), m); });
        else
            EACH(n, { v_put(y + i, v_fma(v_get(x + i, m) - c, a, b), m); });
    }
}

INLINE float square_sum_span(int64_t n, const float *x, float mean) {
    const vec vm = v_set(mean);
    vec s = v_zero(), t = v_zero();
    int64_t j = 0;
    for (; j + 2 * LANES <= n; j += 2 * LANES) {
        vec d = v_load(x + j) - vm, e = v_load(x + j + LANES) - vm;
        s = v_fma(d, d, s);
        t = v_fma(e, e, t);
    }
    float rest = 0;
    for (; j < n; j++) rest += (x[j] - mean) * (x[j] - mean);
    return v_sum(s + t) + rest;
}

static float square_sum(int64_t n, const float *x, float mean) {
    double total = 0;
    SPANS(n, total, square_sum_span(len, x + i, mean));
    return (float)total;
}

INLINE void bn_sums_span(int64_t n, const float *x, const float *dy, vec mean, double out[2]) {
    vec s[2] = {v_zero(), v_zero()}, t[2] = {v_zero(), v_zero()};
    int64_t j = 0;
    for (; j + 2 * LANES <= n; j += 2 * LANES) UNROLL for (int u = 0; u < 2; u++) {
            vec d = v_load(dy + j + u * LANES);
            s[u] += d;
            t[u] = v_fma(d, v_load(x + j + u * LANES) - mean, t[u]);
        }
    /* Lanes that are not there read dy = 0 and so add nothing to either sum. */
    EACH(n - j, {
        vec d = v_get(dy + j + i, m);
        s[0] += d;
        t[0] = v_fma(d, v_get(x + j + i, m) - mean, t[0]);
    });
    out[0] += (double)v_sum(s[0] + s[1]);
    out[1] += (double)v_sum(t[0] + t[1]);
}

static void bn_sums(int64_t n, const float *x, const float *dy, float mean, float out[2]) {
    double total[2] = {0, 0};
    for (int64_t i = 0; i < n; i += SPAN)
        bn_sums_span(n - i < SPAN ? n - i : SPAN, x + i, dy + i, v_set(mean), total);
    out[0] = (float)total[0];
    out[1] = (float)total[1];
}

static void bn_grad(int64_t n, const float *x, const float *dy, float mean, float a, float b,
                    float c, float *dx, bool add) {
    const vec va = v_set(a), vb = v_set(b), vc = v_set(c), vm = v_set(mean);
    EACH(n, {
        vec g = v_fma(v_get(dy + i, m), va, v_fma(v_get(x + i, m) - vm, vb, vc));
        v_put(dx + i, add ? v_get(dx + i, m) + g : g, m);
    });
}

static void lrn_sums(int64_t n, int64_t rows, const float *x, int64_t ld, float factor, float k,
                     float *s) {
    const vec vf = v_set(factor), vk = v_set(k);
    EACH(n, {
        vec t = v_zero();
        for (int64_t r = 0; r < rows; r++) {
            vec v = v_get(x + r * ld + i, m);
            t = v_fma(v, v, t);
        }
        v_put(s + i, v_fma(t, vf, vk), m);
    });
}

/* s^(-3/4) = 1 / (sqrt(s) * sqrt(sqrt(s))) */
INLINE vec power_3_4(vec s) {
    vec root = v_sqrt(s);
    return v_set(1.0f) / (root * v_sqrt(root));
}

static void lrn_scale(int64_t n, const float *x, const float *s, float *y) {
    EACH(n, {
        /* Lanes that are not there must not divide by 0. */
        vec v = m == LANES ? v_load(s + i) : v_max(v_load_part(s + i, m), v_set(1e-30f));
        v_put(y + i, v_get(x + i, m) * power_3_4(v), m);
    });
}

static void lrn_terms(int64_t n, const float *x, const float *s, const float *dy, float *t) {
    EACH(n, {
        vec v = m == LANES ? v_load(s + i) : v_max(v_load_part(s + i, m), v_set(1e-30f));
        v_put(t + i, v_get(dy + i, m) * v_get(x + i, m) * power_3_4(v) / v, m);
    });
}

static void lrn_grad(int64_t n, int64_t rows, const float *t, int64_t ld, float factor,
                     const float *x, const float *s, const float *dy, float *dx, bool add) {
    const vec vf = v_set(factor);
    EACH(n, {
        vec total = v_zero();
        for (int64_t r = 0; r < rows; r++) total += v_get(t + r * ld + i, m);
        vec v = m == LANES ? v_load(s + i) : v_max(v_load_part(s + i, m), v_set(1e-30f));
        vec g = v_get(dy + i, m) * power_3_4(v) - vf * v_get(x + i, m) * total;
        v_put(dx + i, add ? v_get(dx + i, m) + g : g, m);
    });
}

static void mask(int64_t n, const float *x, const uint8_t *kept, float factor, float *y, bool add) {
    for (int64_t i = 0; i < n; i++) {
        const float v = kept[i] ? x[i] * factor : 0.0f;
        y[i] = add ? y[i] + v : v;
    }
}

/* m floats that lie `stride` apart. */
INLINE vec load_strided(const float *p, int64_t stride, int64_t m) {
    if (stride == 1) return v_get(p, m);
    if (stride == 2) {
        if (m == LANES) {
            /* The last float of the second vector is not needed and may not be there. */
            return v_even(v_load(p), v_load_part(p + LANES, LANES - 1));
        }
        int64_t need = 2 * m - 1;
        if (need <= LANES) return v_even(v_load_part(p, need), v_zero());
        return v_even(v_load(p), v_load_part(p + LANES, need - LANES));
    }
    float t[LANES] = {0};
    for (int64_t i = 0; i < m; i++) t[i] = p[i * stride];
    return v_load(t);
}

/* The update rules are PyTorch's: torch.optim.SGD, Adam, AdamW, Adadelta, Adagrad, RMSprop. */
static void sgd(int64_t n, float *w, float *velocity, const float *g, float lr, float momentum,
                float decay, int nesterov) {
    const vec vd = v_set(decay), vm = v_set(momentum), rate = v_set(-lr);
    if (!velocity || momentum == 0.0f) {
        EACH(n, {
            vec p = v_get(w + i, m), d = v_fma(vd, p, v_get(g + i, m));
            v_put(w + i, v_fma(rate, d, p), m);
        });
        return;
    }
    EACH(n, {
        vec p = v_get(w + i, m), d = v_fma(vd, p, v_get(g + i, m));
        vec v = v_fma(vm, v_get(velocity + i, m), d);
        v_put(velocity + i, v, m);
        v_put(w + i, v_fma(rate, nesterov ? v_fma(vm, v, d) : v, p), m);
    });
}

static void adam(int64_t n, float *w, float *first, float *second, const float *g, float lr,
                 float beta1, float beta2, float epsilon, float decay, float keep,
                 float correction1, float correction2) {
    const vec b1 = v_set(beta1), c1 = v_set(1.0f - beta1), b2 = v_set(beta2),
              c2 = v_set(1.0f - beta2), vd = v_set(decay), ve = v_set(epsilon),
              rate = v_set(-lr / correction1), root = v_set(__builtin_sqrtf(correction2)),
              kept = v_set(keep);
    EACH(n, {
        vec p = v_get(w + i, m) * kept, d = v_fma(vd, p, v_get(g + i, m));
        vec a = v_fma(b1, v_get(first + i, m), c1 * d);
        vec b = v_fma(b2, v_get(second + i, m), c2 * d * d);
        v_put(first + i, a, m);
        v_put(second + i, b, m);
        v_put(w + i, v_fma(rate, a / (v_sqrt(b) / root + ve), p), m);
    });
}

static void adadelta(int64_t n, float *w, float *square, float *delta, const float *g, float lr,
                     float rho, float epsilon, float decay) {
    const vec vr = v_set(rho), cr = v_set(1.0f - rho), vd = v_set(decay), ve = v_set(epsilon),
              rate = v_set(-lr);
    EACH(n, {
        vec p = v_get(w + i, m), d = v_fma(vd, p, v_get(g + i, m));
        vec s = v_fma(vr, v_get(square + i, m), cr * d * d), a = v_get(delta + i, m);
        vec step = v_sqrt((a + ve) / (s + ve)) * d;
        v_put(square + i, s, m);
        v_put(delta + i, v_fma(vr, a, cr * step * step), m);
        v_put(w + i, v_fma(rate, step, p), m);
    });
}

static void rmsprop(int64_t n, float *w, float *square, float *velocity, float *mean,
                    const float *g, float lr, float rho, float take, float momentum, float epsilon,
                    float decay) {
    const vec vr = v_set(rho), vt = v_set(take), cr = v_set(1.0f - rho), vm = v_set(momentum),
              vd = v_set(decay), ve = v_set(epsilon), rate = v_set(-lr);
    EACH(n, {
        vec p = v_get(w + i, m), d = v_fma(vd, p, v_get(g + i, m));
        vec s = v_fma(vr, v_get(square + i, m), vt * d * d);
        v_put(square + i, s, m);
        if (mean) {
            vec a = v_fma(vr, v_get(mean + i, m), cr * d);
            v_put(mean + i, a, m);
            s = v_max(s - a * a, v_zero());
        }
        d = d / (v_sqrt(s) + ve);
        if (velocity) {
            d = v_fma(vm, v_get(velocity + i, m), d);
            v_put(velocity + i, d, m);
        }
        v_put(w + i, v_fma(rate, d, p), m);
    });
}

static void lars(int64_t n, float *w, float *velocity, const float *g, float rate, float momentum,
                 float decay) {
    const vec vm = v_set(momentum), vd = v_set(decay), vr = v_set(rate);
    EACH(n, {
        vec p = v_get(w + i, m), d = v_fma(vd, p, v_get(g + i, m));
        vec v = v_fma(vm, v_get(velocity + i, m), vr * d);
        v_put(velocity + i, v, m);
        v_put(w + i, p - v, m);
    });
}
