/* SPDX-License-Identifier: MIT */
/*
 * conv_sizes.h - a convolution's sizes and how its work is cut, shared by forward and backward.
 */
#ifndef FV_CPU_CONV_SIZES_H
#define FV_CPU_CONV_SIZES_H

#include "cpu/cpu.h"
#include "op/conv.h"

typedef struct fv_conv_sizes {
    fv_patches patch;
    int64_t n; /* samples */
    int64_t groups;
    int64_t c, k;       /* channels in and filters, of one group */
    int64_t crs;        /* weights of one filter */
    int64_t places;     /* output pixels of one sample */
    int64_t pixels;     /* input pixels of one channel */
    bool pointwise;     /* 1x1, stride 1, no padding: the patches are the input itself */
    bool joined;        /* maps so small that panels run over several samples */
    int64_t count, per; /* runs of output pixels and how many each has: samples, or one for all */
} fv_conv_sizes;

fv_conv_sizes fv__cpu_conv_sizes(const fv_conv_options *o, const fv_shape *in,
                                 const struct fv_kernels *k);

/* For fv_impl.refuses: kernels that are not mirrored, in float32; and over maps alone. */
const char *fv__cpu_conv_refuses(const fv_site *site, const fv_request *request);
const char *fv__cpu_conv_maps_refuses(const fv_site *site, const fv_request *request);

/* Gathers columns [p0, p1) of rows of a tensor's planes (counted on through samples when joined)
   into out[row*ld], and the way back: stores, or adds. */
void fv__cpu_rows_gather(const fv_conv_sizes *s, const fv_tensor *t, int64_t run, int64_t channel,
                         int64_t rows, int64_t p0, int64_t p1, float *out, int64_t ld);

/* db += sum of dy. */
void fv__cpu_conv_bias(const fv_pass *p);

/* Rows of y, `step` apart, += those of the value that an epilogue adds, which lie alike: `at`
   floats into sample n. */
static inline void fv__cpu_add_rows(const fv_pass *p, int64_t n, int64_t at, int64_t rows,
                                    int64_t step, int64_t len, float *y, int64_t ldy) {
    const float *x = fv__cpu_at(p->added, n) + at;
    for (int64_t r = 0; r < rows; r++) p->kernels->add(len, x + r * step, y + r * ldy);
}

#endif
