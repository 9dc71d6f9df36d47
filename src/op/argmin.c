/* SPDX-License-Identifier: MIT */
/*
 * argmin: y = where along a dimension x is smallest: the place of the first among equals, or of
 * the last. A NaN wins.
 */
#include "op/reduce.h"

static inline void step(const void *options, fv_group *g, double x) {
    const fv_pick_options *o = options;
    const bool wins = x < g->most || (o->last && x == g->most);
    if (g->count > 0 && !wins && !(isnan(x) && !isnan(g->most))) return;
    g->most = x;
    g->best = g->count;
}

static inline double end(const fv_group *g) {
    return (double)g->best;
}

#define FV_FLAT
#define AXES_OF(options) ((fv_ints){1, {((const fv_pick_options *)(options))->axis}})
#include "op/reduce_loops.h"

static const char *const samples[] = {"; 2x3x4",
                                      "-1 keep no ; 2x3x5",
                                      "1 ; below 3 2x5x2",
                                      "last ; below 3 2x7",
                                      "0 keep no ; constant 4x3",
                                      "2 last keep no ; 1x2x3x2",
                                      NULL};

const fv_op fv__op_argmin = {
    .name = "argmin",
    .help = "where along a dimension x is smallest",
    .about = "y = the place along `axis` where x is smallest, counted from 0: the first among\n"
             "equals, or with `last` the last. A NaN wins. The dimension becomes 1, or is gone\n"
             "with `keep no`. Has no gradient. ONNX operator set 1, 2017.",
    .onnx = "ArgMin",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_NUMBERS,
    .options_size = sizeof(fv_pick_options),
    .fields = fv__pick_fields,
    .shape = fv__shape_pick,
    .cost = fv__cost_pick,
    .forward = {forward_f32, forward_f64},
    .samples = samples,
};
