/* SPDX-License-Identifier: MIT */
/*
 * sigmoid: y = 1/(1 + exp(-x)); dx = dy y (1 - y).
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/sigmoid.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", NULL};

const fv_op fv__op_sigmoid = {
    .name = "sigmoid",
    .help = "y = 1/(1 + exp(-x))",
    .about = "y = 1/(1 + exp(-x)), between 0 and 1. Gradient: dx = dy*y*(1 - y).\n"
             "Rumelhart, Hinton & Williams 1986.",
    .onnx = "Sigmoid",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->y[0].shape);
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < size; i++) y[i] = 1 / (1 + exp(-x[i]));
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->dy[0].shape);
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *y = fv__sample(&p->y[0], n), *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t i = 0; i < size; i++) dx[i] += dy[i] * y[i] * (1 - y[i]);
    }
}

#endif
