/* SPDX-License-Identifier: MIT */
/*
 * identity: y = x, the branch that passes its input on (He et al. 2016, the shortcut of a residual
 * block). Plans do nothing; the loops below are for plans that keep every value apart.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#define FV_LOOPS "op/identity.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", NULL};

const fv_op fv__op_identity = {
    .name = "identity",
    .help = "passes its input on",
    .about = "y = x. Gradient: dx = dy. The empty branch of add { ... | identity }.\n"
             "He, Zhang, Ren & Sun 2016, \"Identity mappings in deep residual networks\".",
    .onnx = "Identity",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_IDENTITY,
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
        for (int64_t i = 0; i < size; i++) y[i] = x[i];
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->dy[0].shape);
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t i = 0; i < size; i++) dx[i] += dy[i];
    }
}

#endif
