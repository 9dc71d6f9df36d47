/* SPDX-License-Identifier: MIT */
/*
 * globallppool: y[c] = (sum over the whole plane of |x[c]|^p)^(1/p). The output stays a map of 1x1.
 * lppool (Sermanet, Chintala & LeCun 2012) with a window as large as the map.
 */
#ifndef FV_LOOPS
#include "op/lppool.h"
#include "op/shapes.h"

#include <math.h>

static const fv_field fields[] = {FV_LP_FIELD(fv_globallppool_options), {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_globallppool_options *o = site->options;
    fv_shape maps;
    FV_TRY(fv__pool_maps(ctx, site, &maps));
    if (!(o->p >= 1) || isinf(o->p))
        return fv__fail(ctx, FV_BAD_INPUT, "globallppool needs a p of at least 1, not %g", o->p);
    return fv__pool_gives(ctx, site, 1, 1);
}

static fv_pooling pooling(const fv_shape *in, const void *options) {
    (void)options;
    return fv__pooling_global(in);
}

static double power(const void *options) {
    return ((const fv_globallppool_options *)options)->p;
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_pooling g = pooling(&site->in[0], site->options);
    fv__pooling_cost(&g, cost);
}

#define FV_LOOPS "op/globallppool.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x4x5", "p 1 ; 3x2x1x3", "p 3.5 ; positive 2x2x3x4",
                                      "p 4 ; 2x3x7", NULL};

const fv_op fv__op_globallppool = {
    .name = "globallppool",
    .help = "the p-norm of each channel",
    .about = "y[c] = (sum over the whole plane of |x[c]|^p)^(1/p); the output is [1x1xchannels].\n"
             "Gradient: dx = dy * sign(x) * (|x|/y)^(p-1). lppool with a window as large as the\n"
             "map: Sermanet, Chintala & LeCun 2012, \"Convolutional neural networks applied to\n"
             "house numbers digit classification\".",
    .onnx = "GlobalLpPool",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X | FV_KEEP_Y,
    .options_size = sizeof(fv_globallppool_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = fv__branches_sign,
    .samples = samples,
};

#else
#include "op/lp.inc.h"
#endif
