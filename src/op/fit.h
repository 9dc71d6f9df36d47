/* SPDX-License-Identifier: MIT */
/*
 * fit.h - the padding or stride of a window that is to be whatever fits.
 *
 *     (in + before + after - kernel)/stride + 1
 *
 * fits where it is whole on both axes: the windows reach exactly to the end, of the padding too.
 *
 * A padding is one number for all sides, 0, 1, … below the window's size. Where none of those fits
 * (an odd number of rows must be added, or the axes want different ones), it is on each axis the
 * fewest rows in all that do, the odd one at the bottom or right, as `pad same` has it. A stride is
 * 1, 2, … up to the window's size, as a larger one leaves gaps.
 */
#ifndef FV_OP_FIT_H
#define FV_OP_FIT_H

#include "op/op.h"

#define FV_FIT_REACH 1024 /* pixels: the largest window for which that is sought */

/* One value, and the size of the output by the formula; below 1 where no window fits in at all. */
typedef struct fv_trial {
    fv_pad pad;
    int64_t stride;
    double height, width;
    bool fits;
} fv_trial;

/* Whether an option of an operator may be left open: `pad` or `stride` of what slides a window. */
bool fv__fit_may(const fv_op *op, const fv_field *f);

/* Trial i of such an option, the others being as they are; false: there are no more. */
bool fv__fit_trial(const fv_op *op, const void *options, const fv_field *f, const fv_shape *in,
                   int i, fv_trial *out);

/* The value as the language writes it; whether the options have it. */
void fv__fit_print(fv_text *out, const fv_field *f, const fv_trial *t);
bool fv__fit_chose(const void *options, const fv_field *f, const fv_trial *t);

/* Sets the option: the smallest padding that fits; the smallest stride above 1 that fits, or 1.
   FV_BAD_INPUT: nothing fits, or the operator is not of the kind that can be fitted. */
FV_MUST_USE fv_status fv__fit(fv_context *ctx, const fv_op *op, void *options, const fv_field *f,
                              const fv_shape *in);

#endif
