/* SPDX-License-Identifier: MIT */
/*
 * globalminpool: y[c] = min over the whole plane of channel c. The output stays a map of 1x1.
 * The gradient goes to the winner. minpool with a window as large as the map (Serra 1982).
 */
#ifndef FV_LOOPS
#include "op/pool.h"
#include "op/shapes.h"

#include <math.h>

static fv_status shape(fv_context *ctx, fv_site *site) {
    fv_shape maps;
    FV_TRY(fv__pool_maps(ctx, site, &maps));
    FV_TRY(fv__pool_counts(ctx, site));
    FV_TRY(fv__pool_gives(ctx, site, 1, 1));
    fv__site_saved(site, FV_I32, site->out[0]);
    return FV_OK;
}

static fv_pooling pooling(const fv_shape *in, const void *options) {
    (void)options;
    return fv__pooling_global(in);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_pooling g = pooling(&site->in[0], NULL);
    fv__pooling_cost(&g, cost);
}

#define FV_LOOPS "op/globalminpool.c"
#include "op/loops.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x2x1x1", "; 2x16x3x2", "; 2x3x7", NULL};

const fv_op fv__op_globalminpool = {
    .name = "globalminpool",
    .help = "the smallest value of each channel",
    .about = "y[c] = min over the whole plane of x[c]; the output is [1x1xchannels].\n"
             "Gradient: dy goes to the winner, the first among equals.\n"
             "minpool with a window as large as the map: Serra 1982, \"Image analysis and\n"
             "mathematical morphology\".",
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches_f64,
    .samples = samples,
};

#else

static bool LOOP(wins)(real v, real held) {
    return v < held;
}
#include "op/pick.inc.h"

#endif
