/* SPDX-License-Identifier: MIT */
/*
 * layernorm: the numbers of a sample, or of its last dimensions, together:
 * xhat = (x - mean)/sqrt(variance + epsilon), y = weight xhat + bias, weight and bias of the shape
 * of what is normalised. Ba, Kiros & Hinton 2016.
 */
#ifndef FV_LOOPS
#include "op/norm.h"
#include "op/shapes.h"

typedef struct fv_layernorm_options {
    int64_t axis;
    fv_norm_options norm;
} fv_layernorm_options;

static const fv_field fields[] = {
    {"axis", "the first of the dimensions that are normalised; negative: from the end", FV_INT,
     offsetof(fv_layernorm_options, axis), "1", -FV_RANK_MAX, FV_RANK_MAX - 1, 0, NULL, "axis"},
    FV_NORM_FIELDS(fv_layernorm_options, norm),
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_layernorm_options *o = site->options;
    int axis;
    FV_TRY(fv__shape_inputs(ctx, site));
    FV_TRY(fv__norm_axis(ctx, site, o->axis, &axis));
    fv_shape weights = {.rank = site->in[0].rank - axis};
    for (int d = 0; d < weights.rank; d++) weights.dim[d] = site->in[0].dim[axis + d];
    return fv__norm_shape(ctx, site, &o->norm, &weights);
}

fv_norm fv__layernorm_runs(const fv_shape *in, const void *options) {
    const fv_layernorm_options *o = options;
    const int axis = (int)(o->axis < 0 ? o->axis + in->rank : o->axis);
    fv_norm g = fv__norm_along(in, ~0u << axis);
    g.weights = g.length;
    g.epsilon = o->norm.epsilon;
    g.scale = fv__norm_root;
    return g;
}
static fv_norm_runs_fn *const runs_of = fv__layernorm_runs;

static fv_status trains(fv_context *ctx, const fv_site *site) {
    return fv__norm_trains(ctx, site, runs_of(&site->in[0], site->options).length);
}

#define FV_LOOPS "op/layernorm.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x2x3",
                                      "axis -1 ; 2x3x7",
                                      "axis 2 epsilon 0.1 ; 1x3x2x4",
                                      "axis 1 affine no ; 3x8",
                                      "axis 0 ; constant 3x4",
                                      "axis 3 epsilon 1e-3 ; 1x2x2x2x3x2",
                                      NULL};

const fv_op fv__op_layernorm = {
    .name = "layernorm",
    .help = "layer normalisation: all numbers of a sample, or of its last dimensions",
    .about =
        "xhat = (x - mean)/sqrt(variance + epsilon), mean and variance over the dimensions\n"
        "from `axis` on (1: a whole sample; -1: the last alone); y = weight*xhat + bias, both\n"
        "of the shape of what is normalised. Gradient, with g = weight*dy:\n"
        "dx = (g - mean of g - xhat * mean of g*xhat)/sqrt(variance + epsilon).\n"
        "Ba, Kiros & Hinton 2016, \"Layer normalization\".",
    .onnx = "LayerNormalization",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_layernorm_options),
    .fields = fields,
    .shape = shape,
    .trains = trains,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else
#include "op/norm.inc.h"
#endif
