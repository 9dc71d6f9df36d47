/* SPDX-License-Identifier: MIT */
/*
 * instancenorm: every channel of every sample by itself: xhat = (x - mean)/sqrt(variance + epsilon)
 * with mean and variance over its map, y = weight xhat + bias, weight and bias per channel.
 * Ulyanov, Vedaldi & Lempitsky 2016.
 */
#ifndef FV_LOOPS
#include "op/norm.h"
#include "op/shapes.h"

typedef struct fv_instancenorm_options {
    fv_norm_options norm;
} fv_instancenorm_options;

static const fv_field fields[] = {FV_NORM_FIELDS(fv_instancenorm_options, norm), {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_instancenorm_options *o = site->options;
    char text[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_inputs(ctx, site));
    if (site->in[0].rank < 3)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "instancenorm normalises the map of every channel, but %s flows in; it "
                        "must stand before fc, flatten and the like",
                        fv__shape_text(text, &site->in[0]));
    const fv_shape channels = fv__shape1(site->in[0].dim[1]);
    return fv__norm_shape(ctx, site, &o->norm, &channels);
}

fv_norm fv__instancenorm_runs(const fv_shape *in, const void *options) {
    const fv_instancenorm_options *o = options;
    const int64_t channels = in->dim[1], pixels = fv__shape_sample(in) / channels;
    const fv_shape planes = {3, {in->dim[0], channels, pixels}};
    fv_norm g = fv__norm_along(&planes, 1u << 2);
    g.repeat = pixels;
    g.weights = channels;
    g.epsilon = o->norm.epsilon;
    g.scale = fv__norm_root;
    return g;
}
static fv_norm_runs_fn *const runs_of = fv__instancenorm_runs;

static fv_status trains(fv_context *ctx, const fv_site *site) {
    return fv__norm_trains(ctx, site, runs_of(&site->in[0], site->options).length);
}

#define FV_LOOPS "op/instancenorm.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x3x4", "epsilon 0.1 ; 3x2x7", "affine no ; 1x2x3x5",
                                      "epsilon 1e-3 ; 2x2x2x3x2", NULL};

const fv_op fv__op_instancenorm = {
    .name = "instancenorm",
    .help = "instance normalisation: every channel of every sample by itself",
    .about = "Per channel and sample: xhat = (x - mean)/sqrt(variance + epsilon), mean and\n"
             "variance over the channel's map; y = weight*xhat + bias, a weight and a bias per\n"
             "channel. The batch plays no part, in training as in inference. Gradient:\n"
             "dx = weight/sqrt(variance + epsilon) * (dy - mean of dy - xhat * mean of dy*xhat).\n"
             "Ulyanov, Vedaldi & Lempitsky 2016, \"Instance normalization: the missing ingredient\n"
             "for fast stylization\".",
    .onnx = "InstanceNormalization",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_instancenorm_options),
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
