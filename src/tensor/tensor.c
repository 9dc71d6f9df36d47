/* SPDX-License-Identifier: MIT */
/*
 * tensor.c - shapes, and copies between dtypes and layouts.
 */
#include "tensor/tensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 16 /* channels in a block of FV_BLOCK16 */

size_t fv__dtype_bytes(fv_dtype dtype) {
    switch (dtype) {
    case FV_F32:
        return sizeof(float);
    case FV_F64:
        return sizeof(double);
    case FV_I32:
        return sizeof(int32_t);
    default:
        break;
    }
    return 1;
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

/* Elements of one sample in memory: a last block of channels is filled up. */
static int64_t sample_size(const fv_tensor *t, int64_t channels, int64_t pixels) {
    if (t->layout == FV_PLAIN) return channels * pixels;
    return (channels + BLOCK - 1) / BLOCK * BLOCK * pixels;
}

/* Where channel c begins, and how far its pixels are apart. */
static int64_t channel_start(const fv_tensor *t, int64_t c, int64_t pixels) {
    return t->layout == FV_PLAIN ? c * pixels : c / BLOCK * BLOCK * pixels + c % BLOCK;
}
static int64_t pixel_step(const fv_tensor *t) {
    return t->layout == FV_PLAIN ? 1 : BLOCK;
}

#define COPY(name, from_type, to_type)                                                             \
    static void name(const void *from, int64_t from_step, void *to, int64_t to_step, int64_t n) {  \
        const from_type *x = from;                                                                 \
        to_type *y = to;                                                                           \
        for (int64_t i = 0; i < n; i++) y[i * to_step] = (to_type)x[i * from_step];                \
    }
COPY(copy_f32_f32, float, float)
COPY(copy_f32_f64, float, double)
COPY(copy_f64_f32, double, float)
COPY(copy_f64_f64, double, double)
COPY(copy_i32, int32_t, int32_t)
COPY(copy_u8, uint8_t, uint8_t)

typedef void copy_fn(const void *, int64_t, void *, int64_t, int64_t);

static copy_fn *choose_copy(fv_dtype from, fv_dtype to) {
    if (from == FV_F32 && to == FV_F32) return copy_f32_f32;
    if (from == FV_F32 && to == FV_F64) return copy_f32_f64;
    if (from == FV_F64 && to == FV_F32) return copy_f64_f32;
    if (from == FV_F64 && to == FV_F64) return copy_f64_f64;
    if (from == FV_I32 && to == FV_I32) return copy_i32;
    return from == FV_U8 && to == FV_U8 ? copy_u8 : NULL;
}

void fv__tensor_convert(const fv_tensor *from, const fv_tensor *to) {
    copy_fn *copy = choose_copy(from->dtype, to->dtype);
    if (copy == NULL || from->data == NULL || to->data == NULL) return;
    const fv_shape *s = &to->shape;
    int64_t samples = s->rank > 0 ? s->dim[0] : 1;
    int64_t channels = fv__channels(s), pixels = product(s, 2);
    int64_t size = sample_size(to, channels, pixels);
    size_t from_bytes = fv__dtype_bytes(from->dtype), to_bytes = fv__dtype_bytes(to->dtype);
    for (int64_t n = 0; n < samples; n++) {
        const char *x = (const char *)from->data + (size_t)(n * from->step) * from_bytes;
        char *y = (char *)to->data + (size_t)(n * to->step) * to_bytes;
        if (from->layout == to->layout) {
            if (from->dtype == to->dtype)
                memcpy(y, x, (size_t)size * to_bytes);
            else
                copy(x, 1, y, 1, size);
            continue;
        }
        if (channels % BLOCK != 0 && to->layout == FV_BLOCK16) {
            int64_t last = channel_start(to, channels / BLOCK * BLOCK, pixels);
            memset(y + (size_t)last * to_bytes, 0, (size_t)(size - last) * to_bytes);
        }
        for (int64_t c = 0; c < channels; c++) {
            copy(x + (size_t)channel_start(from, c, pixels) * from_bytes, pixel_step(from),
                 y + (size_t)channel_start(to, c, pixels) * to_bytes, pixel_step(to), pixels);
        }
    }
}
