/* SPDX-License-Identifier: MIT */
/*
 * table.h - the functions every instruction set provides. Part of kern.h.
 */
#ifndef FV_KERN_TABLE_H
#define FV_KERN_TABLE_H

struct fv_kernels {
    const char *name; /* "avx512" */
    int lanes;        /* floats per vector */
    int mr, nr;       /* register tile of gemm: rows and columns */

    /* The optimisers' update rules over n values, with decay folded in (decay 0: none). */
    void (*sgd)(int64_t n, float *w, float *velocity, const float *g, float lr, float momentum,
                float decay, int nesterov);
    void (*adam)(int64_t n, float *w, float *m, float *v, const float *g, float lr, float beta1,
                 float beta2, float epsilon, float decay, float correction1, float correction2);
    void (*adadelta)(int64_t n, float *w, float *square, float *delta, const float *g, float lr,
                     float rho, float epsilon, float decay);
};

#endif
