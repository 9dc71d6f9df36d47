/* SPDX-License-Identifier: MIT */
/*
 * convtranspose: y = C'x + b, where C is the matrix of the convolution (conv.c) with this kernel,
 * stride, pad and dilation over maps of y's size: every pixel of x puts a copy of the filter, times
 * its value, down on y. So its forward is conv's backward to the data, and its backward to the data
 * is conv's forward; both walk through the same loops. Dumoulin & Visin 2016, section 4.
 *
 * A stride above 1 rounds sizes down, so that several sizes of y belong to one of x: y has
 *     (in - 1) stride + dilation (k - 1) + 1 - pads + output_pad
 * rows. `init bilinear` starts it as an enlargement by interpolation, as Long, Shelhamer & Darrell
 * 2015 (FCN) do, section 4.3.
 */
#ifndef FV_LOOPS
#include "op/convtranspose.h"
#include "op/nest.h"

#include <inttypes.h>
#include <stdio.h>

#define AT(member) offsetof(fv_convtranspose_options, member)

enum { WEIGHT, BILINEAR };
static const char *const inits[] = {"weight", "bilinear", NULL};

static const fv_field fields[] = {
    {"filters", "how many, which is the channels of the output", FV_INT, AT(conv.channels), NULL, 1,
     1e9, FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
    {"kernel", "height x width of the filters, pixels", FV_SIZE, AT(conv.kernel), NULL, 1, 1e6,
     FV_POSITIONAL | FV_REQUIRED, NULL, "kernel_shape"},
    {"stride", "pixels of the output from one copy of the filter to the next", FV_SIZE,
     AT(conv.stride), "1", 1, 1e6, 0, NULL, "strides"},
    {"pad", "rows and columns taken off around the output", FV_PAD, AT(conv.pad), "0", 0, 1e6, 0,
     NULL, "pads"},
    {"output_pad", "rows at the bottom, columns at the right that are added to the output", FV_SIZE,
     AT(output_pad), "0", 0, 1e6, 0, NULL, "output_padding"},
    {"dilation", "pixels of the output from one weight of the filter to the next", FV_SIZE,
     AT(conv.dilation), "1", 1, 1e6, 0, NULL, "dilations"},
    {"groups", "channels are split into so many groups that do not see each other", FV_INT,
     AT(conv.groups), "1", 1, 1e9, 0, NULL, "group"},
    {"bias", "whether a number per filter is added", FV_BOOL, AT(conv.bias), "yes", 0, 0, 0, NULL,
     NULL},
    {"init", "the weights at the start: as those of other layers, or an enlargement", FV_CHOICE,
     AT(init), "weight", 0, 0, 0, inits, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_convtranspose_options *o = site->options;
    const fv_shape *in = &site->in[0];
    const int64_t filters = o->conv.channels, channels = in->dim[1];
    fv_window win[2];
    int64_t size[2];
    FV_TRY(fv__nest_inputs(ctx, site, &o->conv));
    FV_TRY(fv__convtranspose_place(ctx, in, o, win, size));
    FV_TRY(fv__nest_groups(ctx, site, &o->conv));
    const int64_t group_in = channels / o->conv.groups, group_out = filters / o->conv.groups;
    site->out[0] = fv__nest_shape(in, in->dim[0], filters, size[0], size[1]);
    const fv_shape weight = fv__nest_shape(in, channels, group_out, win[0].kernel, win[1].kernel);
    FV_TRY(fv__nest_weight(ctx, site, &o->conv, weight, group_in, group_out));
    if (o->init == BILINEAR) {
        site->param[0].init = FV_INIT_BILINEAR;
        if (filters != channels)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "init bilinear enlarges every map by itself: it needs as many filters "
                            "as the %" PRId64 " channels that come in, not %" PRId64,
                            channels, filters);
    }
    if (o->conv.bias) fv__nest_bias(site, fv__shape1(filters));
    return fv__nest_end(ctx, site, in);
}

/* A pixel of the output sees those of the input whose copies of the filter reach it. */
static void cost(const fv_site *site, fv_cost *cost) {
    const fv_convtranspose_options *o = site->options;
    fv_window win[2];
    int64_t size[2], sees[2];
    fv__convtranspose_windows(&site->in[0], o, win, size);
    for (int a = 0; a < 2; a++)
        sees[a] = (win[a].dilation * (win[a].kernel - 1) + win[a].stride) / win[a].stride;
    *cost = (fv_cost){.kernel_h = sees[0],
                      .kernel_w = sees[1],
                      .stride_h = 1,
                      .stride_w = 1,
                      .upscale_h = win[0].stride,
                      .upscale_w = win[1].stride};
    cost->macs = fv__nest_macs(site, &site->in[0]);
    char groups[24] = "";
    if (o->conv.groups > 1) (void)snprintf(groups, sizeof groups, "/%" PRId64, o->conv.groups);
    (void)snprintf(cost->product, sizeof cost->product,
                   "(%" PRId64 "*%" PRId64 "*%" PRId64 "%s)*%" PRId64, win[0].kernel, win[1].kernel,
                   site->in[0].dim[1], groups, o->conv.channels);
}

/* The convolution: its x is the output here, its y the input. */
static fv_nest nest(const fv_pass *p) {
    const fv_convtranspose_options *o = p->options;
    const fv_shape *in = &p->x[0].shape;
    int64_t size[2];
    fv_nest s = {.groups = o->conv.groups,
                 .in = o->conv.channels / o->conv.groups,
                 .out = in->dim[1] / o->conv.groups};
    fv__convtranspose_windows(in, o, s.win, size);
    s.height = size[0];
    s.width = size[1];
    s.plane = s.win[0].out * s.win[1].out;
    return s;
}

#define FV_LOOPS "op/convtranspose.c"
#include "op/loops.h"

static const char *const samples[] = {"3 3x3 ; 2x2x3x4",
                                      "2 2 stride 2 bias no ; 2x3x3x2",
                                      "2 4x3 stride 2x3 pad 1,0,2,1 ; 1x2x3x3",
                                      "4 3 stride 2 pad 1 output_pad 1 groups 2 ; 2x4x2x3",
                                      "2 2 stride 3 output_pad 2x1 ; 1x2x2x3",
                                      "2 3x2 dilation 2x3 output_pad 1x2 ; 2x2x2x3",
                                      "3 4 stride 2 pad same init bilinear groups 3 ; 1x3x3x2",
                                      "2 1 stride 3 pad same init bilinear ; 2x2x2x1",
                                      "3 5 stride 2 pad 2 output_pad 1 ; 2x2x4",
                                      NULL};

const fv_op fv__op_convtranspose = {
    .name = "convtranspose",
    .help = "a convolution the other way round: filters put down on a larger map",
    .about =
        "y = C'x + b, where y = Cx is conv with the same kernel, stride, pad and dilation:\n"
        "y[k,i] = b[k] + sum over c, p, q with stride*p + dilation*q - pad = i of\n"
        "w[c,k,q] * x[c,p]. Output size: (in - 1)*stride + dilation*(kernel - 1) + 1 - pads +\n"
        "output_pad; with `pad same` in*stride. The weights are [channels, filters/groups,\n"
        "height, width]; `init bilinear` starts with enlargement by linear interpolation of each\n"
        "map by itself. The gradient, dx = C dy, is a convolution. Of a sequence [channels, "
        "width]\n"
        "a longer one comes out. Sizes: Dumoulin & Visin 2016, section 4; bilinear: Long,\n"
        "Shelhamer & Darrell 2015, section 4.3.",
    .onnx = "ConvTranspose",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_convtranspose_options),
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
        LOOP(pairs)(&s, NULL, p->w[0].data, NULL, x, y, NULL); /* conv's dx = C'dy */
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_convtranspose_options *o = p->options;
    const fv_nest s = nest(p);
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n), *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        LOOP(pairs)(&s, dy, p->w[0].data, dx, x, NULL, p->dw[0].data); /* conv's y = Cx */
    }
    if (o->conv.bias) LOOP(bias)(&p->dy[0], &p->dw[1]);
}

#endif
