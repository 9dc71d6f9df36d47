/* SPDX-License-Identifier: MIT */
/*
 * reducel1: y = the sum of |x| along some dimensions; dx = dy sign(x), 0 at 0.
 */
#include "op/reduce.h"

static inline void step(const void *options, fv_group *g, double x) {
    (void)options;
    g->sum += fabs(x);
}

static inline double end(const fv_group *g) {
    return g->sum;
}

static inline double slope(const fv_group *g, double x, int64_t i) {
    (void)g;
    (void)i;
    return (x > 0) - (x < 0);
}

#include "op/reduce_loops.h"

static const char *const samples[] = {"1 ; 2x3x4",
                                      "2,3 keep no ; 2x3x2x3",
                                      "-1 ; 1x5",
                                      "; constant 3x4",
                                      "1,-1 keep no ; 3x2x1x4",
                                      "1 keep no ; 2x7",
                                      "0 ; constant 3x4",
                                      NULL};

const fv_op fv__op_reducel1 = {
    .name = "reducel1",
    .help = "the sum of |x| along some dimensions",
    .about = "y = |x_1| + |x_2| + .... Gradient: dx_i = dy*sign(x_i).\n"
             "The elements x_i are those along `axes`, dimensions that become 1 or, with\n"
             "`keep no`, are gone. ONNX operator set 1, 2017.",
    .onnx = "ReduceL1",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_reduce_options),
    .fields = fv__reduce_fields,
    .shape = fv__shape_reduce,
    .cost = fv__cost_reduce,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = fv__branches_sign,
    .samples = samples,
};
