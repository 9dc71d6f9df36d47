/* SPDX-License-Identifier: MIT */
/*
 * perceptron: w += lr (t - s) x, with what a threshold unit should say, t, and what it says, s. The
 * loss perceptron has the gradient (s - t) x behind one layer, so that it is w -= lr g. Rosenblatt
 * 1958.
 */
#include "optim/downhill.h"

static const fv_field fields[] = {{0}};

const fv_optimizer fv__optim_perceptron = {
    .name = "perceptron",
    .help = "Rosenblatt's rule for one layer of threshold units",
    .about =
        "w += lr*(t - s)*x, with what a unit should say, t, and what it says, s = 1 where its\n"
        "sum is above 0 and 0 elsewhere: weights change where the answer was wrong. For a\n"
        "network of one layer (fc or conv) with the loss perceptron, which this choice sets;\n"
        "w -= lr*g, g being that loss's gradient. batch=1 is the rule as published, sample by\n"
        "sample. Rosenblatt 1958, \"The perceptron\".",
    .fields = fields,
    .loss = "perceptron",
    .update = fv__optim_downhill,
};
