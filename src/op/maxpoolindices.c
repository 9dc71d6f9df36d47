/* SPDX-License-Identifier: MIT */
/*
 * maxpoolindices: maxpool with a second output, the winners' places in their channel's plane,
 * row * width + column, which maxunpool reads. Zeiler, Taylor & Fergus 2011, where they are called
 * switches. An operator beside maxpool, which writes one output and no more.
 */
#ifndef FV_LOOPS
#include "op/pool.h"
#include "op/shapes.h"

#include <math.h>

static const fv_field fields[] = {FV_POOL_FIELDS(0, FV_PAD_NEVER_WINS), {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__pool_shape(ctx, site, site->options));
    FV_TRY(fv__pool_counts(ctx, site));
    fv__site_saved(site, FV_I32, site->out[0]);
    site->outputs = 2;
    site->out[1] = site->out[0];
    site->out_type[1] = (fv_type){FV_I32, site->in_type[0].batched};
    return FV_OK;
}

static fv_pooling pooling(const fv_shape *in, const void *options) {
    return fv__pooling(in, options);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_pooling g = pooling(&site->in[0], site->options);
    fv__pooling_cost(&g, cost);
}

#define FV_LOOPS "op/maxpoolindices.c"
#include "op/loops.h"

static const char *const samples[] = {"2 ; 2x3x4x6",
                                      "3x3 stride 2 pad 1 ; 2x2x5x4",
                                      "3x3 stride 2 ceil ; 1x2x6x8",
                                      "2x3 stride 1x2 pad 1,0,1,2 ; 2x2x4x5",
                                      "3 stride 2 dilation 2 pad 2 ; 1x2x7x6",
                                      "1x3 stride 2 ; 2x3x8",
                                      NULL};

const fv_op fv__op_maxpoolindices = {
    .name = "maxpoolindices",
    .help = "maxpool that also says where each largest value stood",
    .about =
        "The first output is maxpool's. The second holds whole numbers: the winner's place in\n"
        "its channel's plane, row*width + column (PyTorch's return_indices; ONNX counts over\n"
        "the whole tensor). maxunpool reads it. Gradient: dy goes to the winner, the first\n"
        "among equals. Zeiler, Taylor & Fergus 2011, \"Adaptive deconvolutional networks for\n"
        "mid and high level feature learning\".",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 2,
    .options_size = sizeof(fv_maxpool_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches_f64,
    .samples = samples,
};

#else

static bool LOOP(wins)(real v, real held) {
    return v > held;
}
#include "op/pick.inc.h"

#endif
