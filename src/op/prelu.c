/* SPDX-License-Identifier: MIT */
/*
 * prelu: y = x where x > 0, otherwise slope x; the slope is learned, one or one per channel.
 * He, Zhang, Ren & Sun 2015, section 2.1: it begins at 0.25 and is spared by weight decay, which
 * would draw it to 0 and so to a plain relu.
 *
 * Gradients, sums over what is not above 0: dx = slope dy, dslope = sum of dy x.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <math.h>

enum { SLOPES_ONE, SLOPES_CHANNELS };

typedef struct fv_prelu_options {
    int slopes;
    double initial;
} fv_prelu_options;

static const char *const slopes[] = {"one", "channels", NULL};

static const fv_field fields[] = {
    {"slopes", "one for all values, or one for each of the channels", FV_CHOICE,
     offsetof(fv_prelu_options, slopes), "one", 0, 0, FV_POSITIONAL, slopes, NULL},
    {"initial", "what the slopes are before training", FV_REAL, offsetof(fv_prelu_options, initial),
     "0.25", -1e6, 1e6, 0, NULL, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_prelu_options *o = site->options;
    const bool each = o->slopes == SLOPES_CHANNELS;
    FV_TRY(fv__shape_same(ctx, site));
    if (!isfinite(o->initial))
        return fv__fail(ctx, FV_BAD_INPUT, "initial must be a number, not %g", o->initial);
    if (each && site->in[0].rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "prelu with slopes for channels reads a map or a vector, not single "
                        "numbers; take `slopes one`");
    fv__site_param(site, &(fv_param_spec){.name = "slope",
                                          .shape = fv__shape1(each ? site->in[0].dim[1] : 1),
                                          .init = FV_INIT_VALUE,
                                          .value = o->initial,
                                          .learned = true,
                                          .norm = true});
    return FV_OK;
}

#define FV_LOOPS "op/prelu.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x4x5", "channels ; 2x3x4x5", "channels ; 3x7",
                                      "channels initial 0.1 ; 1x2x3x1x3", NULL};

const fv_op fv__op_prelu = {
    .name = "prelu",
    .help = "y = x where x > 0, otherwise slope*x; the slope is learned",
    .about = "y = x where x > 0, otherwise slope*x: one slope for all values or one per channel,\n"
             "which weight decay spares.\n"
             "Gradient: dx = dy where x > 0, otherwise slope*dy; dslope = sum of dy*x over the x\n"
             "that are not above 0. He, Zhang, Ren & Sun 2015, \"Delving deep into rectifiers\".",
    .onnx = "PRelu",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_X,
    .options_size = sizeof(fv_prelu_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = fv__branches_sign,
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const real *slope = p->w[0].data;
    const int64_t channels = p->w[0].shape.dim[0];
    const int64_t pixels = fv__shape_sample(&p->y[0].shape) / channels;
    for (int64_t n = 0; n < fv__samples(&p->y[0]); n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t c = 0; c < channels; c++)
            for (int64_t i = c * pixels; i < (c + 1) * pixels; i++)
                y[i] = x[i] > 0 ? x[i] : slope[c] * x[i];
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const real *slope = p->w[0].data;
    const int64_t channels = p->w[0].shape.dim[0];
    const int64_t pixels = fv__shape_sample(&p->dy[0].shape) / channels;
    for (int64_t c = 0; c < channels; c++) {
        double sum = 0;
        for (int64_t n = 0; n < fv__samples(&p->dy[0]); n++) {
            const real *x = fv__sample(&p->x[0], n), *dy = fv__sample(&p->dy[0], n);
            real *dx = fv__sample(&p->dx[0], n);
            for (int64_t i = c * pixels; i < (c + 1) * pixels; i++) {
                if (!(x[i] > 0)) sum += dy[i] * x[i];
                if (dx != NULL) dx[i] += x[i] > 0 ? dy[i] : slope[c] * dy[i];
            }
        }
        if (p->dw[0].data != NULL) ((real *)p->dw[0].data)[c] += (real)sum;
    }
}

#endif
