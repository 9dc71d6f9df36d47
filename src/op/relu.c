/* SPDX-License-Identifier: MIT */
/*
 * relu: y = max(0, x); dx = dy where y > 0.
 * Nair & Hinton 2010; Krizhevsky, Sutskever & Hinton 2012, section 3.1. At x = 0 the gradient is 0.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#define FV_LOOPS "op/relu.c"
#include "op/loops.h"

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

static void LOOP(forward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->y[0].shape);
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < size; i++)
            y[i] = x[i] <= 0 ? 0 : x[i]; /* so written a NaN passes, to be seen where it arose */
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->dy[0].shape);
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *y = fv__sample(&p->y[0], n), *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t i = 0; i < size; i++)
            if (y[i] > 0) dx[i] += dy[i];
    }
}

#endif
