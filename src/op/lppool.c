/* SPDX-License-Identifier: MIT */
/*
 * lppool: y[c,p] = (sum over the window of |x|^p)^(1/p), from the sum (p 1) to nearly the largest
 * (large p). Sermanet, Chintala & LeCun 2012, "Convolutional neural networks applied to house
 * numbers digit classification", section 2.2 (there under a Gaussian window).
 */
#ifndef FV_LOOPS
#include "op/lppool.h"
#include "op/shapes.h"

#include <math.h>

static const fv_field fields[] = {FV_POOL_FIELDS(offsetof(fv_lppool_options, window),
                                                 "rows and columns of zeros around the input"),
                                  FV_LP_FIELD(fv_lppool_options),
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_lppool_options *o = site->options;
    FV_TRY(fv__pool_shape(ctx, site, &o->window));
    if (!(o->p >= 1) || isinf(o->p))
        return fv__fail(ctx, FV_BAD_INPUT, "lppool needs a p of at least 1, not %g", o->p);
    return FV_OK;
}

static fv_pooling pooling(const fv_shape *in, const void *options) {
    return fv__pooling(in, &((const fv_lppool_options *)options)->window);
}

static double power(const void *options) {
    return ((const fv_lppool_options *)options)->p;
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_pooling g = pooling(&site->in[0], site->options);
    fv__pooling_cost(&g, cost);
}

#define FV_LOOPS "op/lppool.c"
#include "op/loops.h"

static const char *const samples[] = {"2 ; 2x3x4x6",
                                      "3x3 stride 2 pad 1 p 1 ; 2x2x5x4",
                                      "3x3 stride 2 ceil ; 1x2x6x8",
                                      "2x3 stride 1x2 pad 1,0,1,2 p 3.5 ; positive 2x2x4x5",
                                      "3 stride 2 dilation 2 pad 2 p 1.5 ; positive 1x2x7x6",
                                      "1x3 stride 2 p 4 ; 2x3x8",
                                      NULL};

const fv_op fv__op_lppool = {
    .name = "lppool",
    .help = "the p-norm of each window",
    .about = "y[c,q] = (sum over the window of |x|^p)^(1/p): p 1 adds absolute values, p 2 is the\n"
             "root of the sum of squares, and with large p it is nearly the largest. Windows and\n"
             "output size are maxpool's; padding adds nothing. Gradient: dx = dy * sign(x) *\n"
             "(|x|/y)^(p-1). Sermanet, Chintala & LeCun 2012, \"Convolutional neural networks\n"
             "applied to house numbers digit classification\".",
    .onnx = "LpPool",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X | FV_KEEP_Y,
    .options_size = sizeof(fv_lppool_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = fv__branches_sign,
    .samples = samples,
};

#else
#include "op/lp.inc.h"
#endif
