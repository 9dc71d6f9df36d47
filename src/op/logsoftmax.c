/* SPDX-License-Identifier: MIT */
/*
 * logsoftmax: y_i = log(exp(x_i) / sum of exp(x_j)) = x_i - log(sum of exp(x_j)) along an axis. As
 * in softmax the largest x is subtracted first; probabilities too small for a number have a log.
 * Gradient: dx_i = dy_i - exp(y_i) sum of dy_j.
 */
#ifndef FV_LOOPS
#include "op/softmax.h"
#include "op/shapes.h"

#include <math.h>

#define FV_LOOPS "op/logsoftmax.c"
#include "op/loops.h"

static const char *const samples[] = {
    "; 3x5", "; 2x4x2x3", "axis -1 ; 2x3x2x5", "axis 2 ; 1x2x4x3", "axis 0 ; constant 4x3", NULL};

const fv_op fv__op_logsoftmax = {
    .name = "logsoftmax",
    .help = "the logarithm of softmax",
    .about = "y_i = x_i - log(sum of exp(x_j)) along the axis: over the channels, at every pixel.\n"
             "Gradient: dx_i = dy_i - exp(y_i)*sum of dy_j.\n"
             "Bridle 1990, \"Probabilistic interpretation of feedforward classification network\n"
             "outputs\".",
    .onnx = "LogSoftmax",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_Y,
    .options_size = sizeof(fv_softmax_options),
    .fields = fv__softmax_fields,
    .shape = fv__softmax_shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else
#include "op/softmax.inc.h"

static void LOOP(forward)(const fv_pass *p) {
    const fv_lines lines = fv__softmax_lines(p->options, &p->y[0].shape);
    for (int64_t n = 0; n < lines.samples; n++)
        for (int64_t l = 0; l < lines.count; l++) {
            const real *x = (const real *)fv__sample(&p->x[0], n) + fv__line(&lines, l);
            real *y = (real *)fv__sample(&p->y[0], n) + fv__line(&lines, l);
            double max;
            const double sum = LOOP(sum_exp)(x, &lines, &max);
            for (int64_t i = 0; i < lines.length; i++)
                y[i * lines.apart] = (real)(x[i * lines.apart] - max - log(sum));
        }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_lines lines = fv__softmax_lines(p->options, &p->dy[0].shape);
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < lines.samples; n++)
        for (int64_t l = 0; l < lines.count; l++) {
            const real *y = (const real *)fv__sample(&p->y[0], n) + fv__line(&lines, l);
            const real *dy = (const real *)fv__sample(&p->dy[0], n) + fv__line(&lines, l);
            real *dx = (real *)fv__sample(&p->dx[0], n) + fv__line(&lines, l);
            double sum = 0;
            for (int64_t i = 0; i < lines.length; i++) sum += dy[i * lines.apart];
            for (int64_t i = 0; i < lines.length; i++)
                dx[i * lines.apart] +=
                    (real)(dy[i * lines.apart] - exp((double)y[i * lines.apart]) * sum);
        }
}

#endif
