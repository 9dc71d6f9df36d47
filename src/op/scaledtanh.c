/* SPDX-License-Identifier: MIT */
/*
 * scaledtanh: y = A tanh(S x) with A = 1.7159, S = 2/3; dx = dy S (A - y^2/A).
 * LeCun, Bottou, Bengio & Haffner 1998, appendix A: so chosen that y(1) = 1 and y(-1) = -1, with
 * the largest curvature just there.
 */
#ifndef FV_LOOPS
#include "op/scaledtanh.h"
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/scaledtanh.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", NULL};

const fv_op fv__op_scaledtanh = {
    .name = "scaledtanh",
    .help = "y = 1.7159*tanh(2/3*x), LeNet-5's own",
    .about = "y = A*tanh(S*x) with A = 1.7159 and S = 2/3, so that y(1) = 1 and y(-1) = -1.\n"
             "Gradient: dx = dy*S*(A - y^2/A).\n"
             "LeCun, Bottou, Bengio & Haffner 1998, appendix A.",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    (void)options;
    return (real)FV_SCALED_TANH_SCALE * tanh((real)FV_SCALED_TANH_SLOPE * x);
}

static real LOOP(slope)(const void *options, real x, real y) {
    const real a = (real)FV_SCALED_TANH_SCALE;
    (void)options, (void)x;
    return (real)FV_SCALED_TANH_SLOPE * (a - y * y / a);
}

#endif
