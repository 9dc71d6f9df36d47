/* SPDX-License-Identifier: MIT */
/*
 * softmax: y_c = exp(x_c) / sum of exp(x_j) over the channels, at every pixel. Bridle 1990.
 * The largest x is subtracted first: the quotient stays the same and exp cannot overflow.
 * Gradient: dx_c = y_c (dy_c - sum of dy_j y_j).
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <math.h>

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_same(ctx, site));
    if (site->out[0].rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT, "softmax reads a map or a vector, not single numbers");
    return FV_OK;
}

#define FV_LOOPS "op/softmax.c"
#include "op/loops.h"

static const char *const samples[] = {"; 3x5", "; 2x4x2x3", NULL};

const fv_op fv__op_softmax = {
    .name = "softmax",
    .help = "turns numbers into probabilities, over the channels",
    .about = "y_c = exp(x_c) / sum of exp(x_j) over the channels, at every pixel.\n"
             "Gradient: dx_c = y_c*(dy_c - sum of dy_j*y_j).\n"
             "Bridle 1990, \"Probabilistic interpretation of feedforward classification network\n"
             "outputs\".",
    .onnx = "Softmax",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_Y,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const int64_t channels = p->y[0].shape.dim[1];
    const int64_t pixels = fv__shape_sample(&p->y[0].shape) / channels;
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++)
        for (int64_t i = 0; i < pixels; i++) {
            const real *x = (const real *)fv__sample(&p->x[0], n) + i;
            real *y = (real *)fv__sample(&p->y[0], n) + i;
            double max = x[0], sum = 0;
            for (int64_t c = 1; c < channels; c++)
                if (x[c * pixels] > max) max = x[c * pixels];
            for (int64_t c = 0; c < channels; c++) sum += exp(x[c * pixels] - max);
            for (int64_t c = 0; c < channels; c++)
                y[c * pixels] = (real)(exp(x[c * pixels] - max) / sum);
        }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t channels = p->dy[0].shape.dim[1];
    const int64_t pixels = fv__shape_sample(&p->dy[0].shape) / channels;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++)
        for (int64_t i = 0; i < pixels; i++) {
            const real *y = (const real *)fv__sample(&p->y[0], n) + i;
            const real *dy = (const real *)fv__sample(&p->dy[0], n) + i;
            real *dx = (real *)fv__sample(&p->dx[0], n) + i;
            double sum = 0;
            for (int64_t c = 0; c < channels; c++) sum += dy[c * pixels] * y[c * pixels];
            for (int64_t c = 0; c < channels; c++)
                dx[c * pixels] += (real)(y[c * pixels] * (dy[c * pixels] - sum));
        }
}

#endif
