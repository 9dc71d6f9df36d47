/* SPDX-License-Identifier: MIT */
/*
 * dropout: in training y = x mask/(1 - rate), the mask 0 with probability rate and otherwise 1;
 * in inference y = x. Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014; divided in
 * training
 * ("inverted"), so that use needs no factor.
 *
 * The mask of an element follows from the pass's random stream and the element's number in the
 * whole batch alone: the same for any thread count, for any shards, and after resuming.
 */
#ifndef FV_LOOPS
#include "op/dropout.h"
#include "op/shapes.h"

static const fv_field fields[] = {{"rate", "share of the values that is dropped", FV_REAL,
                                   offsetof(fv_dropout_options, rate), "0.5", 0, 0.999,
                                   FV_POSITIONAL, NULL, "ratio"},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_dropout_options *o = site->options;
    FV_TRY(fv__shape_same(ctx, site));
    if (!(o->rate >= 0 && o->rate < 1))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "dropout's rate must be at least 0 and below 1, not %g: with 1 nothing "
                        "would be left",
                        o->rate);
    fv__site_saved(site, FV_U8, site->out[0]);
    return FV_OK;
}

#define FV_LOOPS "op/dropout.c"
#include "op/loops.h"

static const char *const samples[] = {"; 3x20", "0.2 ; 2x3x4x5", "0 ; 2x6", NULL};

const fv_op fv__op_dropout = {
    .name = "dropout",
    .help = "drops values at random in training",
    .about = "In training y = x*mask/(1 - rate), with a mask that is 0 with probability rate and\n"
             "otherwise 1; in inference y = x. Gradient: dx = dy*mask/(1 - rate). The mask follows "
             "from\n"
             "seed, layer, step and element, whatever the number of threads.\n"
             "Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014.",
    .onnx = "Dropout",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_DROPS,
    .options_size = sizeof(fv_dropout_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const fv_dropout_options *o = p->options;
    const int64_t size = fv__shape_sample(&p->y[0].shape);
    const real factor = (real)(1 / (1 - o->rate));
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        uint8_t *mask = p->training ? fv__sample(&p->saved[0], n) : NULL;
        for (int64_t i = 0; i < size; i++) {
            if (!p->training) {
                y[i] = x[i];
                continue;
            }
            bool kept =
                fv__random_unit(p->random, (uint64_t)((p->first + n) * size + i)) >= o->rate;
            y[i] = kept ? x[i] * factor : 0;
            if (mask != NULL) mask[i] = kept;
        }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_dropout_options *o = p->options;
    const real factor = (real)(1 / (1 - o->rate));
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const uint8_t *mask = p->training ? fv__sample(&p->saved[0], n) : NULL;
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t i = 0; i < fv__shape_sample(&p->dy[0].shape); i++) {
            if (!p->training)
                dx[i] += dy[i];
            else if (mask[i])
                dx[i] += dy[i] * factor;
        }
    }
}

#endif
