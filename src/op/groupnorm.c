/* SPDX-License-Identifier: MIT */
/*
 * groupnorm: the channels of a sample in groups: xhat = (x - mean)/sqrt(variance + epsilon) with
 * mean and variance over a group's maps, y = weight xhat + bias, weight and bias per channel.
 * Wu & He 2018.
 */
#ifndef FV_LOOPS
#include "op/norm.h"
#include "op/shapes.h"

#include <inttypes.h>

typedef struct fv_groupnorm_options {
    int64_t groups;
    fv_norm_options norm;
} fv_groupnorm_options;

static const fv_field fields[] = {{"groups", "into how many groups the channels are split", FV_INT,
                                   offsetof(fv_groupnorm_options, groups), NULL, 1, 1e6,
                                   FV_POSITIONAL | FV_REQUIRED, NULL, "num_groups"},
                                  FV_NORM_FIELDS(fv_groupnorm_options, norm),
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_groupnorm_options *o = site->options;
    FV_TRY(fv__shape_inputs(ctx, site));
    if (site->in[0].rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT, "groupnorm reads a map or a vector, not single numbers");
    const int64_t channels = site->in[0].dim[1];
    if (o->groups < 1 || channels % o->groups != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "groups %" PRId64 " does not divide the %" PRId64 " channels of groupnorm",
                        o->groups, channels);
    const fv_shape weights = fv__shape1(channels);
    return fv__norm_shape(ctx, site, &o->norm, &weights);
}

fv_norm fv__groupnorm_runs(const fv_shape *in, const void *options) {
    const fv_groupnorm_options *o = options;
    const int64_t size = fv__shape_sample(in);
    const fv_shape groups = {3, {in->dim[0], o->groups, size / o->groups}};
    fv_norm g = fv__norm_along(&groups, 1u << 2);
    g.repeat = size / in->dim[1];
    g.weights = in->dim[1];
    g.epsilon = o->norm.epsilon;
    g.scale = fv__norm_root;
    return g;
}
static fv_norm_runs_fn *const runs_of = fv__groupnorm_runs;

static fv_status trains(fv_context *ctx, const fv_site *site) {
    return fv__norm_trains(ctx, site, runs_of(&site->in[0], site->options).length);
}

#define FV_LOOPS "op/groupnorm.c"
#include "op/loops.h"

static const char *const samples[] = {"2 ; 2x4x2x3",   "1 epsilon 0.1 ; 3x6",
                                      "3 ; 1x3x3x4",   "2 affine no epsilon 1e-3 ; 2x6x5",
                                      "1 ; 2x3x2x2x2", NULL};

const fv_op fv__op_groupnorm = {
    .name = "groupnorm",
    .help = "group normalisation: groups of channels of every sample by themselves",
    .about = "Per group of channels and sample: xhat = (x - mean)/sqrt(variance + epsilon), mean\n"
             "and variance over the maps of the group; y = weight*xhat + bias, a weight and a\n"
             "bias per channel. The batch plays no part, in training as in inference. With as\n"
             "many groups as channels it is instancenorm. Gradient, with g = weight*dy:\n"
             "dx = (g - mean of g - xhat * mean of g*xhat)/sqrt(variance + epsilon).\n"
             "Wu & He 2018, \"Group normalization\".",
    .onnx = "GroupNormalization",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_groupnorm_options),
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
