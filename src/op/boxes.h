/* SPDX-License-Identifier: MIT */
/*
 * boxes.h - what boxdecode and boxencode share: anchors, options, one axis of a box.
 */
#ifndef FV_OP_BOXES_H
#define FV_OP_BOXES_H

#include "op/op.h"

typedef struct fv_boxes_options {
    fv_reals variances; /* of x, y, width, height; one number: of all */
} fv_boxes_options;

#define FV_BOXES_FIELDS                                                                            \
    {                                                                                              \
        "variances", "what numbers are multiplied by: of x, y, width, height, or of all",          \
            FV_REALS, offsetof(fv_boxes_options, variances), "1", 1e-6, 1e6, 0, NULL, NULL         \
    }

/* Input 0 is numbers [N,A,4], input 1 anchors: [N,A,4], or one and the same for all samples, [A,4]
   or [1,A,4]. */
FV_MUST_USE fv_status fv__boxes_shape(fv_context *ctx, fv_site *site);

/* The four numbers of anchor a for sample n, in a tensor of anchors or of their gradients; NULL:
   not wanted. */
void *fv__boxes_anchor(const fv_tensor *anchors, int64_t n, int64_t a);

/* Variance of the place (extent 0) or the size (extent 1) along an axis, 0: x, 1: y. */
static inline double fv__boxes_variance(const fv_boxes_options *o, int axis, int extent) {
    return o->variances.v[o->variances.count == 1 ? 0 : 2 * extent + axis];
}

#endif
