/* SPDX-License-Identifier: MIT */
/*
 * conv: y[k,p] = b[k] + sum over c, q of w[k,c,q] x[c, stride p + dilation q - pad].
 * LeCun, Bottou, Bengio & Haffner 1998, section II. Like every network library this computes a
 * cross-correlation: the kernel is not mirrored.
 *
 * Written out, y = Cx + b with a matrix C that holds every weight many times and zeros elsewhere.
 * Hence dx = C'dy, and that is all a "transposed convolution" is (Dumoulin & Visin 2016, section
 * 4).
 */
#ifndef FV_LOOPS
#include "op/conv.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <stdio.h>

static const fv_field fields[] = {
    {"filters", "how many, which is the channels of the output", FV_INT,
     offsetof(fv_conv_options, channels), NULL, 1, 1e9, FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
    {"kernel", "height x width of the filters, pixels", FV_SIZE, offsetof(fv_conv_options, kernel),
     NULL, 1, 1e6, FV_POSITIONAL | FV_REQUIRED, NULL, "kernel_shape"},
    {"stride", "pixels from one place of the filter to the next", FV_SIZE,
     offsetof(fv_conv_options, stride), "1", 1, 1e6, 0, NULL, "strides"},
    {"pad", "rows and columns of zeros around the input", FV_PAD, offsetof(fv_conv_options, pad),
     "0", 0, 1e6, 0, NULL, "pads"},
    {"dilation", "pixels of the input from one weight of the filter to the next", FV_SIZE,
     offsetof(fv_conv_options, dilation), "1", 1, 1e6, 0, NULL, "dilations"},
    {"groups", "channels are split into so many groups that do not see each other", FV_INT,
     offsetof(fv_conv_options, groups), "1", 1, 1e9, 0, NULL, "group"},
    {"bias", "whether a number per filter is added", FV_BOOL, offsetof(fv_conv_options, bias),
     "yes", 0, 0, 0, NULL, NULL},
    {0}};

static fv_status check_groups(fv_context *ctx, const fv_conv_options *o, int64_t in) {
    if (o->channels < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "conv needs at least 1 filter, not %" PRId64,
                        o->channels);
    if (o->groups < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "groups must be at least 1, not %" PRId64, o->groups);
    if (in % o->groups != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "groups %" PRId64 " does not divide the %" PRId64 " input channels",
                        o->groups, in);
    if (o->channels % o->groups != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "groups %" PRId64 " does not divide the %" PRId64 " filters", o->groups,
                        o->channels);
    return FV_OK;
}

/* All multiply-accumulates of one sample; false when they cannot be counted. */
static bool count_macs(const fv_site *site, int64_t *macs) {
    const fv_shape *w = &site->param[0].shape;
    *macs = 1;
    for (int d = 0; d < 4; d++)
        if (!fv__mul_i64(*macs, w->dim[d], macs)) return false;
    return fv__mul_i64(*macs, site->out[0].dim[2], macs) &&
           fv__mul_i64(*macs, site->out[0].dim[3], macs);
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_conv_options *o = site->options;
    FV_TRY(fv__shape_maps(ctx, site, "conv"));
    const fv_shape *in = &site->in[0];
    FV_TRY(check_groups(ctx, o, in->dim[1]));
    fv_window win[2];
    FV_TRY(
        fv__windows(ctx, in, o->kernel, o->stride, o->dilation, &o->pad, false, win, site->misfit));
    site->out[0] = fv__shape4(in->dim[0], o->channels, win[0].out, win[1].out);

    const int64_t group_in = in->dim[1] / o->groups, group_out = o->channels / o->groups;
    fv_param_spec weight = {.name = "weight",
                            .shape = fv__shape4(o->channels, group_in, o->kernel.h, o->kernel.w),
                            .init = FV_INIT_WEIGHT,
                            .learned = true};
    const int64_t area = o->kernel.h * o->kernel.w; /* at most 1e12 */
    if (!fv__mul_i64(area, group_in, &weight.fan_in) ||
        !fv__mul_i64(area, group_out, &weight.fan_out))
        return fv__fail(ctx, FV_BAD_INPUT, "the filters are too large to count their weights");
    fv__site_param(site, &weight);
    if (o->bias)
        fv__site_param(site, &(fv_param_spec){.name = "bias",
                                              .shape = fv__shape1(o->channels),
                                              .init = FV_INIT_ZERO,
                                              .learned = true,
                                              .bias = true});
    FV_TRY(fv__shape_fits(ctx, site));
    int64_t macs;
    if (!count_macs(site, &macs))
        return fv__fail(ctx, FV_BAD_INPUT, "this conv is too large to count its operations");
    return FV_OK;
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_conv_options *o = site->options;
    const int64_t channels = site->in[0].dim[1];
    fv_window win[2];
    fv__conv_windows(&site->in[0], o, win);
    fv__cost_windows(cost, win);
    (void)count_macs(site, &cost->macs);
    char groups[24] = "";
    if (o->groups > 1) (void)snprintf(groups, sizeof groups, "/%" PRId64, o->groups);
    (void)snprintf(cost->product, sizeof cost->product,
                   "(%" PRId64 "*%" PRId64 "*%" PRId64 "%s)*%" PRId64, o->kernel.h, o->kernel.w,
                   channels, groups, o->channels);
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
                                      "9 3x3 pad 1 ; 2x8x7x12",
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

/*
 * One sample, one output channel k, one input channel c of its group. The loops visit every triple
 * (output p, input stride p + dilation q - pad, weight q) that C holds; each reading of the triple
 * is one pass:
 *     y[p]  += w[q] x[i]     y = Cx
 *     dx[i] += w[q] dy[p]    dx = C'dy
 *     dw[q] += dy[p] x[i]
 * y and dy are planes of channel k, x and dx of channel c, w and dw the kernel between them; what
 * is NULL is not wanted.
 */
static void LOOP(each)(const fv_window win[2], int64_t height, int64_t width, const real *x,
                       const real *w, real *y, const real *dy, real *dx, real *dw) {
    for (int64_t q = 0; q < win[0].kernel * win[1].kernel; q++) {
        int64_t qh = q / win[1].kernel, qw = q % win[1].kernel;
        int64_t h0, h1, w0, w1; /* the outputs whose input is in the map, not in the padding */
        fv__window_inside(&win[0], height, qh, &h0, &h1);
        fv__window_inside(&win[1], width, qw, &w0, &w1);
        double sum = 0; /* of dw[q]; long sums: in double also for float */
        for (int64_t ph = h0; ph < h1; ph++) {
            int64_t p = ph * win[1].out;
            int64_t i = (ph * win[0].stride + qh * win[0].dilation - win[0].before) * width +
                        qw * win[1].dilation - win[1].before;
            int64_t s = win[1].stride;
            if (y != NULL)
                for (int64_t pw = w0; pw < w1; pw++) y[p + pw] += w[q] * x[i + s * pw];
            if (dx != NULL)
                for (int64_t pw = w0; pw < w1; pw++) dx[i + s * pw] += w[q] * dy[p + pw];
            if (dw != NULL)
                for (int64_t pw = w0; pw < w1; pw++) sum += dy[p + pw] * x[i + s * pw];
        }
        if (dw != NULL) dw[q] += (real)sum;
    }
}

/* Calls it for all samples and all pairs of channels. */
static void LOOP(all)(const fv_pass *p, bool forward) {
    const fv_conv_options *o = p->options;
    const fv_shape *in = &p->x[0].shape, *out = forward ? &p->y[0].shape : &p->dy[0].shape;
    fv_window win[2];
    fv__conv_windows(in, o, win);
    const int64_t group_in = in->dim[1] / o->groups, group_out = o->channels / o->groups;
    const int64_t area = o->kernel.h * o->kernel.w;
    const int64_t pixels = in->dim[2] * in->dim[3], places = out->dim[2] * out->dim[3];
    const real *w = p->w[0].data;
    real *dw = forward ? NULL : p->dw[0].data;
    for (int64_t n = 0; n < in->dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = forward ? fv__sample(&p->y[0], n) : NULL;
        const real *dy = forward ? NULL : fv__sample(&p->dy[0], n);
        real *dx = forward ? NULL : fv__sample(&p->dx[0], n);
        for (int64_t k = 0; k < o->channels; k++)
            for (int64_t c = 0; c < group_in; c++) {
                int64_t plane = (k / group_out * group_in + c) * pixels;
                int64_t kernel = (k * group_in + c) * area;
                LOOP(each)
                (win, in->dim[2], in->dim[3], x + plane, w + kernel, y ? y + k * places : NULL,
                 dy ? dy + k * places : NULL, dx ? dx + plane : NULL, dw ? dw + kernel : NULL);
            }
    }
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    const int64_t places = p->y[0].shape.dim[2] * p->y[0].shape.dim[3];
    const real *b = p->params > 1 ? p->w[1].data : NULL;
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        real *y = fv__sample(&p->y[0], n);
        for (int64_t k = 0; k < o->channels; k++)
            for (int64_t i = 0; i < places; i++) y[k * places + i] = b ? b[k] : 0;
    }
    LOOP(all)(p, true);
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    const int64_t places = p->dy[0].shape.dim[2] * p->dy[0].shape.dim[3];
    LOOP(all)(p, false);
    real *db = o->bias ? p->dw[1].data : NULL;
    for (int64_t n = 0; db != NULL && n < p->dy[0].shape.dim[0]; n++) {
        const real *dy = fv__sample(&p->dy[0], n);
        for (int64_t k = 0; k < o->channels; k++) {
            double sum = 0; /* long sums: in double also for float */
            for (int64_t i = 0; i < places; i++) sum += dy[k * places + i];
            db[k] += (real)sum;
        }
    }
}

#endif
