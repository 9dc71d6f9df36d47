/* SPDX-License-Identifier: MIT */
/* convtranspose.h - the options of convtranspose. Declared in convtranspose.c. */
#ifndef FV_OP_CONVTRANSPOSE_H
#define FV_OP_CONVTRANSPOSE_H

#include "op/conv.h"

typedef struct fv_convtranspose_options {
    fv_conv_options conv; /* the convolution that is transposed, but for its channels */
    fv_size output_pad;
    int init;
} fv_convtranspose_options;

/* The windows of that convolution, which slides over the output, and the output's height and width.
   fv__convtranspose_place says why not; the other one is for a site that its shape rule has
   accepted. */
FV_MUST_USE fv_status fv__convtranspose_place(fv_context *ctx, const fv_shape *in,
                                              const fv_convtranspose_options *o, fv_window win[2],
                                              int64_t size[2]);
void fv__convtranspose_windows(const fv_shape *in, const fv_convtranspose_options *o,
                               fv_window win[2], int64_t size[2]);

#endif
