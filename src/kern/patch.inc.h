/* SPDX-License-Identifier: MIT */
/*
 * patch.inc.h - the matrix of a convolution's patches ("im2col"), a panel at a time, and its
 * transpose ("col2im"). Row k = (channel, row, column of the kernel), column p = output pixel,
 * counted on through the samples of a batch.
 */

/* Calls ROW(to, from, count) for every run of output pixels whose inputs lie in the map, and
   GAP(to, count) for those in the padding. `to` counts from p0, `from` from the sample's plane. */
#define PATCH_ROWS(g, x, k, p0, p1, ROW, GAP)                                                      \
    do {                                                                                           \
        const int64_t c_ = (k) / ((g)->kh * (g)->kw), q_ = (k) % ((g)->kh * (g)->kw);              \
        const int64_t r_ = q_ / (g)->kw, s_ = q_ % (g)->kw;                                        \
        const int64_t shift_ = s_ * (g)->dw - (g)->left;                                           \
        int64_t lo_ = shift_ >= 0 ? 0 : (-shift_ + (g)->sw - 1) / (g)->sw;                         \
        int64_t hi_ = shift_ >= (g)->w ? 0 : ((g)->w - 1 - shift_) / (g)->sw + 1;                  \
        if (hi_ > (g)->ow) hi_ = (g)->ow;                                                          \
        int64_t n_ = (p0) / ((g)->oh * (g)->ow), at_ = (p0) % ((g)->oh * (g)->ow);                 \
        int64_t i_ = at_ / (g)->ow, j_ = at_ % (g)->ow, p_ = (p0);                                 \
        while (p_ < (p1)) {                                                                        \
            int64_t len_ = (g)->ow - j_ < (p1)-p_ ? (g)->ow - j_ : (p1)-p_;                        \
            int64_t h_ = i_ * (g)->sh + r_ * (g)->dh - (g)->top;                                   \
            int64_t from_ = lo_ > j_ ? lo_ : j_, end_ = hi_ < j_ + len_ ? hi_ : j_ + len_;         \
            if (h_ < 0 || h_ >= (g)->h || end_ <= from_) {                                         \
                GAP(p_ - (p0), len_);                                                              \
            } else {                                                                               \
                GAP(p_ - (p0), from_ - j_);                                                        \
                ROW(p_ - (p0) + from_ - j_,                                                        \
                    (x) + n_ * (g)->step + (c_ * (g)->h + h_) * (g)->w + from_ * (g)->sw + shift_, \
                    end_ - from_);                                                                 \
                GAP(p_ - (p0) + end_ - j_, j_ + len_ - end_);                                      \
            }                                                                                      \
            p_ += len_;                                                                            \
            j_ = 0;                                                                                \
            if (++i_ == (g)->oh) {                                                                 \
                i_ = 0;                                                                            \
                n_++;                                                                              \
            }                                                                                      \
        }                                                                                          \
    } while (0)

INLINE void copy_strided(float *to, const float *from, int64_t stride, int64_t n) {
    if (stride == 1)
        EACH(n, v_put(to + i, v_get(from + i, m), m););
    else if (stride == 2)
        EACH(n, v_put(to + i, load_strided(from + 2 * i, 2, m), m););
    else
        for (int64_t i = 0; i < n; i++) to[i] = from[i * stride];
}

INLINE void clear(float *to, int64_t n) {
    EACH(n, v_put(to + i, v_zero(), m););
}

/* Brings n floats nearer, `soon` floats (0: none) behind x; gives x. */
INLINE const float *bring(const float *x, int64_t soon, int64_t n) {
    for (int64_t i = 0; soon && i < n; i += 16) __builtin_prefetch(x + soon + i);
    return x;
}

static void patches(const fv_patches *g, const float *x, int64_t k0, int64_t k1, int64_t p0,
                    int64_t p1, float *out, int64_t ld) {
    for (int64_t k = k0; k < k1; k++, out += ld) {
        /* The same rows of a channel that comes soon, pages away. */
        const int64_t soon = g->kh * g->kw == 1 && k + 4 < k1 ? 4 * g->h * g->w : 0;
#define ROW(to, from, n) copy_strided(out + (to), bring(from, soon, g->sw * (n)), g->sw, n)
#define GAP(to, n)       clear(out + (to), n)
        PATCH_ROWS(g, x, k, p0, p1, ROW, GAP);
#undef ROW
#undef GAP
    }
}

INLINE void add_strided(float *to, const float *from, int64_t stride, int64_t n) {
    if (stride == 1)
        EACH(n, v_put(to + i, v_get(to + i, m) + v_get(from + i, m), m););
    else
        for (int64_t i = 0; i < n; i++) to[i * stride] += from[i];
}

static void unpatch(const fv_patches *g, float *x, int64_t k0, int64_t k1, int64_t p0, int64_t p1,
                    const float *in, int64_t ld) {
    for (int64_t k = k0; k < k1; k++, in += ld) {
#define ROW(at, to, n) add_strided(to, in + (at), g->sw, n)
#define GAP(at, n)     (void)0
        PATCH_ROWS(g, x, k, p0, p1, ROW, GAP);
#undef ROW
#undef GAP
    }
}

/* Where a frame lies in its plane. */
typedef struct frame_plane {
    int64_t h, w, row, col, lo, hi;
} frame_plane;

/* Frames of stride 1 in rows of V vectors, of which the last may be a part; columns lo … hi-1 lie
   in the plane. */
INLINE void frames_of(const int V, const frame_plane *g, const float *x, float *out, int64_t rows,
                      int64_t pitch) {
    const int64_t m = pitch - (V - 1) * LANES;
    int64_t a[2], b[2];
    UNROLL for (int v = 0; v < V; v++) {
        a[v] = g->lo > v * LANES ? g->lo - v * LANES : 0;
        b[v] = g->hi - v * LANES < LANES ? g->hi - v * LANES : LANES;
        if (b[v] < a[v]) a[v] = b[v] = 0;
    }
    int64_t top = g->row < 0 ? -g->row : 0, end = g->h - g->row;
    top = top < rows ? top : rows;
    end = end < top ? top : end < rows ? end : rows;
    clear(out, top * pitch);
    clear(out + end * pitch, (rows - end) * pitch);
    const float *from = x + (g->row + top) * g->w + g->col;
    float *to = out + top * pitch;
    for (int64_t r = top; r < end; r++, from += g->w, to += pitch) {
        UNROLL for (int v = 0; v < V; v++) {
            const vec y = v_load_range(from + v * LANES, a[v], b[v]);
            if (v < V - 1)
                v_store(to + v * LANES, y);
            else
                v_store_part(to + v * LANES, y, m);
        }
    }
}

APART void frames_narrow(int64_t planes, int64_t x_step, int64_t out_step, const frame_plane *g,
                         const float *x, float *out, int64_t rows, int64_t pitch) {
    for (int64_t p = 0; p < planes; p++, x += x_step, out += out_step)
        frames_of(1, g, x, out, rows, pitch);
}

APART void frames_of_two(int64_t planes, int64_t x_step, int64_t out_step, const frame_plane *g,
                         const float *x, float *out, int64_t rows, int64_t pitch) {
    for (int64_t p = 0; p < planes; p++, x += x_step, out += out_step)
        frames_of(2, g, x, out, rows, pitch);
}

/* The frame of stride 1, LANES columns of all rows at a time: the masks are the same for each. */
INLINE void frame_whole(const float *x, int64_t h, int64_t w, int64_t row, int64_t col, int64_t lo,
                        int64_t hi, float *out, int64_t rows, int64_t pitch) {
    EACH(pitch, {
        const int64_t a = lo > i ? lo - i : 0;
        const int64_t b = hi - i < LANES ? hi - i : LANES;
        const float *from = x + row * w + col + i;
        float *to = out + i;
        for (int64_t r = 0; r < rows; r++, from += w, to += pitch) {
            vec v = v_zero();
            if (row + r >= 0 && row + r < h && b > a)
                v = a == 0 && b == LANES ? v_load(from) : v_load_range(from, a, b);
            v_put(to, v, m);
        }
    });
}

APART void frames_any(int64_t planes, int64_t x_step, int64_t out_step, const float *x, int64_t h,
                      int64_t w, int64_t row, int64_t col, int64_t sh, int64_t sw, int64_t lo,
                      int64_t hi, float *out, int64_t rows, int64_t pitch) {
    for (int64_t p = 0; p < planes; p++, x += x_step, out += out_step) {
        if (sh == 1 && sw == 1) {
            frame_whole(x, h, w, row, col, lo, hi, out, rows, pitch);
            continue;
        }
        float *to = out;
        for (int64_t i = 0; i < rows; i++, to += pitch) {
            const int64_t from = row + i * sh;
            if (from < 0 || from >= h || hi <= lo) {
                clear(to, pitch);
                continue;
            }
            clear(to, lo);
            copy_strided(to + lo, x + from * w + col + lo * sw, sw, hi - lo);
            clear(to + hi, pitch - hi);
        }
    }
}

static void frame(int64_t planes, int64_t x_step, int64_t out_step, const float *x, int64_t h,
                  int64_t w, int64_t row, int64_t col, int64_t sh, int64_t sw, float *out,
                  int64_t rows, int64_t pitch) {
    int64_t lo = col >= 0 ? 0 : (-col + sw - 1) / sw;
    int64_t hi = col >= w ? 0 : (w - 1 - col) / sw + 1;
    if (hi > pitch) hi = pitch;
    if (sh == 1 && sw == 1 && pitch <= 2 * LANES) {
        const frame_plane g = {h, w, row, col, lo, hi};
        (pitch <= LANES ? frames_narrow : frames_of_two)(planes, x_step, out_step, &g, x, out, rows,
                                                         pitch);
        return;
    }
    frames_any(planes, x_step, out_step, x, h, w, row, col, sh, sw, lo, hi, out, rows, pitch);
}
