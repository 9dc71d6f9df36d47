/* SPDX-License-Identifier: MIT */
/*
 * squarederror: y = 1/N * sum over the batch of 1/2 sum of (x_c - t_c)^2, where the target t is 1
 * at the label and 0 elsewhere. Gradient: dx = (x - t)/N * dy. Rumelhart, Hinton & Williams 1986,
 * equation 3.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <math.h>

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_labels(ctx, site, "squarederror"));
    site->out = fv__shape1(1);
    return FV_OK;
}

#define FV_LOOPS "op/squarederror.c"
#include "op/loops.h"

static const char *const samples[] = {"; 4x5", "; 3x10x1x1", NULL};

const fv_op fv__op_squarederror = {
    .name = "squarederror",
    .help = "loss: half the squared distance to a 1 at the label and 0 elsewhere",
    .about =
        "y = mean over the batch of 1/2 * sum over the classes of (x_c - t_c)^2, the target t\n"
        "being 1 at the label and 0 elsewhere; a label outside 0 ... classes - 1 gives a loss\n"
        "that is no number. Gradient: dx = (x - t)/N * dy.\n"
        "Rumelhart, Hinton & Williams 1986, equation 3.",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_LOSS | FV_KEEP_X,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const int64_t batch = p->x[0].shape.dim[0], classes = p->x[0].shape.dim[1];
    double loss = 0;
    for (int64_t n = 0; n < batch; n++) {
        const real *x = fv__sample(&p->x[0], n);
        const int32_t label = *(const int32_t *)fv__sample(&p->x[1], n);
        if (label < 0 || label >= classes) loss = (double)NAN;
        for (int64_t c = 0; c < classes; c++) {
            double error = x[c] - (c == label ? 1.0 : 0.0);
            loss += error * error / 2;
        }
    }
    *(real *)p->y.data = (real)(loss / (double)batch);
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t batch = p->x[0].shape.dim[0], classes = p->x[0].shape.dim[1];
    const real dy = *(const real *)p->dy.data;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < batch; n++) {
        const int32_t label = *(const int32_t *)fv__sample(&p->x[1], n);
        const real *x = fv__sample(&p->x[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < classes; c++)
            dx[c] += (x[c] - (c == label ? 1 : 0)) / (real)batch * dy;
    }
}

#endif
