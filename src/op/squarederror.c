/* SPDX-License-Identifier: MIT */
/*
 * squarederror: y = 1/N * sum over the batch of 1/2 sum of (x_c - t_c)^2. The target t is 1 at the
 * label and 0 elsewhere (or `other`), or with `target vector` a vector of numbers. Gradient: dx =
 * (x - t)/N * dy. N is the number of samples of the whole batch. Rumelhart, Hinton & Williams 1986,
 * equation 3.
 */
#include "op/numberloss.h"

static const fv_field fields[] = {FV_NUMBERLOSS_FIELDS("class", "no"),
                                  {"other", "what x should come to at classes other than the label",
                                   FV_REAL, offsetof(fv_numberloss_options, other), "0", -1e6, 1e6,
                                   0, NULL, NULL},
                                  {0}};

static double value(const void *options, double x, double t) {
    (void)options;
    return (x - t) * (x - t) / 2;
}

static double slope(const void *options, double x, double t) {
    (void)options;
    return x - t;
}

#include "op/numberloss.inc.h"

static const char *const samples[] = {"; 4x5",
                                      "; 3x10x1x1",
                                      "other -1 ; 2x4",
                                      "target vector ; 4x5",
                                      "target vector average ; 2x2x3x3",
                                      NULL};

const fv_op fv__op_squarederror = {
    .name = "squarederror",
    .help = "loss: half the squared distance to the target",
    .about = "y = mean over the batch of 1/2 * sum of (x_c - t_c)^2, the target t being 1 at the\n"
             "label and 0 elsewhere, or with `target vector` numbers of the data set; `other -1` "
             "is for\n"
             "units that end with a tanh: +1 at the label and -1 elsewhere. A label outside\n"
             "0 ... classes - 1 gives a loss that is no number. Gradient: dx = (x - t)/N * dy.\n"
             "PyTorch's MSELoss is twice that of `average`.\n"
             "Rumelhart, Hinton & Williams 1986, equation 3.",
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
    .samples = samples,
};
