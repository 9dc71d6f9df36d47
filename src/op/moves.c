/* SPDX-License-Identifier: MIT */
/*
 * moves.c - what operators share that compute nothing.
 */
#include "op/moves.h"

fv_status fv__move_shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_same(ctx, site));
    site->out_type[0].dtype = site->in_type[0].dtype;
    return FV_OK;
}

void fv__move(const fv_pass *p, fv_pairs_fn *pairs) {
    const fv_walk w = pairs(p->options, &p->x[0], &p->y[0]);
    fv__walk_copy(&w, p->y[0].data, p->x[0].data, fv__dtype_bytes(p->y[0].dtype));
}

void fv__move_back(const fv_pass *p, fv_pairs_fn *pairs) {
    if (p->dx[0].data == NULL || p->dy[0].data == NULL) return;
    const fv_walk w = pairs(p->options, &p->dx[0], &p->dy[0]);
    fv__walk_give_back(&w, p->dy[0].data, p->dx[0].data, p->dx[0].dtype);
}

/* Samples may lie apart; where the first dimensions differ, both are values without a batch, which
   lie densely. */
static fv_walk same_order(const void *options, const fv_tensor *x, const fv_tensor *y) {
    (void)options;
    const bool samples = fv__samples(x) == fv__samples(y);
    const fv_shape over = samples ? fv__shape2(fv__samples(x), fv__shape_sample(&x->shape))
                                  : fv__shape2(1, fv__shape_count(&x->shape));
    fv_walk w = fv__walk_over(&over);
    w.stride[0][0] = y->step;
    w.stride[1][0] = x->step;
    w.stride[0][1] = w.stride[1][1] = 1;
    return w;
}

void fv__view_forward(const fv_pass *p) {
    fv__move(p, same_order);
}

void fv__view_backward(const fv_pass *p) {
    fv__move_back(p, same_order);
}

/* The number as an element of a type. */
static void as_element(double value, fv_dtype dtype, void *out) {
    const bool whole = value >= -0x1p62 && value <= 0x1p62; /* false of NaN too */
    const int64_t n = whole ? (int64_t)value : 0;
    switch (dtype) {
    case FV_F32:
        *(float *)out = (float)value;
        return;
    case FV_F64:
        *(double *)out = value;
        return;
    case FV_I32:
        *(int32_t *)out = (int32_t)n;
        return;
    case FV_I64:
        *(int64_t *)out = n;
        return;
    case FV_BOOL8:
        *(uint8_t *)out = n != 0;
        return;
    default: /* 0 is all bits 0 in the other types */
        break;
    }
    *(uint8_t *)out = (uint8_t)n;
}

void fv__walk_fill(const fv_walk *w, const fv_tensor *y, double value) {
    int64_t element = 0; /* room for one of any type */
    fv_walk all = *w;
    as_element(value, y->dtype, &element);
    for (int d = 0; d < w->rank; d++) all.stride[1][d] = 0;
    all.start[1] = 0;
    fv__walk_copy(&all, y->data, &element, fv__dtype_bytes(y->dtype));
}

fv_walk fv__walk_part(const fv_tensor *part, const fv_tensor *whole, int d, int64_t first, int k) {
    int64_t stride[FV_RANK_MAX];
    fv_walk w = fv__walk_over(&part->shape);
    fv__strides(whole, stride);
    fv__walk_aligned(&w, 1 - k, part);
    for (int i = 0; i < w.rank; i++) w.stride[k][i] = stride[i];
    w.start[k] = first * stride[d];
    return w;
}
