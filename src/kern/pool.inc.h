/* SPDX-License-Identifier: MIT */
/*
 * pool.inc.h - max and average pools of windows that lie inside the map, and the gradient of the
 * average.
 */

#define POOL_FLOATS 2048 /* maxima of columns at a time: 8 KB */

/* Down the columns first, for as many rows as there is room for, then along: kh + kw numbers are
   compared instead of kh * kw. */
APART void maxpool_apart(int64_t rows, int64_t out, int64_t kh, int64_t kw, int64_t stride,
                         int64_t spread, const float *x, int64_t x_step, int64_t ld, float *y,
                         int64_t y_step) {
    float column[POOL_FLOATS];
    const int64_t wide = (out - 1) * stride + (kw - 1) * spread + 1, most = POOL_FLOATS / wide;
    for (int64_t row = 0; row < rows; row += most) {
        const int64_t some = rows - row < most ? rows - row : most;
        for (int64_t q = 0; q < some; q++) {
            const float *from = x + (row + q) * x_step;
            EACH(wide, {
                vec best = v_get(from + i, m);
                for (int64_t r = 1; r < kh; r++) {
                    vec v = v_get(from + r * ld + i, m);
                    best = v_where_wins(v, best, v, best);
                }
                v_put(column + q * wide + i, best, m);
            });
        }
        for (int64_t q = 0; q < some; q++) {
            const float *from = column + q * wide;
            EACH(out, {
                vec best = load_strided(from + i * stride, stride, m);
                for (int64_t s = 1; s < kw; s++) {
                    vec v = load_strided(from + i * stride + s * spread, stride, m);
                    best = v_where_wins(v, best, v, best);
                }
                v_put(y + (row + q) * y_step + i, best, m);
            });
        }
    }
}

/* 2x2 windows side by side: down, in two vectors at a time, then along. In functions of their own,
   so that the last vectors' masks are there before the first row: many rows are no more than these.
 */
#define POOL_2X2(DOWN, ALONG)                                                                      \
    do {                                                                                           \
        const int64_t whole = out / LANES * LANES, m = out - whole;                                \
        const int64_t first = 2 * m < LANES ? 2 * m : LANES, second = 2 * m - first;               \
        for (int64_t row = 0; row < rows; row++, x += x_step, y += y_step) {                       \
            for (int64_t i = 0; i < whole; i += LANES) {                                           \
                vec up = v_load(x + 2 * i);                                                        \
                vec low = v_load(x + ld + 2 * i);                                                  \
                const vec a = DOWN;                                                                \
                up = v_load(x + 2 * i + LANES);                                                    \
                low = v_load(x + ld + 2 * i + LANES);                                              \
                const vec b = DOWN;                                                                \
                const vec even = v_even(a, b), odd = v_odd(a, b);                                  \
                v_store(y + i, ALONG);                                                             \
            }                                                                                      \
            if (m == 0) continue;                                                                  \
            vec up = v_load_part(x + 2 * whole, first);                                            \
            vec low = v_load_part(x + ld + 2 * whole, first);                                      \
            const vec a = DOWN;                                                                    \
            up = v_load_part(x + 2 * whole + LANES, second);                                       \
            low = v_load_part(x + ld + 2 * whole + LANES, second);                                 \
            const vec b = DOWN;                                                                    \
            const vec even = v_even(a, b), odd = v_odd(a, b);                                      \
            v_store_part(y + whole, ALONG, m);                                                     \
        }                                                                                          \
    } while (0)

APART void maxpool_2x2(int64_t rows, int64_t out, const float *x, int64_t x_step, int64_t ld,
                       float *y, int64_t y_step) {
    POOL_2X2(v_where_wins(low, up, low, up), v_where_wins(odd, even, odd, even));
}

APART void avgpool_2x2(int64_t rows, int64_t out, const float *x, int64_t x_step, int64_t ld,
                       float scale, float *y, int64_t y_step) {
    const vec vs = v_set(scale);
    POOL_2X2(up + low, (even + odd) * vs);
}
#undef POOL_2X2

APART void maxpool_any(int64_t rows, int64_t out, int64_t kh, int64_t kw, int64_t stride,
                       int64_t spread, const float *x, int64_t x_step, int64_t ld, float *y,
                       int64_t y_step, int32_t *at, int32_t first) {
    ivec lane;
    for (int l = 0; l < LANES; l++) lane[l] = l * (int32_t)stride;
    for (int64_t row = 0; row < rows; row++) {
        const float *from = x + row * x_step;
        const int32_t start = first + (int32_t)(row * x_step);
        EACH(out, {
            vec best = load_strided(from + i * stride, stride, m);
            const ivec here = lane + (start + (int32_t)(i * stride));
            ivec where = here;
            for (int64_t r = 0; r < kh; r++) {
                for (int64_t s = r == 0 ? 1 : 0; s < kw; s++) {
                    vec v = load_strided(from + i * stride + r * ld + s * spread, stride, m);
                    /* > keeps the first of equals. A NaN wins and stays: nothing is > it. */
                    if (at)
                        where = v_bits(v_where_wins(v, best,
                                                    v_float(here + (int32_t)(r * ld + s * spread)),
                                                    v_float(where)));
                    best = v_where_wins(v, best, v, best);
                }
            }
            v_put(y + row * y_step + i, best, m);
            if (at) v_put((float *)(void *)(at + row * y_step + i), v_float(where), m);
        });
    }
}

static void maxpool(int64_t rows, int64_t out, int64_t kh, int64_t kw, int64_t stride,
                    int64_t spread, const float *x, int64_t x_step, int64_t ld, float *y,
                    int64_t y_step, int32_t *at, int32_t first) {
    if (!at && kh == 2 && kw == 2 && stride == 2 && spread == 1) {
        maxpool_2x2(rows, out, x, x_step, ld, y, y_step);
        return;
    }
    if (!at && kh * kw > 4 && (out - 1) * stride + (kw - 1) * spread + 1 <= POOL_FLOATS) {
        maxpool_apart(rows, out, kh, kw, stride, spread, x, x_step, ld, y, y_step);
        return;
    }
    maxpool_any(rows, out, kh, kw, stride, spread, x, x_step, ld, y, y_step, at, first);
}

APART void avgpool_any(int64_t rows, int64_t out, int64_t kh, int64_t kw, int64_t stride,
                       const float *x, int64_t x_step, int64_t ld, float scale, float *y,
                       int64_t y_step) {
    const vec vs = v_set(scale);
    for (int64_t row = 0; row < rows; row++, x += x_step, y += y_step) {
        EACH(out, {
            vec s = v_zero();
            for (int64_t r = 0; r < kh; r++) {
                vec t = v_zero(); /* a row's sum: fewer roundings one upon another */
                for (int64_t c = 0; c < kw; c++)
                    t += load_strided(x + i * stride + r * ld + c, stride, m);
                s += t;
            }
            v_put(y + i, s * vs, m);
        });
    }
}

static void avgpool(int64_t rows, int64_t out, int64_t kh, int64_t kw, int64_t stride,
                    const float *x, int64_t x_step, int64_t ld, float scale, float *y,
                    int64_t y_step) {
    if (kh == 2 && kw == 2 && stride == 2) {
        avgpool_2x2(rows, out, x, x_step, ld, scale, y, y_step);
        return;
    }
    avgpool_any(rows, out, kh, kw, stride, x, x_step, ld, scale, y, y_step);
}

/* p (+)= v, m lanes of it. */
INLINE void give(float *p, vec v, int64_t m, bool add) {
    if (m > 0) v_put(p, add ? v_get(p, m) + v : v, m);
}

static void avgpool_back(int64_t rows, int64_t out, int64_t kh, int64_t kw, const float *dy,
                         float scale, float *dx, bool add) {
    const vec vs = v_set(scale);
    const int64_t w = out * kw;
    for (int64_t row = 0; row < rows; row++, dy += out, dx += kh * w) {
        if (kw == 2) {
            EACH(out, {
                vec g = v_get(dy + i, m) * vs;
                const int64_t low = 2 * m < LANES ? 2 * m : LANES;
                for (int64_t r = 0; r < kh; r++) {
                    give(dx + r * w + 2 * i, v_zip_low(g, g), low, add);
                    give(dx + r * w + 2 * i + LANES, v_zip_high(g, g), 2 * m - low, add);
                }
            });
            continue;
        }
        for (int64_t j = 0; j < out; j++) {
            const float g = dy[j] * scale;
            for (int64_t r = 0; r < kh; r++)
                for (int64_t s = 0; s < kw; s++) {
                    float *p = dx + r * w + j * kw + s;
                    *p = add ? *p + g : g;
                }
        }
    }
}
