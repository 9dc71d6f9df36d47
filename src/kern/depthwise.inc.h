/* SPDX-License-Identifier: MIT */
/*
 * depthwise.inc.h - convolutions whose every filter sees one plane.
 *
 * There is no sum over channels that would make a product of matrices: a plane is read, weighed by
 * few numbers and written. So a few planes (or a band of one) are copied into frames with their
 * padding, which stay in the L1 cache, and the lanes are neighbouring pixels of a row: one weight
 * is broadcast to all of them. A tile is up to four rows of the result; a row of the frame that it
 * has read serves all of its rows that see it. For a stride the frame's row has every sw-th column
 * in a run of its own (phases), so that lanes lie side by side again.
 */
#define DEPTH_ROWS 7 /* of a tile, at most: the maps of most networks have 7, 14, 28, 56, 112 */
#define DEPTH_TAPS 5 /* of a column of a kernel whose size is known beforehand, at most */

/* Zeros from a to b, whole vectors. */
INLINE void depth_zero(float *to, int64_t a, int64_t b) {
    for (int64_t i = a; i < b; i += LANES) v_store(to + i, v_zero());
}

/* What of a frame no plane is copied to. */
static void depth_margins(const fv_depthwise *g, int64_t first, int64_t high, float *frame) {
    const int64_t n = g->sw == 1 ? g->w : (g->w + 1) / 2;
    const int64_t filled = (n + LANES - 1) / LANES * LANES;
    for (int64_t i = first; i < first + high; i++, frame += g->pitch) {
        if (i < 0 || i >= g->h || g->sw > 2) {
            depth_zero(frame, 0, g->pitch);
            continue;
        }
        for (int64_t q = 0; q < g->sw; q++) {
            const int64_t start = g->begin[q] / g->half * g->half;
            depth_zero(frame, start, g->begin[q]);
            depth_zero(frame, g->begin[q] + filled, start + g->half);
        }
    }
}

/* Two neighbouring vectors of a row of which n numbers are left. */
INLINE void depth_pair(const float *x, int64_t n, float *even, float *odd) {
    vec a;
    vec b = v_zero();
    a = n >= LANES ? v_load(x) : v_load_part(x, n);
    if (n >= 2 * LANES)
        b = v_load(x + LANES);
    else if (n > LANES)
        b = v_load_part(x + LANES, n - LANES);
    v_store(even, v_even(a, b));
    v_store(odd, v_odd(a, b));
}

/* A row of the plane into a row of the frame. */
INLINE void depth_row(const fv_depthwise *g, const float *x, float *to) {
    if (g->sw == 1) {
        int64_t i = 0;
        to += g->begin[0];
        for (; i + LANES <= g->w; i += LANES) v_store(to + i, v_load(x + i));
        if (i < g->w) v_store(to + i, v_load_part(x + i, g->w - i));
    } else if (g->sw == 2) {
        for (int64_t i = 0; 2 * i < g->w; i += LANES)
            depth_pair(x + 2 * i, g->w - 2 * i, to + g->begin[0] + i, to + g->begin[1] + i);
    } else {
        for (int64_t c = g->left; c < g->left + g->w; c++)
            to[c % g->sw * g->half + c / g->sw] = x[c - g->left];
    }
}

/* Rows first ... first+high-1 of the plane, those that there are. */
static void depth_frame(const fv_depthwise *g, const float *x, int64_t first, int64_t high,
                        float *frame) {
    const int64_t from = first < 0 ? 0 : first, end = first + high < g->h ? first + high : g->h;
    frame += (from - first) * g->pitch;
    for (int64_t i = from; i < end; i++, frame += g->pitch)
        depth_row(g, x + (i - g->base) * g->w, frame);
}

/* One filter: its weights and bias, and where it writes. */
typedef struct depth_filter {
    const float *w;
    float bias;
    const fv_gemm_after *after;
    int64_t after_at; /* of the first result */
    float *y, *end;   /* the first; and up to here more may be written, which is written again */
} depth_filter;

/* R rows of up to LANES results from column j on; x is the frame's place of the first. K x K taps
   side by side with a row stride of S, or (K = 0) any. */
INLINE void depth_tile(const int R, const int K, const int S, const int64_t m,
                       const fv_depthwise *g, const depth_filter *f, const float *x, int64_t at) {
    vec acc[DEPTH_ROWS];
    UNROLL for (int r = 0; r < R; r++) acc[r] = v_set(f->bias);
    UNROLL for (int s = 0; s < K; s++) {
        const float *from = x + g->col[s];
        vec w[DEPTH_TAPS];
        UNROLL for (int t = 0; t < K; t++) w[t] = v_set(f->w[t * K + s]);
        UNROLL for (int i = 0; i < (R - 1) * S + K; i++, from += g->pitch) {
            const vec v = v_keep(v_load(from));
            UNROLL for (int t = 0; t < K; t++) {
                const int r = (i - t) / S;
                if (i >= t && (i - t) % S == 0 && r < R) acc[r] = v_fma(w[t], v, acc[r]);
            }
        }
    }
    if (K == 0) {
        const float *w = f->w;
        for (int64_t t = 0; t < g->kh; t++)
            for (int64_t s = 0; s < g->kw; s++) {
                const float *from = x + t * g->dh * g->pitch + g->col[s];
                const vec tap = v_set(*w++);
                UNROLL for (int r = 0; r < R; r++) acc[r] =
                    v_fma(tap, v_load(from + r * g->sh * g->pitch), acc[r]);
            }
    }
    UNROLL for (int r = 0; r < R; r++) {
        const int64_t to = at + r * g->ow;
        v_put(f->y + to, finished(f->after, acc[r], f->after_at + to, m), m);
    }
}

/* R rows from `row` of the filter's on. Parts of vectors take long to write where there are no
   masks: there the last vector of a row begins earlier, or writes into the next row, which comes
   later. Not so where something is added that may lie there. */
#define DEPTH_TILES(R, K, S)                                                                       \
    for (; row + (R) <= rows; row += (R)) {                                                        \
        const float *x = frame + row * g->sh * g->pitch;                                           \
        for (int64_t j = 0; j < g->ow; j += LANES) {                                               \
            int64_t m = g->ow - j < LANES ? g->ow - j : LANES;                                     \
            if (FV_LEVEL < 2 && m < LANES && !f->after->added) {                                   \
                if (g->ow >= LANES) j = g->ow - LANES;                                             \
                if (f->end - (f->y + (row + (R)-1) * g->ow + j) >= LANES) m = LANES;               \
            }                                                                                      \
            depth_tile(R, K, S, m, g, f, x + j, row * g->ow + j);                                  \
        }                                                                                          \
    }

#define DEPTH(NAME, K, S)                                                                          \
    static void depth_##NAME(const fv_depthwise *g, int64_t rows, const depth_filter *f,           \
                             const float *frame) {                                                 \
        int64_t row = 0;                                                                           \
        if (rows % 7 == 0) DEPTH_TILES(7, K, S)                                                    \
        DEPTH_TILES(4, K, S)                                                                       \
        DEPTH_TILES(2, K, S)                                                                       \
        DEPTH_TILES(1, K, S)                                                                       \
    }
DEPTH(3x3, 3, 1)
DEPTH(3x3_2, 3, 2)
DEPTH(5x5, 5, 1)
DEPTH(5x5_2, 5, 2)
DEPTH(any, 0, 1)

#include "kern/depth_place.inc.h"

typedef void depth_fn(const fv_depthwise *g, int64_t rows, const depth_filter *f,
                      const float *frame);

static depth_fn *depth_choose(const fv_depthwise *g) {
    if (g->kh != g->kw || g->dh != 1 || g->sh > 2) return depth_any;
    if (g->kw == 3) return g->sh == 1 ? depth_3x3 : depth_3x3_2;
    if (g->kw == 5) return g->sh == 1 ? depth_5x5 : depth_5x5_2;
    return depth_any;
}

static void depthwise(const fv_depthwise *g, int64_t planes, int64_t row, int64_t rows,
                      const float *x, const float *w, const float *bias, const fv_gemm_after *after,
                      float *y, float *work) {
#if FV_LEVEL == 2
    if (depth_in_place(g, planes, row, rows, x, w, bias, after, y, work)) return;
#endif
    depth_fn *fn = depth_choose(g);
    const int64_t high = (rows - 1) * g->sh + (g->kh - 1) * g->dh + 1, plane = g->oh * g->ow;
    const int64_t first = row * g->sh - g->top;
    for (int64_t p = 0; p < g->together && p < planes; p++)
        depth_margins(g, first, high, work + p * g->frame);
    for (int64_t p0 = 0; p0 < planes; p0 += g->together) {
        const int64_t p1 = planes - p0 < g->together ? planes : p0 + g->together;
        for (int64_t p = p0; p < p1; p++)
            depth_frame(g, x + p * g->plane, first, high, work + (p - p0) * g->frame);
        for (int64_t k = p0 * g->filters; k < p1 * g->filters; k++) {
            const int64_t at = k * plane + row * g->ow;
            const depth_filter f = {
                .w = w + k * g->kh * g->kw,
                .bias = bias ? bias[k] : 0,
                .after = after,
                .after_at = at,
                .y = y + at,
                .end = y + (rows < g->oh ? at + rows * g->ow : planes * g->filters * plane)};
            fn(g, rows, &f, work + (k / g->filters - p0) * g->frame);
        }
    }
}
