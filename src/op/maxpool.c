/* SPDX-License-Identifier: MIT */
/*
 * maxpool: y[c,p] = max over q of x[c, stride p + dilation q - pad]; padding never wins.
 * The gradient goes to the winner, the first in reading order among equals.
 * Riesenhuber & Poggio 1999; Krizhevsky, Sutskever & Hinton 2012, section 3.4 (3x3, stride 2).
 */
#ifndef FV_LOOPS
#include "op/pool.h"
#include "op/shapes.h"

#include <math.h>

static const fv_field fields[] = {FV_POOL_FIELDS(0, FV_PAD_NEVER_WINS), {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__pool_shape(ctx, site, site->options));
    FV_TRY(fv__pool_counts(ctx, site));
    fv__site_saved(site, FV_I32, site->out[0]);
    return FV_OK;
}

static fv_pooling pooling(const fv_shape *in, const void *options) {
    return fv__pooling(in, options);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_pooling g = pooling(&site->in[0], site->options);
    fv__pooling_cost(&g, cost);
}

#define FV_LOOPS "op/maxpool.c"
#include "op/loops.h"

static const char *const samples[] = {"2 ; 2x3x4x6",
                                      "3x3 stride 2 ; 2x2x7x5",
                                      "3x3 stride 2 pad 1 ; 2x2x6x7",
                                      "3x3 stride 2 ceil ; 2x2x6x8",
                                      "2x3 stride 1x2 pad 1,0,1,2 ; 2x2x4x5",
                                      "3x2 pad same stride 2 ; 1x2x5x5",
                                      "3 stride 2 dilation 2 pad 2 ; 1x2x7x6",
                                      "3x3 stride 2 pad 1 ; 2x16x5x4",
                                      "3 stride 2 pad 1 ; 2x3x8",
                                      "2 ; 1x16x7",
                                      NULL};

const fv_op fv__op_maxpool = {
    .name = "maxpool",
    .help = "the largest value in each window",
    .about = "y[c,p] = max over places q of the window of x[c, stride*p + dilation*q - pad].\n"
             "The stride is the window's size unless given; padding never wins. Output size:\n"
             "(in + pads - kernel)/stride + 1, rounded down, or up with `ceil` (no window starts\n"
             "beyond the map). A sequence [channels, width] is a map of height 1: `maxpool 2`\n"
             "halves it. Gradient: dy goes to the winner, the first among equals.\n"
             "Riesenhuber & Poggio 1999; Krizhevsky, Sutskever & Hinton 2012, section 3.4.",
    .onnx = "MaxPool",
    .inputs_min = 1,
    .inputs_max = 1,
    .options_size = sizeof(fv_maxpool_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches_f64,
    .samples = samples,
};

#else

static bool LOOP(wins)(real v, real held) {
    return v > held;
}
#include "op/pick.inc.h"

#endif
