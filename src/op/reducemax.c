/* SPDX-License-Identifier: MIT */
/*
 * reducemax: y = the largest of the elements along some dimensions; dy goes to the first of those
 * that are. A NaN wins, so that it is seen where it arises.
 */
#include "op/reduce.h"

static inline void step(const void *options, fv_group *g, double x) {
    (void)options;
    if (g->count > 0 && !(x > g->most) && !isnan(x)) return;
    g->most = x;
    g->best = g->count;
}

static inline double end(const fv_group *g) {
    return g->most;
}

static inline double slope(const fv_group *g, double x, int64_t i) {
    (void)x;
    return i == g->best;
}

#define FV_PICKS
#include "op/reduce_loops.h"

static const char *const samples[] = {
    "1 ; 2x3x4",        "2,3 keep no ; 2x3x2x3",  "-1 ; 1x5",
    "; constant 3x4",   "1,-1 keep no ; 3x2x1x4", "1 keep no ; 2x7",
    "0 ; constant 3x4", "1 ; below 9 2x5x2",      NULL};

const fv_op fv__op_reducemax = {
    .name = "reducemax",
    .help = "the largest along some dimensions",
    .about = "y = the largest (a NaN wins). Gradient: dy to the winner, the first among equals.\n"
             "The elements x_i are those along `axes`, dimensions that become 1 or, with\n"
             "`keep no`, are gone. ONNX operator set 1, 2017.",
    .onnx = "ReduceMax",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .takes_first = FV_NUMBERS,
    .options_size = sizeof(fv_reduce_options),
    .fields = fv__reduce_fields,
    .shape = fv__shape_reduce,
    .cost = fv__cost_reduce,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};
