/* SPDX-License-Identifier: MIT */
/*
 * relu: y = max(0, x); dx = dy where y > 0.
 * Nair & Hinton 2010; Krizhevsky, Sutskever & Hinton 2012, section 3.1. At x = 0 the gradient is 0.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#define FV_LOOPS "op/relu.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", "; 2x32x2x3", NULL};

const fv_op fv__op_relu = {
    .name = "relu",
    .help = "y = max(0, x)",
    .about = "y = max(0, x). Gradient: dx = dy where x > 0, otherwise 0.\n"
             "Krizhevsky, Sutskever & Hinton 2012, section 3.1.",
    .onnx = "Relu",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = fv__branches_sign,
    .samples = samples,
};

#else

/* So written a NaN passes, to be seen where it arose. */
static real LOOP(value)(const void *options, real x) {
    (void)options;
    return x <= 0 ? 0 : x;
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)options, (void)x;
    return y > 0 ? 1 : 0;
}

#endif
