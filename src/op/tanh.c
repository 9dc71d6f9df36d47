/* SPDX-License-Identifier: MIT */
/*
 * tanh: y = tanh(x); dx = dy (1 - y^2).
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/tanh.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", NULL};

const fv_op fv__op_tanh = {
    .name = "tanh",
    .help = "y = tanh(x)",
    .about = "y = tanh(x), between -1 and 1. Gradient: dx = dy*(1 - y^2).\n"
             "LeCun, Bottou, Orr & Mueller 1998, \"Efficient backprop\", section 4.4.",
    .onnx = "Tanh",
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
    return tanh(x);
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)options, (void)x;
    return 1 - y * y;
}

#endif
