/* SPDX-License-Identifier: MIT */
/*
 * concat: y = the channels of x_1, then those of x_2, and so on; every input gets its part of dy.
 * The join of Inception modules (Szegedy et al. 2015) and dense blocks (Huang et al. 2017).
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

static fv_status shape(fv_context *ctx, fv_site *site) {
    char first[FV_SHAPE_TEXT], other[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_same(ctx, site));
    if (site->out[0].rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT, "concat joins maps or vectors, not single numbers");
    for (int i = 1; i < site->inputs; i++) {
        fv_shape same = site->in[i];
        same.dim[1] = site->in[0].dim[1];
        if (!fv__shape_equal(&site->in[0], &same))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "concat needs branches that differ in channels only, but branch 1 "
                            "gives %s and branch %d gives %s",
                            fv__shape_text(first, &site->in[0]), i + 1,
                            fv__shape_text(other, &site->in[i]));
        /* the inputs can be counted in memory, so sixteen of them fit into 64 bits */
        site->out[0].dim[1] += site->in[i].dim[1];
    }
    return fv__shape_fits(ctx, site);
}

#define FV_LOOPS "op/concat.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x4x5, 2x2x4x5", "; 3x4, 3x1, 3x2", "; 1x2x3x3, 1x2x3x3",
                                      "; 2x16x3x2, 2x32x3x2", NULL};

const fv_op fv__op_concat = {
    .name = "concat",
    .help = "the channels of all branches, one after the other",
    .about =
        "y = the channels of x_1, then those of x_2, and so on. Gradient: every branch gets\n"
        "its part of dy. Szegedy et al. 2015, \"Going deeper with convolutions\"; Huang, Liu,\n"
        "van der Maaten & Weinberger 2017, \"Densely connected convolutional networks\".",
    .onnx = "Concat",
    .inputs_min = 2,
    .inputs_max = FV_OP_MANY,
    .traits = FV_VARIADIC | FV_JOIN,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        real *y = fv__sample(&p->y[0], n);
        for (int k = 0; k < p->inputs; k++) {
            const real *x = fv__sample(&p->x[k], n);
            const int64_t size = fv__shape_sample(&p->x[k].shape);
            for (int64_t i = 0; i < size; i++) *y++ = x[i];
        }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *dy = fv__sample(&p->dy[0], n);
        for (int k = 0; k < p->inputs; k++) {
            real *dx = fv__sample(&p->dx[k], n);
            const int64_t size = fv__shape_sample(&p->x[k].shape);
            for (int64_t i = 0; dx != NULL && i < size; i++) dx[i] += dy[i];
            dy += size;
        }
    }
}

#endif
