/* SPDX-License-Identifier: MIT */
/*
 * strides.c - walking tensors of any rank by strides, several at once.
 */
#ifndef FV_LOOPS
#include "op/strides.h"

#include <string.h>

fv_walk fv__walk_over(const fv_shape *shape) {
    fv_walk w = {.rank = shape->rank};
    for (int d = 0; d < shape->rank; d++) w.dim[d] = shape->dim[d];
    return w;
}

void fv__strides(const fv_tensor *t, int64_t stride[FV_RANK_MAX]) {
    int64_t dense = 1;
    for (int d = t->shape.rank - 1; d > 0; d--) {
        stride[d] = dense;
        dense *= t->shape.dim[d];
    }
    if (t->shape.rank > 0) stride[0] = t->step;
}

void fv__walk_aligned(fv_walk *w, int k, const fv_tensor *t) {
    int64_t stride[FV_RANK_MAX];
    const int lacks = w->rank - t->shape.rank;
    fv__strides(t, stride);
    w->start[k] = 0;
    for (int d = 0; d < w->rank; d++)
        w->stride[k][d] = d < lacks || t->shape.dim[d - lacks] == 1 ? 0 : stride[d - lacks];
}

bool fv__broadcast(const fv_shape *a, const fv_shape *b, fv_shape *out) {
    fv_shape to = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int d = 0; d < to.rank; d++) {
        const int i = d - (to.rank - a->rank), j = d - (to.rank - b->rank);
        const int64_t m = i < 0 ? 1 : a->dim[i], n = j < 0 ? 1 : b->dim[j];
        if (m != n && m != 1 && n != 1) return false;
        to.dim[d] = m == 1 ? n : m;
    }
    *out = to;
    return true;
}

/* Dimension d becomes the walk's number `to`. */
static void renumber(fv_walk *w, int to, int d) {
    w->dim[to] = w->dim[d];
    for (int k = 0; k < FV_WALK_TENSORS; k++) w->stride[k][to] = w->stride[k][d];
}

/* Whether dimension d continues where a run along its inner neighbour ends, in every tensor. */
static bool continues(const fv_walk *w, int d, int inner) {
    for (int k = 0; k < FV_WALK_TENSORS; k++)
        if (w->stride[k][d] != w->dim[inner] * w->stride[k][inner]) return false;
    return true;
}

/* Leaves out dimensions of 1 and joins those that continue each other. */
static void shorten(fv_walk *w) {
    int rank = 0;
    for (int d = 0; d < w->rank; d++) {
        if (w->dim[d] == 1) continue;
        const bool joins = rank > 0 && continues(w, rank - 1, d);
        const int64_t before = joins ? w->dim[rank - 1] : 1;
        if (!joins) rank++;
        renumber(w, rank - 1, d);
        w->dim[rank - 1] *= before;
    }
    w->rank = rank;
}

bool fv__walk_begin(fv_walk *w) {
    shorten(w);
    const int last = w->rank - 1;
    w->row = last >= 0 ? w->dim[last] : 1;
    memset(w->index, 0, sizeof w->index);
    for (int k = 0; k < FV_WALK_TENSORS; k++) {
        w->at[k] = w->start[k];
        w->by[k] = last >= 0 ? w->stride[k][last] : 0;
    }
    return true;
}

bool fv__walk_next(fv_walk *w) {
    for (int d = w->rank - 2; d >= 0; d--) {
        const bool more = ++w->index[d] < w->dim[d];
        for (int k = 0; k < FV_WALK_TENSORS; k++)
            w->at[k] += more ? w->stride[k][d] : -w->stride[k][d] * (w->dim[d] - 1);
        if (more) return true;
        w->index[d] = 0;
    }
    return false;
}

void fv__walk_split(const fv_walk *w, int k, fv_walk *moves, fv_walk *still) {
    *moves = *still = *w;
    moves->rank = still->rank = 0;
    memset(still->start, 0, sizeof still->start);
    for (int d = 0; d < w->rank; d++) {
        if (w->dim[d] == 1) continue;
        fv_walk *to = w->stride[k][d] != 0 ? moves : still;
        to->rank++;
        to->dim[to->rank - 1] = w->dim[d];
        for (int i = 0; i < FV_WALK_TENSORS; i++) to->stride[i][to->rank - 1] = w->stride[i][d];
    }
}

/* Elements of so many bytes, which the compiler knows. */
#define COPY_ELEMENTS(BYTES)                                                                       \
    case BYTES:                                                                                    \
        for (int64_t i = 0; i < w->row; i++)                                                       \
            memcpy(y + i * to * BYTES, x + i * from * BYTES, BYTES);                               \
        break

static void copy_row(const fv_walk *w, char *y, const char *x, size_t bytes) {
    const int64_t to = w->by[0], from = w->by[1];
    if (to == 1 && from == 1) {
        memcpy(y, x, (size_t)w->row * bytes);
        return;
    }
    switch (bytes) {
        COPY_ELEMENTS(1);
        COPY_ELEMENTS(2);
        COPY_ELEMENTS(4);
        COPY_ELEMENTS(8);
    default:
        break;
    }
}
#undef COPY_ELEMENTS

void fv__walk_copy(const fv_walk *walk, void *y, const void *x, size_t bytes) {
    const int64_t size = (int64_t)bytes;
    fv_walk w = *walk;
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        copy_row(&w, (char *)y + w.at[0] * size, (const char *)x + w.at[1] * size, bytes);
}

#define FV_LOOPS "op/strides.c"
#include "op/loops.h"

void fv__walk_give_back(const fv_walk *w, const void *dy, void *dx, fv_dtype dtype) {
    fv_walk moves, still;
    fv__walk_split(w, 1, &moves, &still);
    if (dtype == FV_F64)
        give_back_f64(&moves, &still, dy, dx);
    else
        give_back_f32(&moves, &still, dy, dx);
}

#else

/* The sum of dy where dx stands still. */
static double LOOP(sum)(const fv_walk *still, const real *dy) {
    double sum = 0;
    fv_walk w = *still;
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++) sum += dy[w.at[0] + i * w.by[0]];
    return sum;
}

static void LOOP(give_back)(const fv_walk *moves, const fv_walk *still, const real *dy, real *dx) {
    const bool sums = still->rank > 0;
    fv_walk w = *moves;
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++) {
            const real *from = dy + w.at[0] + i * w.by[0];
            dx[w.at[1] + i * w.by[1]] += sums ? (real)LOOP(sum)(still, from) : *from;
        }
}

#endif
