/* SPDX-License-Identifier: MIT */
/*
 * depthwise.h - a depthwise convolution as settled, alone or with the 1x1 convolution before it
 * inside (fv_site.inner), of which a few channels are made at a time.
 */
#ifndef FV_CPU_DEPTHWISE_H
#define FV_CPU_DEPTHWISE_H

#include "cpu/conv_sizes.h"

typedef struct fv_depth {
    fv_depthwise g;
    int64_t band, bands; /* rows of the result at a time */
    int64_t worker;      /* floats */
    /* of the convolution inside: */
    int64_t c;                  /* channels that it reads; 0: there is none */
    int64_t strip, strips;      /* channels that it makes at a time */
    int64_t stretch, stretches; /* rows of the result for which it makes them */
    int64_t ld, slab;           /* floats from one of its channels to the next, of all of them */
} fv_depth;

typedef struct fv_depth_work {
    const fv_pass *p;
    const fv_depth *d;
    fv_activation act, inner_act;
    fv_gemm_after after, inner_after;
    int64_t channels;
} fv_depth_work;

/* Rows of a plane, with its padding, that `rows` of the result see. */
static inline int64_t fv__depth_seen(const fv_depthwise *g, int64_t rows) {
    return (rows - 1) * g->sh + (g->kh - 1) * g->dh + 1;
}

/* Channels c to c+count-1 of sample n, rows `row` to row+rows-1 of their results; x as the kernel
   wants it, scratch of d->worker floats. */
void fv__depth_planes(const fv_depth_work *w, const fv_depthwise *g, const float *x, int64_t n,
                      int64_t c, int64_t count, int64_t row, int64_t rows, float *scratch);

/* With the convolution inside: how the work is cut, or why not so; packing it; all of the work. */
const char *fv__depth_settle_inner(fv_depth *d, const fv_site *site, const fv_request *request,
                                   fv_arena *arena, fv_settled *settled);
void fv__depth_prepare_inner(const fv_pass *p);
void fv__depth_run_inner(fv_depth_work *w);

#endif
