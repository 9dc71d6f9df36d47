/* SPDX-License-Identifier: MIT */
/*
 * ceil: y = the smallest whole number that is not below x.
 * It is flat between its steps, so nothing before it learns through it.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_FLAT
#define FV_LOOPS "op/ceil.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4", "; 1x5", "; constant 7", "; 3x2x1x3", NULL};

const fv_op fv__op_ceil = {
    .name = "ceil",
    .help = "the next whole number above",
    .about = "y = the smallest whole number that is not below x. Has no gradient:\n"
             "it is flat between its steps. IEEE 754-2019, section 5.9.",
    .onnx = "Ceil",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    (void)options;
    return ceil(x);
}

#endif
