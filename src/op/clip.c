/* SPDX-License-Identifier: MIT */
/*
 * clip: y = x, held between min and max; dx = dy where min < y < max. `clip 0 6` is relu6
 * (Krizhevsky 2010). Where min is the larger, y is max, as in ONNX.
 */
#ifndef FV_LOOPS
#include "op/activation_options.h"
#include "op/shapes.h"

#include <float.h>
#include <math.h>

#define LARGEST "3.4028234663852886e38" /* float's, so that it holds nothing back */

static const fv_field fields[] = {{"min", "the least y", FV_REAL, offsetof(fv_clip_options, min),
                                   "-" LARGEST, -FLT_MAX, FLT_MAX, FV_POSITIONAL, NULL, "min"},
                                  {"max", "the largest y", FV_REAL, offsetof(fv_clip_options, max),
                                   LARGEST, -FLT_MAX, FLT_MAX, FV_POSITIONAL, NULL, "max"},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_clip_options *o = site->options;
    if (isnan(o->min) || isnan(o->max))
        return fv__fail(ctx, FV_BAD_INPUT, "min and max must be numbers, not %g and %g", o->min,
                        o->max);
    return fv__shape_same(ctx, site);
}

#define FV_LOOPS "op/clip.c"
#include "op/pointwise.h"

static uint64_t branches(const fv_pass *p) {
    const fv_clip_options *o = p->options;
    return fv__branches_at(p, o->min, o->max);
}

static const char *const samples[] = {"-0.5 0.5 ; 2x3x4x5", "0 6 ; 3x7", "max 0.25 ; 1x2x3x1x3",
                                      "min -0.25 ; 2x9",    "; 2x5",     NULL};

const fv_op fv__op_clip = {
    .name = "clip",
    .help = "y = x, held between min and max; `clip 0 6` is relu6",
    .about = "y = min(max(x, min), max); a bound that is not given holds nothing back.\n"
             "Gradient: dx = dy where min < x < max, otherwise 0.\n"
             "`clip 0 6` is relu6: Krizhevsky 2010, \"Convolutional deep belief networks on\n"
             "CIFAR-10\"; Sandler et al. 2018, \"MobileNetV2\".",
    .onnx = "Clip",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_Y,
    .options_size = sizeof(fv_clip_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

/* Comparisons that are false for a NaN let it pass. */
static real LOOP(value)(const void *options, real x) {
    const fv_clip_options *o = options;
    const real min = (real)o->min, max = (real)o->max, least = x < min ? min : x;
    return least > max ? max : least;
}

static real LOOP(slope)(const void *options, real x, real y) {
    const fv_clip_options *o = options;
    (void)x;
    return y > (real)o->min && y < (real)o->max ? 1 : 0;
}

#endif
