/* SPDX-License-Identifier: MIT */
/*
 * product.c - products of matrices, and their gradients, as sums over a walk.
 */
#ifndef FV_LOOPS
#include "op/product.h"

#include <inttypes.h>
#include <stdio.h>

fv_walk fv__product_walk(const int64_t *lead, int count, int64_t rows, int64_t columns,
                         int64_t depth) {
    fv_walk w = {.rank = count + 3};
    for (int d = 0; d < count; d++) w.dim[d] = lead[d];
    w.dim[count + FV_ROW] = rows;
    w.dim[count + FV_COLUMN] = columns;
    w.dim[count + FV_DEPTH] = depth;
    return w;
}

void fv__product_place(fv_walk *w, int k, const fv_tensor *t, int last_but_one, int last) {
    const int lead = w->rank - 3;
    const int at[2] = {last, last_but_one};
    int64_t stride[FV_RANK_MAX];
    int d = t->shape.rank - 1;
    fv__strides(t, stride);
    for (int d0 = 0; d0 < t->shape.rank; d0++)
        if (t->shape.dim[d0] == 1) stride[d0] = 0;
    for (int i = 0; i < 2; i++)
        if (at[i] != FV_LACKS && d >= 0) w->stride[k][lead + at[i]] = stride[d--];
    for (int to = lead - 1; d >= 0 && to >= 0; to--) w->stride[k][to] = stride[d--];
}

void fv__cost_product(fv_cost *cost, const fv_site *site, int64_t depth) {
    const fv_shape *y = &site->out[0];
    const int64_t count = site->out_type[0].batched ? fv__shape_sample(y) : fv__shape_count(y);
    fv__cost_nothing(cost);
    cost->global = true;
    if (!fv__mul_i64(count, depth, &cost->macs)) cost->macs = INT64_MAX;
    (void)snprintf(cost->product, sizeof cost->product, "%" PRId64 "*%" PRId64, depth, count);
}

#define FV_LOOPS "op/product.c"
#include "op/loops.h"

void fv__product(const fv_walk *w, int to, const fv_tensor t[3], double scale, bool add) {
    fv_walk moves, still;
    fv__walk_split(w, to, &moves, &still);
    if (t[to].dtype == FV_F64)
        product_f64(&moves, &still, to, t, scale, add);
    else
        product_f32(&moves, &still, to, t, scale, add);
}

void fv__product_broadcast(const fv_tensor *y, const fv_tensor *x, int to, double scale) {
    const fv_tensor t[3] = {*y, *x, {0}};
    fv_walk w = fv__walk_over(&y->shape);
    fv__walk_aligned(&w, FV_OF_Y, y);
    fv__walk_aligned(&w, FV_OF_A, x);
    fv__product(&w, to, t, scale, true);
}

#else

/* The sum of products for one element: p and q are the other tensors, numbers u and v. */
static double LOOP(dot)(const fv_walk *still, int u, const real *p, int v, const real *q) {
    double sum = 0;
    if (still->rank == 0) return (double)*p * (q ? (double)*q : 1);
    fv_walk w = *still;
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++)
            sum += (double)p[w.at[u] + i * w.by[u]] * (q ? (double)q[w.at[v] + i * w.by[v]] : 1);
    return sum;
}

static void LOOP(product)(const fv_walk *moves, const fv_walk *still, int to, const fv_tensor t[3],
                          double scale, bool add) {
    const int u = to == FV_OF_Y ? FV_OF_A : FV_OF_Y, v = FV_OF_Y + FV_OF_A + FV_OF_B - to - u;
    const real *p = t[u].data, *q = t[v].data;
    real *out = t[to].data;
    fv_walk w = *moves;
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++) {
            real *y = out + w.at[to] + i * w.by[to];
            const double sum = LOOP(dot)(still, u, p + w.at[u] + i * w.by[u], v,
                                         q ? q + w.at[v] + i * w.by[v] : NULL);
            *y = (real)(scale * sum) + (add ? *y : 0);
        }
}

#endif
