/* SPDX-License-Identifier: MIT */
/*
 * local: a locally connected layer, a convolution whose places do not share their weights:
 *     y[k,p] = b[k,p] + sum over c, q of w[p,k,c,q] x[c, stride p + dilation q - pad].
 * LeCun 1989 ("Generalization and network design strategies", net-3 before weights were shared);
 * Taigman, Yang, Ranzato & Wolf 2014 (DeepFace), L4 to L6.
 *
 * Its loops are those of a convolution at every place of its own, which makes one number of each
 * channel of y.
 */
#ifndef FV_LOOPS
#include "op/nest.h"

#include <inttypes.h>
#include <stdio.h>

/* groups, flip and init stay 0: of a place's own weights they would say nothing */
static const fv_field fields[] = {
    FV_NEST_FIELDS("how many at each place, which is the channels of the output"),
    {"bias", "whether a number per unit is added", FV_BOOL, offsetof(fv_conv_options, bias), "yes",
     0, 0, 0, NULL, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_conv_options *o = site->options;
    const fv_shape *in = &site->in[0];
    const int64_t channels = in->dim[1];
    fv_window win[2];
    FV_TRY(fv__nest_begin(ctx, site, o, win));
    site->out[0] = fv__nest_shape(in, in->dim[0], o->channels, win[0].out, win[1].out);
    fv_shape weight = {
        .rank = 6,
        .dim = {win[0].out, win[1].out, o->channels, channels, win[0].kernel, win[1].kernel}};
    if (in->rank == 3) weight = fv__shape4(win[1].out, o->channels, channels, win[1].kernel);
    FV_TRY(fv__nest_weight(ctx, site, o, weight, channels, o->channels));
    if (o->bias) fv__nest_bias(site, fv__nest_units(&site->out[0]));
    return fv__nest_end(ctx, site, NULL);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_conv_options *o = site->options;
    fv_window win[2];
    fv__conv_windows(&site->in[0], o, win);
    fv__cost_windows(cost, win);
    cost->macs = fv__nest_macs(site, NULL);
    (void)snprintf(cost->product, sizeof cost->product,
                   "%" PRId64 "*%" PRId64 "*(%" PRId64 "*%" PRId64 "*%" PRId64 ")*%" PRId64,
                   win[0].out, win[1].out, win[0].kernel, win[1].kernel, site->in[0].dim[1],
                   o->channels);
}

/* The convolution at place p alone. */
static fv_nest at_place(const fv_nest *all, int64_t p) {
    fv_nest s = *all;
    s.win[0].before -= p / all->win[1].out * all->win[0].stride;
    s.win[1].before -= p % all->win[1].out * all->win[1].stride;
    s.win[0].out = s.win[1].out = 1;
    return s;
}

#define FV_LOOPS "op/local.c"
#include "op/loops.h"

static const char *const samples[] = {"2 2x2 ; 2x2x3x4",
                                      "2 3x2 stride 2x1 pad 1,0,2,1 bias no ; 1x2x4x3",
                                      "1 2 dilation 2 pad 1 ; 2x1x3x4",
                                      "3 3 stride 2 pad same ; 1x1x4x5",
                                      "1 1x3 stride 1x2 ; 2x1x1x7",
                                      "2 3 stride 2 ; 2x2x7",
                                      NULL};

const fv_op fv__op_local = {
    .name = "local",
    .help = "filters that look at one place each: a convolution without shared weights",
    .about =
        "y[k,p] = b[k,p] + sum over channels c and places q of the filter of\n"
        "w[p,k,c,q] * x[c, stride*p + dilation*q - pad]. Sizes are those of conv. The weights are\n"
        "[output height, output width, filters, channels, height, width], the biases those of\n"
        "every unit, [filters, output height, output width]; a sequence [channels, width] has\n"
        "no heights. LeCun 1989, \"Generalization and network design strategies\"; Taigman, Yang,\n"
        "Ranzato & Wolf 2014, \"DeepFace\".",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_conv_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

#include "op/nest.inc.h"

/* One sample, every place with the weights of its own. */
static void LOOP(places)(const fv_nest *all, const real *x, const real *w, real *y, const real *dy,
                         real *dx, real *dw) {
    const int64_t area = all->win[0].kernel * all->win[1].kernel;
    const int64_t weights = all->out * all->in * area;
    for (int64_t p = 0; p < all->plane; p++) {
        const fv_nest s = at_place(all, p);
        LOOP(pairs)
        (&s, x, w + p * weights, y ? y + p : NULL, dy ? dy + p : NULL, dx,
         dw ? dw + p * weights : NULL);
    }
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_nest s = fv__nest(&p->x[0].shape, p->options);
    LOOP(start)(&p->y[0], p->params > 1 ? &p->w[1] : NULL);
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        LOOP(places)(&s, x, p->w[0].data, y, NULL, NULL, NULL);
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_nest s = fv__nest(&p->x[0].shape, p->options);
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n), *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        LOOP(places)(&s, x, p->w[0].data, NULL, dy, dx, p->dw[0].data);
    }
    if (p->params > 1) LOOP(bias)(&p->dy[0], &p->dw[1]);
}

#endif
