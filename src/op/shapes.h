/* SPDX-License-Identifier: MIT */
/*
 * shapes.h - what several operators share: shape rules, checks with their sentences, branch counts,
 * and the way to a sample of a tensor.
 */
#ifndef FV_OP_SHAPES_H
#define FV_OP_SHAPES_H

#include "op/op.h"

/* One input, the same shape out, no parameters. */
FV_MUST_USE fv_status fv__shape_same(fv_context *ctx, fv_site *site);

/* Every input has a batch and something in it, and its elements can be counted. Empties the found
   part of the site, so every shape rule begins with it. */
FV_MUST_USE fv_status fv__shape_inputs(fv_context *ctx, fv_site *site);
/* The same, and input 0 is a batch of maps (rank 4). `who` begins the sentence: "conv". */
FV_MUST_USE fv_status fv__shape_maps(fv_context *ctx, fv_site *site, const char *who);
/* What slides over a sequence [N,C,W] has no height: 3 and 1x3 mean the same, 2x3 is refused. */
FV_MUST_USE fv_status fv__shape_sequence(fv_context *ctx, const fv_site *site, fv_size kernel,
                                         fv_size stride, fv_size dilation, const fv_pad *pad);
/* A loss: input 0 has one number per class, [N,K] or [N,K,1,1], and with `maps` also [N,K,H,W] for
   every pixel; input 1 its labels, [N] or [N,H,W]. */
FV_MUST_USE fv_status fv__shape_labels(fv_context *ctx, fv_site *site, const char *who, bool maps);
/* The labels that belong to an x of so many classes; and as fv_op.target. */
fv_shape fv__labels_shape(const fv_shape *x);
fv_target_kind fv__labels_target(const void *options, const fv_shape *x, fv_shape *shape,
                                 fv_dtype *dtype);
/* The output and the parameters can be counted too; every shape rule that makes something larger
   than its input ends with it. */
FV_MUST_USE fv_status fv__shape_fits(fv_context *ctx, const fv_site *site);

/* Describes a parameter of the site. */
void fv__site_param(fv_site *site, const fv_param_spec *spec);
/* And something kept for backward. */
void fv__site_saved(fv_site *site, fv_dtype dtype, fv_shape shape);

/* A cost without arithmetic worth counting: one pixel in, one pixel out. */
void fv__cost_nothing(fv_cost *cost);
/* The same with windows (height, width): how the receptive field grows. */
void fv__cost_windows(fv_cost *cost, const fv_window window[2]);

/* So many units more, each of which reads so many numbers; stops at the largest number. */
void fv__cost_connect(fv_cost *cost, int64_t inputs, int64_t units);

/* Pools: refuses windows that hold nothing but padding; the stride when 0 means "as the window". */
FV_MUST_USE fv_status fv__pool_check(fv_context *ctx, const fv_shape *in,
                                     const fv_window window[2]);
fv_size fv__pool_stride(fv_size kernel, fv_size stride);

/* A hash of the signs (negative, zero, positive) of x[0], in double. */
uint64_t fv__branches_sign(const fv_pass *pass);
/* The same of x[0] seen from two numbers: below, at, or above each of them. */
uint64_t fv__branches_at(const fv_pass *pass, double one, double other);
/* Adds a number to such a hash; start with FV_BRANCHES_START. */
#define FV_BRANCHES_START 0xcbf29ce484222325u
static inline uint64_t fv__branches_add(uint64_t hash, int64_t v) {
    return (hash ^ (uint64_t)v) * 0x100000001b3u; /* FNV-1a, a number at a time */
}

/* The elements of sample n; NULL when the tensor is not there or not wanted. */
static inline void *fv__sample(const fv_tensor *t, int64_t n) {
    if (t->data == NULL) return NULL;
    return (char *)t->data + (size_t)(n * t->step) * fv__dtype_bytes(t->dtype);
}

/* How many samples a tensor has: 1 of a single number. */
static inline int64_t fv__samples(const fv_tensor *t) {
    return t->shape.rank > 0 ? t->shape.dim[0] : 1;
}

/* The outputs of a window's axis that read a pixel of the map through place k of the kernel:
   from *first up to, not including, *end. */
static inline void fv__window_inside(const fv_window *win, int64_t in, int64_t k, int64_t *first,
                                     int64_t *end) {
    int64_t shift = k * win->dilation - win->before; /* output o reads pixel o * stride + shift */
    *first = shift >= 0 ? 0 : (-shift + win->stride - 1) / win->stride;
    *end = shift >= in ? 0 : (in - 1 - shift) / win->stride + 1;
    if (*end > win->out) *end = win->out;
}

/* The pixels of the map under window o: from *first up to, not including, *end. Undilated. */
static inline void fv__window_pixels(const fv_window *win, int64_t in, int64_t o, int64_t *first,
                                     int64_t *end) {
    *first = o * win->stride - win->before;
    *end = *first + win->kernel;
    if (*first < 0) *first = 0;
    if (*end > in) *end = in;
}

#endif
