/* SPDX-License-Identifier: MIT */
/*
 * flatten: a map as a vector, in the order channel, row, column. The numbers stay where they are,
 * so plans do nothing; the loops below are for plans that keep every value apart.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_inputs(ctx, site));
    site->out[0] = fv__shape2(site->in[0].dim[0], fv__shape_sample(&site->in[0]));
    return FV_OK;
}

#define FV_LOOPS "op/flatten.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", NULL};

const fv_op fv__op_flatten = {
    .name = "flatten",
    .help = "a map as a vector: channel, row, column",
    .about = "y = the numbers of x in the order channel, row, column; nothing is computed.\n"
             "Gradient: dx = dy. fc flattens by itself.\n"
             "LeCun, Bottou, Bengio & Haffner 1998: the step from maps to the layers behind.",
    .onnx = "Flatten",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_VIEW,
    .shape = shape,
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
