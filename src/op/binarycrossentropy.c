/* SPDX-License-Identifier: MIT */
/*
 * binarycrossentropy: y = 1/N * sum over the batch of the mean (with `average no` the sum) of
 *     -(t_c log p_c + (1 - t_c) log(1 - p_c)),
 * the loss of answers that are yes or no each on its own. It reads the numbers before sigmoid,
 * where nothing overflows, p = sigmoid(x): max(x, 0) - x t + log(1 + exp(-|x|)), gradient p - t; or
 * with `reads probabilities` p = x itself, whose logarithms are at least -100, so that one certain
 * and wrong answer does not make all infinite. Gradient: (x - t)/(x (1 - x)), and 0 for an x that
 * is not between 0 and 1. Hinton 1989, "Connectionist learning procedures", section 6.
 */
#include "op/numberloss.h"

#include <math.h>

enum { LOGITS, PROBABILITIES };
#define LOG_LEAST (-100.0)

typedef struct binary_options {
    fv_numberloss_options loss;
    int reads;
} binary_options;

static const char *const kinds[] = {"logits", "probabilities", NULL};

static const fv_field fields[] = {{"reads", "numbers before sigmoid, or probabilities", FV_CHOICE,
                                   offsetof(binary_options, reads), "logits", 0, 0, 0, kinds, NULL},
                                  FV_NUMBERLOSS_FIELDS("vector", "yes"),
                                  {0}};

static double limited_log(double p) {
    if (p <= 0) return LOG_LEAST;
    if (p >= 1) return 0;
    return log(p) < LOG_LEAST ? LOG_LEAST : log(p);
}

static double value(const void *options, double x, double t) {
    const binary_options *o = options;
    if (o->reads == PROBABILITIES) return -(t * limited_log(x) + (1 - t) * limited_log(1 - x));
    return (x > 0 ? x : 0) - x * t + log1p(exp(-fabs(x)));
}

static double slope(const void *options, double x, double t) {
    const binary_options *o = options;
    if (o->reads == PROBABILITIES) return x <= 0 || x >= 1 ? 0 : (x - t) / (x * (1 - x));
    return 1 / (1 + exp(-x)) - t;
}

/* Of probabilities: below, above, between; near the ends, where the logarithm bends so fast that
   differences say nothing, every place is a piece of its own. */
static int piece(const void *options, double x, double t) {
    const binary_options *o = options;
    (void)t;
    if (o->reads == LOGITS) return 0;
    if (x <= 0 || x >= 1) return x <= 0 ? -2 : -1;
    return x < 0.08 || x > 0.92 ? 1 + (int)(x * 1e6) : 0;
}

static uint64_t branches(const fv_pass *p) {
    return fv__numberloss_branches(p, piece);
}

#include "op/numberloss.inc.h"

static const char *const samples[] = {"; 4x5",
                                      "average no ; 1x2x3x3",
                                      "reads probabilities ; positive 4x3",
                                      "reads probabilities target class average no ; positive 3x4",
                                      "target class ; 3x5",
                                      NULL};

const fv_op fv__op_binarycrossentropy = {
    .name = "binarycrossentropy",
    .help = "loss: -log of the probability given to each right yes or no",
    .about =
        "y = mean over the batch of the mean of -(t_c*log p_c + (1 - t_c)*log(1 - p_c)), the\n"
        "target t being numbers 0 ... 1 of the data set, or with `target class` 1 at the label "
        "and\n"
        "0 elsewhere. Reads the numbers before sigmoid, p = sigmoid(x), as PyTorch's\n"
        "BCEWithLogitsLoss with the reduction mean; with `reads probabilities` p = x, logarithms\n"
        "being at least -100, as its BCELoss. With `average no` the numbers of a sample are added\n"
        "up and the samples averaged. Gradient: sigmoid(x) - t, of probabilities (x - t)/(x(1 - "
        "x))\n"
        "and 0 at 0 and 1. Hinton 1989, \"Connectionist learning procedures\".",
    .inputs_min = 2,
    .inputs_max = 2,
    .takes_others = FV_NUMBERLOSS_TAKES,
    .traits = FV_LOSS | FV_KEEP_X,
    .options_size = sizeof(binary_options),
    .fields = fields,
    .shape = fv__numberloss_shape,
    .target = fv__numberloss_target,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};
