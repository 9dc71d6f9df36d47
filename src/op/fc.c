/* SPDX-License-Identifier: MIT */
/*
 * fc: y = Wx + b, every output sees every input. A map is read as a vector in the order C,H,W.
 * Gradients: dx = W'dy, dW = dy x', db = dy. Rumelhart, Hinton & Williams 1986.
 */
#ifndef FV_LOOPS
#include "op/fc.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <stdio.h>

static const fv_field fields[] = {{"outputs", "numbers that come out", FV_INT,
                                   offsetof(fv_fc_options, outputs), NULL, 1, 1e9,
                                   FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
                                  {"bias", "whether a number per output is added", FV_BOOL,
                                   offsetof(fv_fc_options, bias), "yes", 0, 0, 0, NULL, NULL},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_fc_options *o = site->options;
    FV_TRY(fv__shape_inputs(ctx, site));
    const fv_shape *in = &site->in[0];
    if (in->rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT, "fc reads a map or a vector, not single numbers");
    if (o->outputs < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "fc needs at least 1 output, not %" PRId64, o->outputs);
    const int64_t inputs = fv__shape_sample(in);
    site->out[0] = fv__shape2(in->dim[0], o->outputs);
    fv__site_param(site, &(fv_param_spec){.name = "weight",
                                          .shape = fv__shape2(o->outputs, inputs),
                                          .init = FV_INIT_WEIGHT,
                                          .fan_in = inputs,
                                          .fan_out = o->outputs,
                                          .learned = true});
    if (o->bias)
        fv__site_param(site, &(fv_param_spec){.name = "bias",
                                              .shape = fv__shape1(o->outputs),
                                              .init = FV_INIT_ZERO,
                                              .learned = true,
                                              .bias = true});
    return fv__shape_fits(ctx, site);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_fc_options *o = site->options;
    const fv_shape *in = &site->in[0];
    fv__cost_nothing(cost);
    cost->global = true;
    cost->macs = fv__shape_sample(in) * o->outputs; /* shape() has counted the weights */
    if (in->rank == 4 && in->dim[2] * in->dim[3] > 1)
        (void)snprintf(cost->product, sizeof cost->product,
                       "%" PRId64 "*%" PRId64 "*%" PRId64 "*%" PRId64, in->dim[2], in->dim[3],
                       in->dim[1], o->outputs);
    else
        (void)snprintf(cost->product, sizeof cost->product, "%" PRId64 "*%" PRId64,
                       fv__shape_sample(in), o->outputs);
}

#define FV_LOOPS "op/fc.c"
#include "op/loops.h"

static const char *const samples[] = {"4 ; 3x5", "3 ; 2x2x3x4", "5 bias no ; 2x3x1x1", NULL};

const fv_op fv__op_fc = {
    .name = "fc",
    .help = "fully connected: every output sees every input",
    .about = "y = Wx + b. A map is read as a vector in the order channel, row, column.\n"
             "The weights are [outputs, inputs]. Gradients: dx = W'dy, dW = dy x', db = dy.\n"
             "Rumelhart, Hinton & Williams 1986, \"Learning representations by back-propagating\n"
             "errors\".",
    .onnx = "Gemm",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_fc_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const fv_fc_options *o = p->options;
    const int64_t inputs = fv__shape_sample(&p->x[0].shape);
    const real *w = p->w[0].data, *b = p->params > 1 ? p->w[1].data : NULL;
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t k = 0; k < o->outputs; k++) {
            double sum = b ? b[k] : 0; /* long sums: in double also for float */
            for (int64_t i = 0; i < inputs; i++) sum += w[k * inputs + i] * x[i];
            y[k] = (real)sum;
        }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_fc_options *o = p->options;
    const int64_t inputs = fv__shape_sample(&p->x[0].shape);
    const real *w = p->w[0].data;
    real *dw = p->dw[0].data, *db = o->bias ? p->dw[1].data : NULL;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t k = 0; k < o->outputs; k++) {
            if (db != NULL) db[k] += dy[k];
            for (int64_t i = 0; dw != NULL && i < inputs; i++) dw[k * inputs + i] += dy[k] * x[i];
            for (int64_t i = 0; dx != NULL && i < inputs; i++) dx[i] += w[k * inputs + i] * dy[k];
        }
    }
}

#endif
