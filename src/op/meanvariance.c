/* SPDX-License-Identifier: MIT */
/*
 * meanvariance: y = (x - mean)/(sigma + epsilon) with the mean and the standard deviation sigma
 * over some dimensions. What LeCun, Bottou, Orr & Mueller 1998, "Efficient backprop", section 4.3,
 * do to the inputs of a network.
 */
#ifndef FV_LOOPS
#include "op/norm.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <math.h>

typedef struct fv_meanvariance_options {
    fv_ints axes;
    double epsilon;
} fv_meanvariance_options;

static const fv_field fields[] = {
    {"axes", "dimensions over which mean and variance are taken; negative: from the end", FV_INTS,
     offsetof(fv_meanvariance_options, axes), "0,2,3", -FV_RANK_MAX, FV_RANK_MAX - 1, FV_POSITIONAL,
     NULL, "axes"},
    {"epsilon", "added to the standard deviation", FV_REAL,
     offsetof(fv_meanvariance_options, epsilon), "1e-9", 1e-12, 1, 0, NULL, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_meanvariance_options *o = site->options;
    unsigned seen = 0;
    FV_TRY(fv__shape_same(ctx, site));
    if (o->axes.count < 1 || o->axes.count > FV_LIST_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "meanvariance needs the axes it normalises along");
    for (int i = 0; i < o->axes.count; i++) {
        int axis;
        FV_TRY(fv__norm_axis(ctx, site, o->axes.v[i], &axis));
        if (seen >> axis & 1)
            return fv__fail(ctx, FV_BAD_INPUT, "meanvariance has axis %" PRId64 " twice",
                            o->axes.v[i]);
        seen |= 1u << axis;
    }
    if (!(o->epsilon > 0) || isinf(o->epsilon))
        return fv__fail(ctx, FV_BAD_INPUT, "epsilon must be larger than 0, not %g", o->epsilon);
    return FV_OK;
}

/* 1/(sigma + epsilon). Where all numbers are equal the slope, which is infinite, meets factors of
   0: 0 does. */
static double scale(double variance, double epsilon, double *slope) {
    const double sigma = sqrt(variance), s = 1 / (sigma + epsilon);
    *slope = sigma > 0 ? -s * s / (2 * sigma) : 0;
    return s;
}

fv_norm fv__meanvariance_runs(const fv_shape *in, const void *options) {
    const fv_meanvariance_options *o = options;
    unsigned axes = 0;
    for (int i = 0; i < o->axes.count; i++)
        axes |= 1u << (o->axes.v[i] < 0 ? o->axes.v[i] + in->rank : o->axes.v[i]);
    fv_norm g = fv__norm_along(in, axes);
    g.epsilon = o->epsilon;
    g.scale = scale;
    return g;
}
static fv_norm_runs_fn *const runs_of = fv__meanvariance_runs;

#define FV_LOOPS "op/meanvariance.c"
#include "op/loops.h"

/* On which side of its mean the first number of each run stands: of two numbers y jumps, or nearly
   so, where they change places. */
static uint64_t branches(const fv_pass *p) {
    const fv_norm g = runs_of(&p->x[0].shape, p->options);
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < g.samples; n++)
        for (int64_t r = 0; r < g.runs; r++) {
            const double *x = fv__sample(&p->x[0], n);
            double variance;
            x += fv__norm_at(&g.between, r);
            hash = fv__branches_add(hash, *x > mean_f64(&g, x, &variance));
        }
    return hash;
}

static const char *const samples[] = {"2,3 ; 2x3x3x4",
                                      "1 epsilon 0.1 ; 3x7",
                                      "1,-1 ; 2x3x2x4",
                                      "; constant 2x3x2x3",
                                      "-2 ; 1x2x7x3",
                                      "axes 3,1,4 ; 1x3x2x2x3",
                                      NULL};

const fv_op fv__op_meanvariance = {
    .name = "meanvariance",
    .help = "mean 0 and variance 1 along some dimensions",
    .about =
        "y = (x - mean)/(sigma + epsilon), the mean and the standard deviation sigma over the\n"
        "dimensions `axes`: 2,3 is every channel of every sample by itself, 1,2,3 a whole\n"
        "sample. 0, which stands first in ONNX's default, is the batch: only constants can\n"
        "be normalised along it; bn does it for what flows. Gradient, with xhat = (x - mean)/\n"
        "sigma: dx = (dy - mean of dy)/(sigma + epsilon) - xhat * mean of dy*(x - mean)/\n"
        "(sigma + epsilon)^2. LeCun, Bottou, Orr & Mueller 1998, \"Efficient backprop\".",
    .onnx = "MeanVarianceNormalization",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_meanvariance_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else
#include "op/norm.inc.h"
#endif
