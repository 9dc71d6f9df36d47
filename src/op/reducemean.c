/* SPDX-License-Identifier: MIT */
/*
 * reducemean: y = the mean of the elements along some dimensions; dx = dy / n.
 */
#include "op/reduce.h"

static inline void step(const void *options, fv_group *g, double x) {
    (void)options;
    g->sum += x;
}

static inline double end(const fv_group *g) {
    return g->sum / (double)g->count;
}

static inline double slope(const fv_group *g, double x, int64_t i) {
    (void)x;
    (void)i;
    return 1 / (double)g->count;
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

const fv_op fv__op_reducemean = {
    .name = "reducemean",
    .help = "the mean along some dimensions",
    .about = "y = (x_1 + ... + x_n)/n. Gradient: dx_i = dy/n.\n"
             "The elements x_i are those along `axes`, dimensions that become 1 or, with\n"
             "`keep no`, are gone. ONNX operator set 1, 2017.",
    .onnx = "ReduceMean",
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
