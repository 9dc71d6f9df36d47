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

size_t fv__dtype_bytes(fv_dtype dtype);

/* How a sample's elements lie in memory. People, files and reference loops see FV_PLAIN. */
typedef enum fv_layout {
    FV_PLAIN,  /* C,H,W: the shape's own order */
    FV_BLOCK16 /* channels in blocks of 16, innermost: C/16,H,W,16 (the last block zero-filled) */
} fv_layout;

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

/* Copies between dtypes F32 and F64 and between layouts; shapes must agree. */
void fv__tensor_convert(const fv_tensor *from, const fv_tensor *to);

#endif
