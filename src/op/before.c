/* SPDX-License-Identifier: MIT */
/*
 * before: a batch normalisation that a convolution applies to what it reads (fv_pass.before). In
 * inference bn is y = (x - mean) * factor + shift with factor = weight/sqrt(variance + epsilon),
 * per channel. Inputs: bn's weight, bias, mean and variance, all [C]. Output: means, factors and
 * shifts, [3,C]. Only plans use it, once per set of weights.
 */
#ifndef FV_LOOPS
#include "op/bn.h"
#include "op/shapes.h"

#include <math.h>

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_inputs(ctx, site));
    site->out[0] = fv__shape2(3, site->in[0].dim[0]);
    return FV_OK;
}

#define FV_LOOPS "op/before.c"
#include "op/loops.h"

static const char *const samples[] = {"; constant 4, constant 4, constant 4, constant positive 4",
                                      NULL};

/* Its options are bn's: epsilon counts. */
const fv_op fv__op_before = {
    .name = "before",
    .help = "the numbers of a batch normalisation in front of a convolution",
    .about = "mean, factor = weight/sqrt(variance + epsilon), shift = bias.",
    .inputs_min = 4,
    .inputs_max = 4,
    .options_size = sizeof(fv_bn_options),
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const fv_bn_options *o = p->options;
    const real *weight = p->x[0].data, *bias = p->x[1].data, *mean = p->x[2].data;
    const real *variance = p->x[3].data;
    const int64_t channels = p->x[0].shape.dim[0];
    real *y = p->y[0].data;
    for (int64_t c = 0; c < channels; c++) {
        y[c] = mean[c];
        y[channels + c] = (real)((double)weight[c] * (1 / sqrt((double)variance[c] + o->epsilon)));
        y[2 * channels + c] = bias[c];
    }
}

#endif
