/* SPDX-License-Identifier: MIT */
/*
 * perceptron: y = 1/N * sum over the batch of the sum of (s_c - t_c) x_c, where s_c is what unit c
 * says, 1 where x_c > 0 and 0 elsewhere, and t_c what it should say, 1 at the label and 0
 * elsewhere, or with `target vector` zeros and ones of the data set. A right answer costs nothing,
 * a wrong one its distance from the threshold (the perceptron criterion; Duda & Hart 1973,
 * section 5.5). Gradient: dx = (s - t)/N * dy, so that a step of plain descent behind one layer is
 * Rosenblatt's rule w += a (t - s) x (1958; 1962, chapter 5).
 */
#include "op/numberloss.h"

static const fv_field fields[] = {FV_NUMBERLOSS_FIELDS("class", "no"), {0}};

static double slope(const void *options, double x, double t) {
    (void)options;
    return (x > 0 ? 1 : 0) - t;
}

static double value(const void *options, double x, double t) {
    return slope(options, x, t) * x;
}

static int piece(const void *options, double x, double t) {
    (void)options, (void)t;
    return x > 0;
}

static uint64_t branches(const fv_pass *p) {
    return fv__numberloss_branches(p, piece);
}

#include "op/numberloss.inc.h"

static const char *const samples[] = {"; 4x5", "target vector ; 4x5", "target vector ; 1x1",
                                      "average ; 3x6x1x1", NULL};

const fv_op fv__op_perceptron = {
    .name = "perceptron",
    .help = "loss: how far wrong answers of threshold units are from the threshold",
    .about =
        "y = mean over the batch of the sum of (s_c - t_c)*x_c: unit c says s_c = 1 where x_c > 0\n"
        "and 0 elsewhere, and should say t_c, 1 at the label and 0 elsewhere, or with `target\n"
        "vector` zeros and ones of the data set. Gradient: dx = (s - t)/N * dy; behind one layer\n"
        "a step of plain descent is Rosenblatt's rule w += lr*(t - s)*x, one sample at a time "
        "with\n"
        "batch=1 (optimizer=perceptron). `average` divides by the number of units.\n"
        "Rosenblatt 1958, \"The perceptron\"; Duda & Hart 1973, section 5.5.",
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
