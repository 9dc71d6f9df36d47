/* SPDX-License-Identifier: MIT */
/*
 * hardswish: y = x h with h = x/6 + 1/2, held between 0 and 1: silu of straight lines.
 * Howard et al. 2019, section 5.2. The slope is x/3 + 1/2 between -3 and 3, else 0 and 1.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#define FV_LOOPS "op/hardswish.c"
#include "op/pointwise.h"

static uint64_t branches(const fv_pass *p) {
    return fv__branches_at(p, -3, 3);
}

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", "; 1x2x3x1x3", NULL};

const fv_op fv__op_hardswish = {
    .name = "hardswish",
    .help = "y = x*hardsigmoid(x), with a slope of 1/6",
    .about = "y = x*max(0, min(1, x/6 + 1/2)).\n"
             "Gradient: 0 where x <= -3, dy where x >= 3, dy*(x/3 + 1/2) between.\n"
             "Howard et al. 2019, \"Searching for MobileNetV3\", section 5.2.",
    .onnx = "HardSwish",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_X,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    (void)options;
    return x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6;
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)options, (void)y;
    return x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6;
}

#endif
