/* SPDX-License-Identifier: MIT */
/*
 * conv: y[k,p] = b[k] + sum over c, q of w[k,c,q] x[c, stride p + dilation q - pad].
 * LeCun, Bottou, Bengio & Haffner 1998, section II. Like every network library this computes a
 * cross-correlation: the kernel is not mirrored, unless `flip` asks for it.
 *
 * Written out, y = Cx + b with a matrix C that holds every weight many times and zeros elsewhere.
 * Hence dx = C'dy, and that is all a "transposed convolution" is (convtranspose.c; Dumoulin & Visin
 * 2016, section 4). The loops that walk through C are in nest.inc.h.
 */
#ifndef FV_LOOPS
#include "op/nest.h"

#include <inttypes.h>
#include <stdio.h>

enum { WEIGHT, ZERO };
static const char *const inits[] = {"weight", "zero", NULL};

static const fv_field fields[] = {
    FV_NEST_FIELDS("how many, which is the channels of the output"),
    {"groups", "channels are split into so many groups that do not see each other", FV_INT,
     offsetof(fv_conv_options, groups), "1", 1, 1e9, 0, NULL, "group"},
    {"bias", "whether a number per filter is added", FV_BOOL, offsetof(fv_conv_options, bias),
     "yes", 0, 0, 0, NULL, NULL},
    {"flip", "mirror the kernels, which makes it a convolution as mathematics has it", FV_BOOL,
     offsetof(fv_conv_options, flip), "no", 0, 0, 0, NULL, NULL},
    {"init", "the weights at the start: as those of other layers, or zero", FV_CHOICE,
     offsetof(fv_conv_options, init), "weight", 0, 0, 0, inits, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_conv_options *o = site->options;
    const fv_shape *in = &site->in[0];
    fv_window win[2];
    FV_TRY(fv__nest_begin(ctx, site, o, win));
    FV_TRY(fv__nest_groups(ctx, site, o));
    const int64_t group_in = in->dim[1] / o->groups, group_out = o->channels / o->groups;
    site->out[0] = fv__nest_shape(in, in->dim[0], o->channels, win[0].out, win[1].out);
    const fv_shape weight = fv__nest_shape(in, o->channels, group_in, o->kernel.h, o->kernel.w);
    FV_TRY(fv__nest_weight(ctx, site, o, weight, group_in, group_out));
    if (o->init == ZERO) site->param[0].init = FV_INIT_ZERO;
    if (o->bias) fv__nest_bias(site, fv__shape1(o->channels));
    return fv__nest_end(ctx, site, &site->out[0]);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_conv_options *o = site->options;
    fv_window win[2];
    fv__conv_windows(&site->in[0], o, win);
    fv__cost_windows(cost, win);
    cost->macs = fv__nest_macs(site, &site->out[0]);
    char groups[24] = "";
    if (o->groups > 1) (void)snprintf(groups, sizeof groups, "/%" PRId64, o->groups);
    (void)snprintf(cost->product, sizeof cost->product,
                   "(%" PRId64 "*%" PRId64 "*%" PRId64 "%s)*%" PRId64, win[0].kernel, win[1].kernel,
                   site->in[0].dim[1], groups, o->channels);
}

static fv_nest nest(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    fv_nest s = fv__nest(&p->x[0].shape, o);
    s.groups = o->groups;
    s.in /= o->groups;
    s.out /= o->groups;
    return s;
}

#define FV_LOOPS "op/conv.c"
#include "op/loops.h"

static const char *const samples[] = {"4 3x3 ; 2x3x5x6",
                                      "3 3x3 pad 1 ; 2x2x4x5",
                                      "4 3x2 stride 2x1 pad 1,0,2,1 ; 2x3x6x5",
                                      "6 3x3 pad same groups 3 bias no ; 2x3x5x4",
                                      "4 3x3 dilation 2 pad 2 groups 2 ; 2x4x6x7",
                                      "2 1x1 stride 2 ; 3x3x5x5",
                                      "2 3x3 stride 2 pad same ; 2x2x6x5",
                                      "2 2x2 stride 3 pad 3 ; 1x2x4x4",
                                      "5 3x3 pad 1 ; 2x2x4x28",
                                      "3 1x1 bias no ; 2x5x3x4",
                                      "32 1x1 ; 2x16x3x5",
                                      "16 1x1 stride 2 bias no ; 1x16x4x5",
                                      "9 3x3 pad 1 ; 2x8x9x18",
                                      "16 3x3 pad 1 ; 1x16x7x8",
                                      "16 3x3 pad 1 ; 2x15x8x14",
                                      "16 3x3 stride 2 pad 1 ; 8x16x15x16",
                                      "4 5x5 pad 2 ; 1x3x8x16",
                                      "4 3 stride 2 pad 1 ; 2x3x9",
                                      "6 1x3 groups 3 dilation 2 pad 0,4,0,0 bias no ; 2x6x8",
                                      "3 3x2 flip pad 1 ; 2x2x4x5",
                                      "2 3 flip pad same ; 1x2x6",
                                      "2 1x1 init zero ; 1x3x2x2",
                                      NULL};

const fv_op fv__op_conv = {
    .name = "conv",
    .help = "filters that slide over the map",
    .about =
        "y[k,p] = b[k] + sum over channels c and places q of the filter of\n"
        "w[k,c,q] * x[c, stride*p + dilation*q - pad].\n"
        "Output size: (in + pads - kernel)/stride + 1, rounded down; with dilation the kernel\n"
        "counts as dilation*(kernel - 1) + 1. The weights are [filters, channels/groups,\n"
        "height, width]. As a matrix, y = Cx + b; the gradient is dx = C'dy.\n"
        "A sequence [channels, width] is a map of height 1: `conv 8 3` slides along it, with\n"
        "weights [filters, channels/groups, width]. With `flip` the kernels are mirrored.\n"
        "`init zero` is for a layer whose part is to grow from nothing, such as a score. A bias\n"
        "for every unit, or filters that read some of the maps only: tableconv.\n"
        "LeCun, Bottou, Bengio & Haffner 1998, section II; sizes: Dumoulin & Visin 2016.",
    .onnx = "Conv",
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

static void LOOP(forward)(const fv_pass *p) {
    const fv_nest s = nest(p);
    LOOP(start)(&p->y[0], p->params > 1 ? &p->w[1] : NULL);
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        LOOP(pairs)(&s, x, p->w[0].data, y, NULL, NULL, NULL);
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    const fv_nest s = nest(p);
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n), *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        LOOP(pairs)(&s, x, p->w[0].data, NULL, dy, dx, p->dw[0].data);
    }
    if (o->bias) LOOP(bias)(&p->dy[0], &p->dw[1]);
}

#endif
