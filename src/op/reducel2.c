/* SPDX-License-Identifier: MIT */
/*
 * reducel2: y = the square root of the sum of x^2 along some dimensions; dx = dy x / y, 0 where y
 * is 0.
 */
#include "op/reduce.h"

static inline void step(const void *options, fv_group *g, double x) {
    (void)options;
    g->sum += x * x;
}

static inline double end(const fv_group *g) {
    return sqrt(g->sum);
}

static inline double slope(const fv_group *g, double x, int64_t i) {
    (void)i;
    return g->sum > 0 ? x / sqrt(g->sum) : 0;
}

#include "op/reduce_loops.h"

static const char *const samples[] = {"1 ; positive 2x3x4",
                                      "2,3 keep no ; positive 2x3x2x3",
                                      "-1 ; positive 1x5",
                                      "; constant positive 3x4",
                                      "1,-1 keep no ; positive 3x2x1x4",
                                      "1 keep no ; positive 2x7",
                                      "0 ; constant positive 3x4",
                                      NULL};

const fv_op fv__op_reducel2 = {
    .name = "reducel2",
    .help = "the root of the sum of x^2 along some dimensions",
    .about = "y = sqrt(x_1^2 + x_2^2 + ...). Gradient: dx_i = dy*x_i/y, 0 where y is 0.\n"
             "The elements x_i are those along `axes`, dimensions that become 1 or, with\n"
             "`keep no`, are gone. ONNX operator set 1, 2017.",
    .onnx = "ReduceL2",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_reduce_options),
    .fields = fv__reduce_fields,
    .shape = fv__shape_reduce,
    .cost = fv__cost_reduce,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};
