/* SPDX-License-Identifier: MIT */
/*
 * absoluteerror: y = 1/N * sum over the batch of the mean of |x_c - t_c|, or with `average no` of
 * their sum. Gradient: the sign of x - t, divided as y is, times dy; 0 where they agree. Least
 * absolute deviations: Laplace 1793; in networks: Hanson & Burr 1988, "Minkowski-r
 * back-propagation", with r = 1.
 */
#include "op/numberloss.h"

#include <math.h>

static const fv_field fields[] = {FV_NUMBERLOSS_FIELDS("vector", "yes"), {0}};

static double value(const void *options, double x, double t) {
    (void)options;
    return fabs(x - t);
}

static double slope(const void *options, double x, double t) {
    (void)options;
    return x > t ? 1 : x < t ? -1 : x - t; /* NaN stays what it is */
}

static int piece(const void *options, double x, double t) {
    (void)options;
    return x > t ? 1 : x < t ? -1 : 0;
}

static uint64_t branches(const fv_pass *p) {
    return fv__numberloss_branches(p, piece);
}

#include "op/numberloss.inc.h"

static const char *const samples[] = {"; 4x5", "; 1x2x3x3", "average no ; 3x4",
                                      "target class ; 3x5", NULL};

const fv_op fv__op_absoluteerror = {
    .name = "absoluteerror",
    .help = "loss: the distance to the target, number by number (L1)",
    .about =
        "y = mean over the batch of the mean of |x_c - t_c|, the target t being numbers of the\n"
        "data set, or with `target class` 1 at the label and 0 elsewhere. As PyTorch's L1Loss "
        "with\n"
        "the reduction mean; with `average no` the numbers of a sample are added up and the\n"
        "samples averaged. Gradient: the sign of x - t, divided likewise, times dy.\n"
        "Hanson & Burr 1988, \"Minkowski-r back-propagation\", with r = 1.",
    .inputs_min = 2,
    .inputs_max = 2,
    .takes_others = FV_NUMBERLOSS_TAKES,
    .traits = FV_LOSS | FV_KEEP_X,
    .options_size = sizeof(fv_numberloss_options),
    .fields = fields,
    .shape = fv__numberloss_shape,
    .target = fv__numberloss_target,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};
