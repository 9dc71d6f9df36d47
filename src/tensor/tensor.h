/* SPDX-License-Identifier: MIT */
/*
 * tensor.h - dtype, shape and view.
 *
 * A tensor never owns memory. Its first dimension is the batch; inside one sample the elements are
 * dense in the order of the shape, and samples are `step` elements apart. A step larger than a
 * sample is how one branch of a concat writes its slice of the joined buffer.
 */
#ifndef FV_TENSOR_TENSOR_H
#define FV_TENSOR_TENSOR_H

#include "base/memory.h"

/* fv_dtype says what an element is. F32 stands for "real" wherever a plan says which real it
   computes in: the values of a plan in double are F64. */
#define FV_DTYPES (FV_BOOL8 + 1)
size_t fv__dtype_bytes(fv_dtype dtype);
const char *fv__dtype_name(fv_dtype dtype); /* "float32", "int32", "bool" */
/* Element i of dense ones as a number; NaN of the half precisions, which nothing computes with. */
double fv__element(fv_dtype dtype, const void *data, int64_t i);
/* The type of a name of `length` characters; false: of none. */
bool fv__dtype_named(const char *name, size_t length, fv_dtype *out);

/* How a sample's elements lie in memory. People, files and reference loops see FV_PLAIN. */
typedef enum fv_layout {
    FV_PLAIN,         /* C,H,W: the shape's own order */
    FV_BLOCK16,       /* channels in blocks of 16, innermost: C/16,H,W,16; the last is filled up */
    FV_CHANNELS_LAST, /* H,W,C */
    FV_LAYOUTS
} fv_layout;
const char *fv__layout_name(fv_layout layout);
#define FV_BLOCK 16 /* channels in a block of FV_BLOCK16 */

#define FV_RANK_MAX FV_DIMS_MAX

/* Dimensions, outermost first: N,C,H,W of a map; N,K of a vector; N of labels; K of a bias. */
typedef struct fv_shape {
    int rank;
    int64_t dim[FV_RANK_MAX];
} fv_shape;

static inline fv_shape fv__shape1(int64_t a) {
    return (fv_shape){1, {a}};
}
static inline fv_shape fv__shape2(int64_t a, int64_t b) {
    return (fv_shape){2, {a, b}};
}
static inline fv_shape fv__shape4(int64_t n, int64_t c, int64_t h, int64_t w) {
    return (fv_shape){4, {n, c, h, w}};
}

int64_t fv__shape_count(const fv_shape *s);  /* elements, batch included; -1: does not fit */
int64_t fv__shape_sample(const fv_shape *s); /* elements of one sample; 1 for rank 1 */
bool fv__shape_equal(const fv_shape *a, const fv_shape *b);
/* Elements that one sample takes in memory in a layout; -1: does not fit. */
int64_t fv__layout_sample(fv_layout layout, const fv_shape *s);
/* As people read it: sample part of a map "[224x224x64]" (HxWxC, as the lectures), a vector
   "[4096]". `out` holds FV_SHAPE_TEXT bytes; returns it. */
#define FV_SHAPE_TEXT 96
char *fv__shape_text(char *out, const fv_shape *s);
/* All dimensions, "6x1x5x5". */
char *fv__dims_text(char *out, const fv_shape *s);

typedef struct fv_tensor {
    void *data; /* NULL: not wanted, or not there */
    fv_dtype dtype;
    fv_layout layout;
    fv_shape shape;
    int64_t step; /* elements from one sample to the next */
} fv_tensor;

/* A dense FV_PLAIN tensor over `data`. */
fv_tensor fv__tensor(void *data, fv_dtype dtype, fv_shape shape);

/* A shape and its type, before there is memory. `batched`: its first dimension is the batch;
   otherwise the value is one and the same for all samples (a constant, a weight). */
typedef struct fv_type {
    fv_dtype dtype;
    bool batched;
} fv_type;

/* Channels, height and width of a sample; a vector [K] is K x 1 x 1. */
static inline int64_t fv__channels(const fv_shape *s) {
    return s->rank > 1 ? s->dim[1] : 1;
}
static inline int64_t fv__height(const fv_shape *s) {
    return s->rank > 2 ? s->dim[2] : 1;
}
static inline int64_t fv__width(const fv_shape *s) {
    return s->rank > 3 ? s->dim[3] : 1;
}

/* Elements between neighbouring pixels of a channel, and where channel c begins in a sample of so
   many pixels. */
int64_t fv__layout_pixel(fv_layout layout, int64_t channels);
int64_t fv__layout_channel(fv_layout layout, int64_t channels, int64_t pixels, int64_t c);

/* Copies between layouts, and between the dtypes F32 and F64; otherwise dtypes must agree, and so
   must shapes. Samples [first, end). `accumulate`: adds to what is there (F32 and F64 only). */
void fv__tensor_convert(const fv_tensor *from, const fv_tensor *to, int64_t first, int64_t end,
                        bool accumulate);

#endif
