/* SPDX-License-Identifier: MIT */
/*
 * pool.h - what pools share: the options of a window, the maps they read, and a walk over windows.
 *
 * A pool reads batches of maps [N,C,H,W], or of sequences, [N,C,W], which are maps of one row:
 * there a kernel of 3 or 3x3 is 1x3.
 */
#ifndef FV_OP_POOL_H
#define FV_OP_POOL_H

#include "op/maxpool.h"

/* Rows of the table of fields of an operator whose options hold an fv_maxpool_options at `base`. */
#define FV_POOL_FIELD(base, member) (base) + offsetof(fv_maxpool_options, member)
#define FV_POOL_FIELDS(base, pad_help)                                                             \
    {"kernel", "height x width of the window, pixels",                                             \
     FV_SIZE,  FV_POOL_FIELD(base, kernel),                                                        \
     NULL,     1,                                                                                  \
     1e6,      FV_POSITIONAL | FV_REQUIRED,                                                        \
     NULL,     "kernel_shape"},                                                                    \
        {"stride", "pixels from one window to the next; 0: as the window is large",                \
         FV_SIZE,  FV_POOL_FIELD(base, stride),                                                    \
         "0",      0,                                                                              \
         1e6,      0,                                                                              \
         NULL,     "strides"},                                                                     \
        {"pad", pad_help, FV_PAD, FV_POOL_FIELD(base, pad), "0", 0, 1e6, 0, NULL, "pads"},         \
        {"dilation", "pixels from one place in the window to the next",                            \
         FV_SIZE,    FV_POOL_FIELD(base, dilation),                                                \
         "1",        1,                                                                            \
         1e6,        0,                                                                            \
         NULL,       "dilations"},                                                                 \
    {                                                                                              \
        "ceil", "round the output size up: a last window may hang over the edge", FV_BOOL,         \
            FV_POOL_FIELD(base, ceil), "no", 0, 0, 0, NULL, "ceil_mode"                            \
    }
#define FV_PAD_NEVER_WINS "rows and columns around the input that never win"

/* A batch of maps and the windows over each of them. */
typedef struct fv_pooling {
    int64_t samples, channels, height, width;
    fv_window win[2];
    /* As PyTorch's adaptive pools: window o of n on an axis of i pixels reaches from floor(o i/n)
       to ceil((o + 1) i/n). Of `win` only `out` counts. */
    bool adaptive;
} fv_pooling;

/* A shape with a height: [N,C,W] is [N,C,1,W]. */
fv_shape fv__with_height(const fv_shape *in);
/* The shape of input 0 with a height: [N,C,W] is [N,C,1,W]. Refuses what is no map. */
FV_MUST_USE fv_status fv__pool_maps(fv_context *ctx, fv_site *site, fv_shape *maps);
/* Output 0 is maps of that size, of the rank of input 0: of a sequence one of that width. */
FV_MUST_USE fv_status fv__pool_gives(fv_context *ctx, fv_site *site, int64_t height, int64_t width);
/* The two of them around fv__windows and fv__pool_check. */
FV_MUST_USE fv_status fv__pool_shape(fv_context *ctx, fv_site *site, const fv_maxpool_options *o);
/* The same for adaptive windows. */
FV_MUST_USE fv_status fv__adaptive_shape(fv_context *ctx, fv_site *site, fv_size output);
/* Where a place in a map must fit 32 bits. */
FV_MUST_USE fv_status fv__pool_counts(fv_context *ctx, const fv_site *site);

/* Of a site that was accepted: the windows, and what they cost. */
fv_pooling fv__pooling(const fv_shape *in, const fv_maxpool_options *o);
fv_pooling fv__pooling_global(const fv_shape *in);
fv_pooling fv__pooling_adaptive(const fv_shape *in, fv_size output);
void fv__pooling_cost(const fv_pooling *g, fv_cost *cost);

/* A window: of which sample and channel, where that channel's plane begins in the sample and its
   output lies there, and its pixels, h0, h0 + dh, … below h1, those in the map alone. */
typedef struct fv_pooled {
    int64_t n, c, plane, out;
    int64_t oh, ow, h0, h1, dh, w0, w1, dw;
} fv_pooled;

/* All windows in the order of the output:
       for (fv_pooled at = fv__pooled_first(&g); at.n < g.samples; fv__pooled_next(&g, &at)) */
fv_pooled fv__pooled_first(const fv_pooling *g);
void fv__pooled_next(const fv_pooling *g, fv_pooled *at);

/* The pixels of an undilated window. */
static inline int64_t fv__pooled_size(const fv_pooled *at) {
    return (at->h1 - at->h0) * (at->w1 - at->w0);
}

#endif
