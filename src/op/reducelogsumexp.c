/* SPDX-License-Identifier: MIT */
/*
 * reducelogsumexp: y = log(sum of exp(x)) along some dimensions; dx = dy exp(x - y). The largest x
 * so far is taken out of the sum, so that nothing overflows: log(sum exp(x)) = m + log(sum
 * exp(x - m)).
 */
#include "op/reduce.h"

static inline void step(const void *options, fv_group *g, double x) {
    (void)options;
    if (g->count > 0 && !(x > g->most)) {
        g->sum += x == g->most ? 1 : exp(x - g->most);
        return;
    }
    g->sum = g->count > 0 ? g->sum * exp(g->most - x) + 1 : 1;
    g->most = x;
}

static inline double end(const fv_group *g) {
    return g->most + log(g->sum);
}

static inline double slope(const fv_group *g, double x, int64_t i) {
    (void)i;
    return exp(x - end(g));
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

const fv_op fv__op_reducelogsumexp = {
    .name = "reducelogsumexp",
    .help = "log(sum of exp(x)) along some dimensions",
    .about = "y = log(exp(x_1) + exp(x_2) + ...). Gradient: dx_i = dy*exp(x_i - y).\n"
             "The elements x_i are those along `axes`, dimensions that become 1 or, with\n"
             "`keep no`, are gone. ONNX operator set 1, 2017.",
    .onnx = "ReduceLogSumExp",
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
