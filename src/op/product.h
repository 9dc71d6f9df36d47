/* SPDX-License-Identifier: MIT */
/*
 * product.h - products of matrices, and their gradients, as sums over a walk: y = s * sum of a * b.
 */
#ifndef FV_OP_PRODUCT_H
#define FV_OP_PRODUCT_H

#include "op/shapes.h"
#include "op/strides.h"

/* In the walk tensor 0 is y, tensor 1 is a, tensor 2 is b. */
enum { FV_OF_Y, FV_OF_A, FV_OF_B };

/* A walk over dimensions that matrices stand in, `lead` of them, and behind them the row and the
   column of y, and what is added up over. */
fv_walk fv__product_walk(const int64_t *lead, int count, int64_t rows, int64_t columns,
                         int64_t depth);
/* The numbers of the last three dimensions; FV_LACKS: the tensor has no such dimension. */
enum { FV_LACKS = -1, FV_ROW, FV_COLUMN, FV_DEPTH };
/* Places tensor k, whose last two dimensions (of which it may lack one) are these of the walk. */
void fv__product_place(fv_walk *w, int k, const fv_tensor *t, int last_but_one, int last);

/* Of the three tensors, number `to` receives for each of its elements scale times the sum of the
   products of the others; one without data counts as 1. */
void fv__product(const fv_walk *w, int to, const fv_tensor t[3], double scale, bool add);

/* The same of an x that is broadcast to y (it stands where a does), without a b: y += scale x, or
   of the gradients dx += scale dy. */
void fv__product_broadcast(const fv_tensor *y, const fv_tensor *x, int to, double scale);

/* The walks of matmul and gemm over a product with these tensors in the places of y, a and b. */
fv_walk fv__matmul_walk(const fv_tensor t[3]);
typedef struct fv_gemm_options {
    double alpha, beta;
    bool transa, transb;
} fv_gemm_options;
fv_walk fv__gemm_walk(const fv_gemm_options *o, const fv_tensor t[3]);

/* The multiplications of a product with this y and depth, for one sample. */
void fv__cost_product(fv_cost *cost, const fv_site *site, int64_t depth);

#endif
