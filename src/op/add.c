/* SPDX-License-Identifier: MIT */
/*
 * add: y = x_1 + x_2 + …, element by element; every input gets dy.
 * The join of residual networks: He, Zhang, Ren & Sun 2016.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

static fv_status shape(fv_context *ctx, fv_site *site) {
    char first[FV_SHAPE_TEXT], other[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_same(ctx, site));
    for (int i = 1; i < site->inputs; i++)
        if (!fv__shape_equal(&site->in[0], &site->in[i]))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "add needs branches of one shape, but branch 1 gives %s and branch %d "
                            "gives %s",
                            fv__shape_text(first, &site->in[0]), i + 1,
                            fv__shape_text(other, &site->in[i]));
    return FV_OK;
}

#define FV_LOOPS "op/add.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x4x5, 2x3x4x5", "; 3x7, 3x7, 3x7",
                                      "; 2x16x3x2, 2x16x3x2", "; 1x16x2x2, 1x16x2x2, 1x16x2x2",
                                      NULL};

const fv_op fv__op_add = {
    .name = "add",
    .help = "the sum of all branches, element by element",
    .about = "y = x_1 + x_2 + ..., element by element. Gradient: every branch gets dy.\n"
             "He, Zhang, Ren & Sun 2016, \"Deep residual learning for image recognition\".",
    .onnx = "Sum",
    .inputs_min = 2,
    .inputs_max = FV_OP_MANY,
    .traits = FV_VARIADIC | FV_COMMUTES | FV_SUM,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->y[0].shape);
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++)
        for (int k = 0; k < p->inputs; k++) {
            const real *x = fv__sample(&p->x[k], n);
            real *y = fv__sample(&p->y[0], n);
            for (int64_t i = 0; i < size; i++) y[i] = k == 0 ? x[i] : y[i] + x[i];
        }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->dy[0].shape);
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++)
        for (int k = 0; k < p->inputs; k++) {
            const real *dy = fv__sample(&p->dy[0], n);
            real *dx = fv__sample(&p->dx[k], n);
            for (int64_t i = 0; dx != NULL && i < size; i++) dx[i] += dy[i];
        }
}

#endif
