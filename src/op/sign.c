/* SPDX-License-Identifier: MIT */
/*
 * sign: y = 1 above 0, -1 below, 0 at 0; NaN stays NaN.
 * It is flat between its steps, so nothing before it learns through it.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_FLAT
#define FV_LOOPS "op/sign.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4", "; 1x5", "; constant 7", "; 3x2x1x3", NULL};

const fv_op fv__op_sign = {
    .name = "sign",
    .help = "1, -1 or 0: the sign",
    .about = "y = 1 where x > 0, -1 where x < 0, 0 at 0. Has no gradient: it is flat\n"
             "on both sides. ONNX operator set 9, 2019.",
    .onnx = "Sign",
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
    return isnan(x) ? x : (real)((x > 0) - (x < 0));
}

#endif
