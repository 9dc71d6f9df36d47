/* SPDX-License-Identifier: MIT */
/*
 * writes_pools.c - pools, and layers without shared weights, which gather their windows. See
 * write_list.h.
 */
#include "onnx/writer.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

/* How many dimensions lie under the window: two of maps, one of rows. */
static int sides_of(const fv_onnx_writer *w) {
    return fv__onnx_x_shape(w, 0)->rank - 2;
}

/* A stride of 0 is the window's size. */
static void say_window(fv_onnx_writer *w) {
    const fv_size *kernel = fv__onnx_option(w, "kernel"), *stride = fv__onnx_option(w, "stride");
    const int64_t k[] = {kernel->h, kernel->w};
    const int64_t s[] = {stride->h ? stride->h : k[0], stride->w ? stride->w : k[1]};
    const int sides = sides_of(w);
    fv__onnx_say_ints(w, "kernel_shape", k + 2 - sides, sides);
    fv__onnx_say_ints(w, "strides", s + 2 - sides, sides);
}

static bool one_dilation(fv_onnx_writer *w) {
    if (!fv__field_find(w->layer->op->fields, "dilation")) return true;
    const fv_size *dilation = fv__onnx_option(w, "dilation");
    return dilation->w == 1 && (dilation->h == 1 || sides_of(w) == 1);
}

/* What came with opset 10 is said where it is not as usual. */
static void say_later(fv_onnx_writer *w) {
    if (fv__onnx_option_bool(w, "ceil")) {
        fv__onnx_since(w, 10, "ceil_mode");
        fv__onnx_say_int(w, "ceil_mode", 1);
    }
    if (one_dilation(w)) return;
    const fv_size *dilation = fv__onnx_option(w, "dilation");
    const int64_t d[] = {dilation->h, dilation->w};
    const int sides = sides_of(w);
    fv__onnx_since(w, 10, "dilations of a pool");
    fv__onnx_say_ints(w, "dilations", d + 2 - sides, sides);
}

static const char *pool(fv_onnx_writer *w, const char *op, const char *out, const char *x) {
    const char *y = FV_ONNX_PUT(w, op, out, x);
    say_window(w);
    say_later(w);
    fv__onnx_say_options(w);
    return y;
}

void fv__onnx_write_maxpool(fv_onnx_writer *w) {
    (void)pool(w, "MaxPool", fv__onnx_y(w, 0), fv__onnx_x(w, 0));
}

void fv__onnx_write_avgpool(fv_onnx_writer *w) {
    (void)pool(w, "AveragePool", fv__onnx_y(w, 0), fv__onnx_x(w, 0));
}

/* The least is the largest of the opposite. */
void fv__onnx_write_minpool(fv_onnx_writer *w) {
    const char *x = FV_ONNX_PUT(w, "Neg", NULL, fv__onnx_x(w, 0));
    (void)FV_ONNX_PUT(w, "Neg", fv__onnx_y(w, 0), pool(w, "MaxPool", NULL, x));
}

void fv__onnx_write_globalminpool(fv_onnx_writer *w) {
    const char *x = FV_ONNX_PUT(w, "Neg", NULL, fv__onnx_x(w, 0));
    (void)FV_ONNX_PUT(w, "Neg", fv__onnx_y(w, 0), FV_ONNX_PUT(w, "GlobalMaxPool", NULL, x));
}

/* Theirs takes whole numbers for p. */
static bool is_whole(fv_onnx_writer *w) {
    const double p = fv__onnx_option_real(w, "p");
    return p == (double)(int64_t)p;
}

static const char *power(fv_onnx_writer *w, const char *out, const char *x, double p) {
    return FV_ONNX_PUT(w, "Pow", out, x, fv__onnx_number(w, p));
}

/* |x|^p and, when its mean times `count` has been made of it, the p-th root. */
static const char *powers(fv_onnx_writer *w) {
    return power(w, NULL, FV_ONNX_PUT(w, "Abs", NULL, fv__onnx_x(w, 0)),
                 fv__onnx_option_real(w, "p"));
}

static void root(fv_onnx_writer *w, const char *mean, double count) {
    const char *sum = FV_ONNX_PUT(w, "Mul", NULL, mean, fv__onnx_number(w, count));
    (void)power(w, fv__onnx_y(w, 0), sum, 1 / fv__onnx_option_real(w, "p"));
}

void fv__onnx_write_lppool(fv_onnx_writer *w) {
    const fv_size *kernel = fv__onnx_option(w, "kernel");
    const int sides = sides_of(w);
    const bool whole = is_whole(w);
    if (fv__onnx_option_bool(w, "ceil"))
        fv__onnx_cannot(w, "ONNX has no ceil for it before opset 18");
    const char *y = whole ? FV_ONNX_PUT(w, "LpPool", fv__onnx_y(w, 0), fv__onnx_x(w, 0))
                          : FV_ONNX_PUT(w, "AveragePool", NULL, powers(w));
    say_window(w);
    if (!one_dilation(w)) fv__onnx_cannot(w, "ONNX has no dilation for it before opset 18");
    if (whole) fv__onnx_say_int(w, "p", (int64_t)fv__onnx_option_real(w, "p"));
    fv__onnx_say_options(w);
    if (whole) return;
    fv__onnx_say_int(w, "count_include_pad", 1);
    root(w, y, (double)(sides == 1 ? kernel->w : kernel->h * kernel->w));
}

void fv__onnx_write_globallppool(fv_onnx_writer *w) {
    const fv_shape *x = fv__onnx_x_shape(w, 0);
    if (is_whole(w)) {
        (void)FV_ONNX_PUT(w, "GlobalLpPool", fv__onnx_y(w, 0), fv__onnx_x(w, 0));
        fv__onnx_say_int(w, "p", (int64_t)fv__onnx_option_real(w, "p"));
        return;
    }
    const double count = (double)(fv__shape_sample(x) / x->dim[1]);
    root(w, FV_ONNX_PUT(w, "GlobalAveragePool", NULL, powers(w)), count);
}

/* Windows all of one size are those of a usual pool. */
static bool write_even(fv_onnx_writer *w, const char *op) {
    const fv_shape *x = fv__onnx_x_shape(w, 0), *y = fv__onnx_y_shape(w, 0);
    const int sides = sides_of(w);
    int64_t window[2];
    (void)fv__onnx_option(w, "output");
    for (int i = 0; i < sides; i++) {
        if (x->dim[2 + i] % y->dim[2 + i] != 0) return false;
        window[i] = x->dim[2 + i] / y->dim[2 + i];
    }
    (void)FV_ONNX_PUT(w, op, fv__onnx_y(w, 0), fv__onnx_x(w, 0));
    fv__onnx_say_ints(w, "kernel_shape", window, sides);
    fv__onnx_say_ints(w, "strides", window, sides);
    return true;
}

/* The largest numbers of `out` windows along one dimension, side by side again. */
static const char *largest(fv_onnx_writer *w, const char *end, const char *x, int64_t axis,
                           int64_t in, int64_t out) {
    const char **parts =
        w->status == FV_OK ? fv__arena_alloc(&w->arena, (size_t)out * sizeof *parts) : NULL;
    if (!parts) return NULL;
    for (int64_t o = 0; o < out; o++) {
        const fv_ints first = {1, {o * in / out}}, behind = {1, {((o + 1) * in + out - 1) / out}};
        const fv_ints along = {1, {axis}}, none = {0};
        const char *part = fv__onnx_slice(w, NULL, x, &first, &behind, &along, &none);
        parts[o] = FV_ONNX_PUT(w, "ReduceMax", NULL, part);
        fv__onnx_say_ints(w, "axes", &axis, 1);
    }
    const char *y = fv__onnx_put(w, "Concat", end, parts, (int)out);
    fv__onnx_say_int(w, "axis", axis);
    return y;
}

/* Of several sizes: rows first, then columns. */
void fv__onnx_write_adaptivemaxpool(fv_onnx_writer *w) {
    const fv_shape *x = fv__onnx_x_shape(w, 0), *y = fv__onnx_y_shape(w, 0);
    const int last = x->rank - 1;
    if (write_even(w, "MaxPool")) return;
    const char *in = fv__onnx_x(w, 0);
    if (last > 2) in = largest(w, NULL, in, 2, x->dim[2], y->dim[2]);
    (void)largest(w, fv__onnx_y(w, 0), in, last, x->dim[last], y->dim[last]);
}

/* A matrix whose row o takes the average of window o of n on an axis of i pixels: [n, i], or
   `turned` [i, n]. */
static const char *averaging(fv_onnx_writer *w, int64_t in, int64_t out, bool turned) {
    const fv_shape shape = turned ? fv__shape2(in, out) : fv__shape2(out, in);
    float *m = fv__onnx_floats(w, in * out);
    for (int64_t o = 0; m && o < out; o++) {
        const int64_t first = o * in / out, end = ((o + 1) * in + out - 1) / out;
        for (int64_t i = first; i < end; i++)
            m[turned ? i * out + o : o * in + i] = 1 / (float)(end - first);
    }
    return fv__onnx_own_tensor(w, "average", FV_F32, &shape, m);
}

/* Of several sizes: y = A x B, with the averages in A and B. */
void fv__onnx_write_adaptiveavgpool(fv_onnx_writer *w) {
    const fv_shape *x = fv__onnx_x_shape(w, 0), *y = fv__onnx_y_shape(w, 0);
    const int last = x->rank - 1;
    if (write_even(w, "AveragePool")) return;
    const char *out = fv__onnx_y(w, 0);
    const char *columns = FV_ONNX_PUT(w, "MatMul", last == 2 ? out : NULL, fv__onnx_x(w, 0),
                                      averaging(w, x->dim[last], y->dim[last], true));
    if (last > 2)
        (void)FV_ONNX_PUT(w, "MatMul", out, averaging(w, x->dim[2], y->dim[2], false), columns);
}

/* --------------------------------------------------------------------------------- local --- */

/* Where the windows of a layer read its padded input, laid out in one line of `width` a row:
   [places, height * width of the kernel]. */
static const char *places_of(fv_onnx_writer *w, const fv_size *kernel, int64_t width) {
    const fv_size *stride = fv__onnx_option(w, "stride"),
                  *dilation = fv__onnx_option(w, "dilation");
    const fv_shape *y = fv__onnx_y_shape(w, 0);
    const bool row = sides_of(w) == 1;
    const int64_t rows = row ? 1 : y->dim[2], columns = y->dim[y->rank - 1];
    const int64_t high = row ? 1 : kernel->h, area = high * kernel->w;
    const fv_shape shape = fv__shape2(rows * columns, area);
    int64_t *at = w->status == FV_OK
                      ? fv__arena_alloc(&w->arena, (size_t)(rows * columns * area) * sizeof *at)
                      : NULL;
    if (!at && w->status == FV_OK) w->status = FV_EXHAUSTED;
    if (!at) return NULL;
    for (int64_t p = 0; p < rows * columns; p++)
        for (int64_t q = 0; q < area; q++)
            at[p * area + q] =
                (p / columns * stride->h + q / kernel->w * dilation->h) * (row ? 0 : width) +
                p % columns * stride->w + q % kernel->w * dilation->w;
    return fv__onnx_own_tensor(w, "places", FV_I64, &shape, at);
}

/* Zeros around the input, as the layer's windows ask for them; the padded height and width. */
static const char *padded(fv_onnx_writer *w, const fv_size *kernel, int64_t size[2]) {
    const fv_size *stride = fv__onnx_option(w, "stride"),
                  *dilation = fv__onnx_option(w, "dilation");
    const fv_pad *pad = fv__onnx_option(w, "pad");
    const fv_shape *x = fv__onnx_x_shape(w, 0);
    const bool row = sides_of(w) == 1;
    const fv_shape map = row ? fv__shape4(1, 1, 1, x->dim[2]) : *x;
    fv_window win[2];
    fv_misfit misfit[2];
    if (fv__windows(w->ctx, &map, row ? (fv_size){1, kernel->w} : *kernel, *stride, *dilation, pad,
                    false, win, misfit) != FV_OK) {
        w->status = FV_BAD_INPUT;
        return NULL;
    }
    size[0] = map.dim[2] + win[0].before + win[0].after;
    size[1] = map.dim[3] + win[1].before + win[1].after;
    if (!(win[0].before | win[0].after | win[1].before | win[1].after)) return fv__onnx_x(w, 0);
    const int64_t maps[] = {0, 0, win[0].before, win[1].before, 0, 0, win[0].after, win[1].after};
    const int64_t rows[] = {0, 0, win[1].before, 0, 0, win[1].after};
    const int64_t *pads = row ? rows : maps;
    if (w->opset >= 11)
        return FV_ONNX_PUT(w, "Pad", NULL, fv__onnx_x(w, 0), fv__onnx_list(w, pads, row ? 6 : 8));
    const char *y = FV_ONNX_PUT(w, "Pad", NULL, fv__onnx_x(w, 0));
    fv__onnx_say_ints(w, "pads", pads, row ? 6 : 8);
    return y;
}

/* A place's own weights are a matrix of its own: the windows are gathered, [N, C, P, K], and laid
   out as [P, N, C K]; times [P, C K, O] that is [P, N, O]. */
void fv__onnx_write_local(fv_onnx_writer *w) {
    const fv_shape *x = fv__onnx_x_shape(w, 0), *y = fv__onnx_y_shape(w, 0);
    const fv_size *kernel = fv__onnx_option(w, "kernel");
    const bool bias = fv__onnx_option_bool(w, "bias");
    const int64_t filters = fv__onnx_option_int(w, "filters"), channels = x->dim[1];
    const int64_t places = fv__shape_sample(y) / filters, turn[] = {2, 0, 1, 3}, back[] = {1, 2, 0};
    int64_t size[2], end[FV_RANK_MAX] = {0};
    const char *in = padded(w, kernel, size);
    if (!in) return;
    const int64_t depth = channels * (sides_of(w) == 1 ? 1 : kernel->h) * kernel->w;
    const int64_t line[] = {0, channels, -1}, windows[] = {places, -1, depth};
    const int64_t ours[] = {places, filters, depth}, swap[] = {0, 2, 1};
    in = fv__onnx_reshape(w, NULL, in, line, 3);
    in = FV_ONNX_PUT(w, "Gather", NULL, in, places_of(w, kernel, size[1]));
    fv__onnx_say_int(w, "axis", 2);
    in = fv__onnx_transpose(w, NULL, in, turn, 4);
    in = fv__onnx_reshape(w, NULL, in, windows, 3);
    const char *weight = fv__onnx_reshape(w, NULL, fv__onnx_w(w, 0), ours, 3);
    weight = fv__onnx_transpose(w, NULL, weight, swap, 3);
    const char *sums = FV_ONNX_PUT(w, "MatMul", NULL, in, weight);
    sums = fv__onnx_transpose(w, NULL, sums, back, 3); /* [N, O, P] */
    for (int d = 1; d < y->rank; d++) end[d] = y->dim[d];
    sums = fv__onnx_reshape(w, bias ? NULL : fv__onnx_y(w, 0), sums, end, y->rank);
    if (bias) (void)FV_ONNX_PUT(w, "Add", fv__onnx_y(w, 0), sums, fv__onnx_w(w, 1));
}

#endif
