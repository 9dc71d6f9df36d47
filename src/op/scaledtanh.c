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
#include "op/loops.h"

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

static void LOOP(forward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->y[0].shape);
    const real a = (real)FV_SCALED_TANH_SCALE, s = (real)FV_SCALED_TANH_SLOPE;
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < size; i++) y[i] = a * tanh(s * x[i]);
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->dy[0].shape);
    const real a = (real)FV_SCALED_TANH_SCALE, s = (real)FV_SCALED_TANH_SLOPE;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *y = fv__sample(&p->y[0], n), *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t i = 0; i < size; i++) dx[i] += dy[i] * s * (a - y[i] * y[i] / a);
    }
}

#endif
