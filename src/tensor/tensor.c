/* SPDX-License-Identifier: MIT */
/*
 * tensor.c - shapes, and copies between dtypes and layouts.
 */
#include "tensor/tensor.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} dtypes[FV_DTYPES] = {
    [FV_F32] = {"float32", 4},   [FV_F64] = {"float64", 8}, [FV_F16] = {"float16", 2},
    [FV_BF16] = {"bfloat16", 2}, [FV_I32] = {"int32", 4},   [FV_I64] = {"int64", 8},
    [FV_I8] = {"int8", 1},       [FV_U8] = {"uint8", 1},    [FV_BOOL8] = {"bool", 1}};

size_t fv__dtype_bytes(fv_dtype dtype) {
    return dtypes[dtype].bytes;
}

const char *fv__dtype_name(fv_dtype dtype) {
    return dtypes[dtype].name;
}

double fv__element(fv_dtype dtype, const void *data, int64_t i) {
    switch (dtype) {
    case FV_F32:
        return (double)((const float *)data)[i];
    case FV_F64:
        return ((const double *)data)[i];
    case FV_I32:
        return ((const int32_t *)data)[i];
    case FV_I64:
        return (double)((const int64_t *)data)[i];
    case FV_I8:
        return ((const int8_t *)data)[i];
    case FV_U8:
    case FV_BOOL8:
        return ((const uint8_t *)data)[i];
    default:
        return NAN;
    }
}

bool fv__dtype_named(const char *name, size_t length, fv_dtype *out) {
    for (int d = 0; d < FV_DTYPES; d++) {
        if (strlen(dtypes[d].name) != length || memcmp(dtypes[d].name, name, length) != 0) continue;
        *out = (fv_dtype)d;
        return true;
    }
    return false;
}

const char *fv__layout_name(fv_layout layout) {
    static const char *const names[FV_LAYOUTS] = {
        [FV_PLAIN] = "plain", [FV_BLOCK16] = "block16", [FV_CHANNELS_LAST] = "channels_last"};
    return names[layout];
}

/* The product of dimensions from `first` on; -1 when it does not fit or a dimension is negative. */
static int64_t product(const fv_shape *s, int first) {
    int64_t n = 1;
    for (int i = first; i < s->rank; i++) {
        if (s->dim[i] < 0 || !fv__mul_i64(n, s->dim[i], &n)) return -1;
    }
    return n;
}

int64_t fv__shape_count(const fv_shape *s) {
    return product(s, 0);
}

int64_t fv__shape_sample(const fv_shape *s) {
    return product(s, 1);
}

bool fv__shape_equal(const fv_shape *a, const fv_shape *b) {
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++) {
        if (a->dim[i] != b->dim[i]) return false;
    }
    return true;
}

static size_t add(char *out, size_t at, const char *before, int64_t v) {
    if (at >= FV_SHAPE_TEXT) return at;
    int n = snprintf(out + at, FV_SHAPE_TEXT - at, "%s%" PRId64, before, v);
    return n < 0 ? at : at + (size_t)n;
}

static void close_bracket(char *out, size_t at) {
    if (at > FV_SHAPE_TEXT - 2) at = FV_SHAPE_TEXT - 2;
    out[at] = ']';
    out[at + 1] = '\0';
}

char *fv__shape_text(char *out, const fv_shape *s) {
    size_t at = 0;
    const char *before = "[";
    for (int i = 2; i < s->rank; i++) {
        at = add(out, at, before, s->dim[i]);
        before = "x";
    }
    at = add(out, at, before, s->rank > 1 ? s->dim[1] : 1);
    close_bracket(out, at);
    return out;
}

char *fv__dims_text(char *out, const fv_shape *s) {
    size_t at = 0;
    out[0] = '\0';
    for (int i = 0; i < s->rank; i++) at = add(out, at, i > 0 ? "x" : "", s->dim[i]);
    return out;
}

fv_tensor fv__tensor(void *data, fv_dtype dtype, fv_shape shape) {
    fv_tensor t = {data, dtype, FV_PLAIN, shape, fv__shape_sample(&shape)};
    return t;
}

int64_t fv__layout_sample(fv_layout layout, const fv_shape *s) {
    if (layout != FV_BLOCK16) return fv__shape_sample(s);
    fv_shape filled = *s;
    if (s->rank > 1) filled.dim[1] = (s->dim[1] + FV_BLOCK - 1) / FV_BLOCK * FV_BLOCK;
    return fv__shape_sample(&filled);
}

int64_t fv__layout_pixel(fv_layout layout, int64_t channels) {
    if (layout == FV_PLAIN) return 1;
    return layout == FV_BLOCK16 ? FV_BLOCK : channels;
}

int64_t fv__layout_channel(fv_layout layout, int64_t channels, int64_t pixels, int64_t c) {
    (void)channels;
    if (layout == FV_PLAIN) return c * pixels;
    return layout == FV_BLOCK16 ? c / FV_BLOCK * FV_BLOCK * pixels + c % FV_BLOCK : c;
}

#define COPY(name, from_type, to_type)                                                             \
    static void copy_##name(const void *from, int64_t from_step, void *to, int64_t to_step,        \
                            int64_t n) {                                                           \
        const from_type *x = from;                                                                 \
        to_type *y = to;                                                                           \
        for (int64_t i = 0; i < n; i++) y[i * to_step] = (to_type)x[i * from_step];                \
    }
#define ADD(name, type)                                                                            \
    static void add_##name(const void *from, int64_t from_step, void *to, int64_t to_step,         \
                           int64_t n) {                                                            \
        const type *x = from;                                                                      \
        type *y = to;                                                                              \
        for (int64_t i = 0; i < n; i++) y[i * to_step] += x[i * from_step];                        \
    }
COPY(f32_f64, float, double)
COPY(f64_f32, double, float)
COPY(8, uint8_t, uint8_t)
COPY(16, uint16_t, uint16_t)
COPY(32, uint32_t, uint32_t)
COPY(64, uint64_t, uint64_t)
ADD(f32, float)
ADD(f64, double)

typedef void copy_fn(const void *, int64_t, void *, int64_t, int64_t);

static copy_fn *choose_copy(fv_dtype from, fv_dtype to, bool accumulate) {
    if (accumulate)
        return from != to ? NULL : to == FV_F32 ? add_f32 : to == FV_F64 ? add_f64 : NULL;
    if (from == FV_F32 && to == FV_F64) return copy_f32_f64;
    if (from == FV_F64 && to == FV_F32) return copy_f64_f32;
    if (from != to) return NULL;
    switch (fv__dtype_bytes(to)) {
    case 1:
        return copy_8;
    case 2:
        return copy_16;
    case 4:
        return copy_32;
    default:
        return copy_64;
    }
}

void fv__tensor_convert(const fv_tensor *from, const fv_tensor *to, int64_t first, int64_t end,
                        bool accumulate) {
    copy_fn *copy = choose_copy(from->dtype, to->dtype, accumulate);
    if (copy == NULL || from->data == NULL || to->data == NULL) return;
    const int64_t channels = fv__channels(&to->shape), pixels = product(&to->shape, 2);
    const size_t from_bytes = fv__dtype_bytes(from->dtype), to_bytes = fv__dtype_bytes(to->dtype);
    const int64_t size = fv__layout_sample(to->layout, &to->shape);
    const int64_t x_pixel = fv__layout_pixel(from->layout, channels);
    const int64_t y_pixel = fv__layout_pixel(to->layout, channels);
    for (int64_t n = first; n < end; n++) {
        const char *x = (const char *)from->data + (size_t)(n * from->step) * from_bytes;
        char *y = (char *)to->data + (size_t)(n * to->step) * to_bytes;
        if (from->layout == to->layout) {
            copy(x, 1, y, 1, size);
            continue;
        }
        if (to->layout == FV_BLOCK16 && channels % FV_BLOCK != 0 && !accumulate) {
            const int64_t last = channels / FV_BLOCK * FV_BLOCK * pixels;
            memset(y + (size_t)last * to_bytes, 0, (size_t)(size - last) * to_bytes);
        }
        for (int64_t c = 0; c < channels; c++) {
            const int64_t at = fv__layout_channel(from->layout, channels, pixels, c);
            const int64_t goes = fv__layout_channel(to->layout, channels, pixels, c);
            copy(x + (size_t)at * from_bytes, x_pixel, y + (size_t)goes * to_bytes, y_pixel,
                 pixels);
        }
    }
}
