/* SPDX-License-Identifier: MIT */
/*
 * reduceprod: y = the product of the elements along some dimensions; dx_i = dy times the product of
 * the others. Zeros are counted apart, so that nothing is divided by 0.
 */
#include "op/reduce.h"

static inline void step(const void *options, fv_group *g, double x) {
    (void)options;
    if (g->count == 0) g->sum = 1;
    if (x == 0)
        g->zeros++;
    else
        g->sum *= x;
}

static inline double end(const fv_group *g) {
    return g->zeros > 0 ? 0 * g->sum : g->sum;
}

static inline double slope(const fv_group *g, double x, int64_t i) {
    (void)i;
    if (g->zeros == 0) return g->sum / x;
    return g->zeros == 1 && x == 0 ? g->sum : 0;
}

#include "op/reduce_loops.h"

static const char *const samples[] = {"1 ; 2x3x4",
                                      "2,3 keep no ; 2x3x2x3",
                                      "-1 ; 1x5",
                                      "; constant positive 3x4",
                                      "1,-1 keep no ; 3x2x1x4",
                                      "1 keep no ; 2x7",
                                      "0 ; constant 3x4",
                                      NULL};

const fv_op fv__op_reduceprod = {
    .name = "reduceprod",
    .help = "the product along some dimensions",
    .about = "y = x_1*x_2*.... Gradient: dx_i = dy * the product of the others.\n"
             "The elements x_i are those along `axes`, dimensions that become 1 or, with\n"
             "`keep no`, are gone. ONNX operator set 1, 2017.",
    .onnx = "ReduceProd",
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
