/* SPDX-License-Identifier: MIT */
/*
 * lms: w += lr (t - y) x, with what a linear unit should give, t, and what it gives, y. The loss
 * squarederror has the gradient (y - t) x behind one layer, so that it is w -= lr g. Widrow & Hoff
 * 1960.
 */
#include "optim/downhill.h"

static const fv_field fields[] = {{0}};

const fv_optimizer fv__optim_lms = {
    .name = "lms",
    .help = "least mean squares, the delta rule for one layer of linear units",
    .about = "w += lr*(t - y)*x, with what a unit should give, t, and the sum that it gives, y,\n"
             "before any threshold. For a network of one layer (fc or conv) with the loss\n"
             "squarederror, which this choice sets; w -= lr*g, g being that loss's gradient.\n"
             "batch=1 is the rule as published, sample by sample.\n"
             "Widrow & Hoff 1960, \"Adaptive switching circuits\".",
    .fields = fields,
    .loss = "squarederror",
    .update = fv__optim_downhill,
};
