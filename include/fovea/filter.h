/* SPDX-License-Identifier: MIT */
/*
 * filter.h - one kernel over an image, a matrix or a signal: edges, blur, sharpen.
 *
 * What computes is the operator `conv` of the network language, so it is a correlation, as networks
 * have it: y[p] = sum over q of w[q] x[p + q - middle]. The result has the input's size.
 */
#ifndef FOVEA_FILTER_H
#define FOVEA_FILTER_H

#include "image.h"
#include "matrix.h"

FV_BEGIN

/* A kernel that has a name. All of it is constant. */
typedef struct fv_kernel_facts {
    size_t size;       /* FV_INIT(fv_kernel_facts) */
    const char *name;  /* "sharpen" */
    const char *help;  /* one line */
    double weights[9]; /* 3x3, row by row, to be divided by: */
    double divisor;
    double line[3];      /* what it is in one dimension, likewise */
    double line_divisor; /* 0: there is no such thing */
} fv_kernel_facts;

/* Number i of them; the one of that name. Returns 0 when there is none, otherwise 1. */
FV_API int fv_kernel_at(int i, fv_kernel_facts *out);
FV_API int fv_kernel_find(const char *name, fv_kernel_facts *out);

/* What lies beyond the border. */
typedef enum fv_border {
    FV_BORDER_ZERO,   /* zeros (black), as in a convolution with padding */
    FV_BORDER_EDGE,   /* the last pixel again and again */
    FV_BORDER_REFLECT /* the image mirrored at its last pixel, which is not repeated */
} fv_border;

/* How results become bytes. */
typedef enum fv_filter_range {
    FV_RANGE_CLIP,  /* rounded; below 0 is 0, above 255 is 255 */
    FV_RANGE_CENTRE /* 0 becomes 128, the largest magnitude of all channels 1 or 255 */
} fv_filter_range;

typedef struct fv_filter_options {
    size_t size; /* FV_INIT(fv_filter_options) */
    fv_border border;
    int flip;              /* 1: the kernel mirrored, a convolution as mathematics has it */
    fv_filter_range range; /* of images */
} fv_filter_options;

/* The numbers of a kernel: a name, whose division is carried out, or a text as fv_matrix_parse
   reads it, of at most two dimensions. `dimensions`: 1, for a signal, or 2. `sigma` (pixels, 0.1 to
   20) is for "gaussian": exp(-r²/(2 sigma²)) up to 3 sigma from the middle, divided by its sum; 0:
   the usual 1 2 1. FV_BAD_INPUT: neither a name ("did you mean") nor numbers, a name that has no
   such form, sigma with another kernel. */
FV_MUST_USE FV_API fv_status fv_kernel_make(fv_context *ctx, const char *what, int dimensions,
                                            double sigma, fv_matrix **out);

/* A kernel over a signal (rank 1) or over rows and columns (rank 2), in double. A kernel of rank 1
   is a row. FV_BAD_INPUT: other ranks, a kernel of rank 2 over a signal, a border that the input is
   too small to reflect. */
FV_MUST_USE FV_API fv_status fv_filter(fv_context *ctx, const fv_matrix *x, const fv_matrix *kernel,
                                       const fv_filter_options *options, fv_matrix **out);

/* The same over an image, channel by channel. */
FV_MUST_USE FV_API fv_status fv_filter_image(fv_context *ctx, const fv_image *image,
                                             const fv_matrix *kernel,
                                             const fv_filter_options *options, fv_image **out);

/* An image as a PNG file in memory. */
FV_MUST_USE FV_API fv_status fv_image_png(fv_context *ctx, const fv_image *image, fv_blob **out);

FV_END
#endif
