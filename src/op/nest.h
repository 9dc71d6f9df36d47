/* SPDX-License-Identifier: MIT */
/*
 * nest.h - what all convolutions share: the loop nest (nest.inc.h) and the parts of a shape rule.
 *
 * A convolution without its bias is y = Cx, and C holds a weight for every triple (place p of y,
 * pixel stride p + dilation q - pad of x, weight q). Who walks through the triples has everything:
 * conv, whose places share their weights; local, whose places do not; tableconv, where C is 0
 * between most channels; and convtranspose, y = C'x, which is conv's backward run forward.
 */
#ifndef FV_OP_NEST_H
#define FV_OP_NEST_H

#include "op/conv.h"
#include "op/shapes.h"

/* The options of what slides over its input; for options that begin with fv_conv_options. */
#define FV_NEST_AT(member) offsetof(fv_conv_options, member)
/* clang-format off */
#define FV_NEST_FIELDS(filters)                                                                    \
    {"filters", filters, FV_INT, FV_NEST_AT(channels), NULL, 1, 1e9,                               \
     FV_POSITIONAL | FV_REQUIRED, NULL, NULL},                                                     \
    {"kernel", "height x width of the filters, pixels", FV_SIZE, FV_NEST_AT(kernel), NULL, 1, 1e6, \
     FV_POSITIONAL | FV_REQUIRED, NULL, "kernel_shape"},                                           \
    {"stride", "pixels from one place of the filter to the next", FV_SIZE, FV_NEST_AT(stride),     \
     "1", 1, 1e6, 0, NULL, "strides"},                                                             \
    {"pad", "rows and columns of zeros around the input", FV_PAD, FV_NEST_AT(pad), "0", 0, 1e6, 0, \
     NULL, "pads"},                                                                                \
    {"dilation", "pixels of the input from one weight of the filter to the next", FV_SIZE,         \
     FV_NEST_AT(dilation), "1", 1, 1e6, 0, NULL, "dilations"}
/* clang-format on */

/* x and y are the two ends of C, whichever of them a pass reads. */
typedef struct fv_nest {
    fv_window win[2];        /* height, width */
    int64_t height, width;   /* of x */
    int64_t groups, in, out; /* channels of x and of y in each group */
    int64_t plane;           /* numbers of y from one channel to the next */
    bool flip;               /* the kernels are mirrored */
} fv_nest;

/* Of maps or a sequence that conv's shape rule, or a relative's, has accepted: one group, in which
   every channel meets every other. */
fv_nest fv__nest(const fv_shape *in, const fv_conv_options *o);

/* Begins a shape rule: maps or a sequence flow in, at least one filter is wanted, and its windows
   fit. */
FV_MUST_USE fv_status fv__nest_begin(fv_context *ctx, fv_site *site, const fv_conv_options *o,
                                     fv_window win[2]);
/* The first half of it, for who has other windows. */
FV_MUST_USE fv_status fv__nest_inputs(fv_context *ctx, fv_site *site, const fv_conv_options *o);
/* Groups divide the channels that come in and the filters. */
FV_MUST_USE fv_status fv__nest_groups(fv_context *ctx, const fv_site *site,
                                      const fv_conv_options *o);
/* [a,b,h,w], or [a,b,w] where `like` is a sequence. */
fv_shape fv__nest_shape(const fv_shape *like, int64_t a, int64_t b, int64_t h, int64_t w);
/* The units of one sample: an output without its first dimension. */
fv_shape fv__nest_units(const fv_shape *out);
/* The parameters. A weight starts by its fans, kernel area times these channels. */
FV_MUST_USE fv_status fv__nest_weight(fv_context *ctx, fv_site *site, const fv_conv_options *o,
                                      fv_shape shape, int64_t in, int64_t out);
void fv__nest_bias(fv_site *site, fv_shape shape);
/* Ends a shape rule: everything can be counted, multiplications too. */
FV_MUST_USE fv_status fv__nest_end(fv_context *ctx, const fv_site *site, const fv_shape *places);
/* Multiply-accumulates of one sample: every weight is used once at each pixel of such maps; NULL:
   once in all. */
int64_t fv__nest_macs(const fv_site *site, const fv_shape *places);

#endif
