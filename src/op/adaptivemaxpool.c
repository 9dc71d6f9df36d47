/* SPDX-License-Identifier: MIT */
/*
 * adaptivemaxpool: the largest value in each of as many windows as are asked for: on an axis of i
 * pixels window o of n reaches from floor(o i/n) to ceil((o + 1) i/n). The gradient goes to the
 * winner, the first in reading order among equals. Windows: PyTorch 2017; the idea: He, Zhang, Ren
 * & Sun 2014, section 2.2.
 */
#ifndef FV_LOOPS
#include "op/pool.h"
#include "op/shapes.h"

#include <math.h>

typedef struct fv_adaptivemaxpool_options {
    fv_size output;
} fv_adaptivemaxpool_options;

static const fv_field fields[] = {{"output", "height x width of what comes out, pixels", FV_SIZE,
                                   offsetof(fv_adaptivemaxpool_options, output), NULL, 1, 1e6,
                                   FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_adaptivemaxpool_options *o = site->options;
    FV_TRY(fv__adaptive_shape(ctx, site, o->output));
    FV_TRY(fv__pool_counts(ctx, site));
    fv__site_saved(site, FV_I32, site->out[0]);
    return FV_OK;
}

static fv_pooling pooling(const fv_shape *in, const void *options) {
    return fv__pooling_adaptive(in, ((const fv_adaptivemaxpool_options *)options)->output);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_pooling g = pooling(&site->in[0], site->options);
    fv__pooling_cost(&g, cost);
}

#define FV_LOOPS "op/adaptivemaxpool.c"
#include "op/loops.h"

static const char *const samples[] = {"3 ; 2x3x4x6", "2x3 ; 2x2x7x5", "5 ; 1x2x3x4",
                                      "1 ; 3x2x2x3", "1x4 ; 2x3x7",   NULL};

const fv_op fv__op_adaptivemaxpool = {
    .name = "adaptivemaxpool",
    .help = "the largest value in each of a given number of windows",
    .about =
        "On an axis of i pixels window o of n reaches from floor(o*i/n) to ceil((o + 1)*i/n),\n"
        "so that n windows cover a map of any size; y is the largest value in each. Gradient:\n"
        "dy goes to the winner, the first among equals. Windows as in PyTorch; He, Zhang, Ren\n"
        "& Sun 2014, \"Spatial pyramid pooling in deep convolutional networks\".",
    .inputs_min = 1,
    .inputs_max = 1,
    .options_size = sizeof(fv_adaptivemaxpool_options),
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
