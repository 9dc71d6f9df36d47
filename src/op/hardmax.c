/* SPDX-License-Identifier: MIT */
/*
 * hardmax: y_i = 1 where x_i is the largest along an axis, the first among equals, otherwise 0. It
 * is flat almost everywhere, so there is no gradient to train by.
 */
#ifndef FV_LOOPS
#include "op/softmax.h"
#include "op/shapes.h"

#include <math.h>

#define FV_LOOPS "op/hardmax.c"
#include "op/loops.h"

static const char *const samples[] = {"; 3x5", "; 2x4x2x3", "axis -1 ; 1x3x2x5",
                                      "axis 0 ; constant 4x3", NULL};

const fv_op fv__op_hardmax = {
    .name = "hardmax",
    .help = "1 for the largest number, over the channels, and 0 for the others",
    .about = "y_i = 1 where x_i is the largest along the axis, the first among equals, otherwise\n"
             "0: over the channels, at every pixel. It has no gradient: nothing before it is\n"
             "trained by what comes after. ONNX operator set 13, 2020.",
    .onnx = "Hardmax",
    .inputs_min = 1,
    .inputs_max = 1,
    .options_size = sizeof(fv_softmax_options),
    .fields = fv__softmax_fields,
    .shape = fv__softmax_shape,
    .forward = {forward_f32, forward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const fv_lines lines = fv__softmax_lines(p->options, &p->y[0].shape);
    for (int64_t n = 0; n < lines.samples; n++)
        for (int64_t l = 0; l < lines.count; l++) {
            const real *x = (const real *)fv__sample(&p->x[0], n) + fv__line(&lines, l);
            real *y = (real *)fv__sample(&p->y[0], n) + fv__line(&lines, l);
            int64_t best = 0;
            for (int64_t i = 1; i < lines.length; i++)
                if (x[i * lines.apart] > x[best * lines.apart] || isnan(x[i * lines.apart]))
                    best = i;
            for (int64_t i = 0; i < lines.length; i++) y[i * lines.apart] = 0;
            /* a NaN wins and stays one, so that it is seen */
            y[best * lines.apart] = isnan(x[best * lines.apart]) ? x[best * lines.apart] : 1;
        }
}

#endif
