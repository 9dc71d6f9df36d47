/* SPDX-License-Identifier: MIT */
/*
 * adagrad: s += g^2, w -= lr g / (sqrt(s) + epsilon). Duchi, Hazan & Singer 2011, figure 1.
 */
#include "optim/adagrad.h"

#include <math.h>

static const fv_field fields[] = {{"epsilon", "keeps a division from zero", FV_REAL,
                                   offsetof(fv_adagrad_options, epsilon), "1e-10", 1e-30, 1, 0,
                                   NULL, NULL},
                                  {0}};

static void update(const fv_optim_step *step, int64_t n, float *w, float *const *state,
                   const float *g) {
    const fv_adagrad_options *o = step->options;
    const float lr = (float)step->lr, decay = (float)step->decay, epsilon = (float)o->epsilon;
    float *sum = state[0];
    for (int64_t i = 0; i < n; i++) {
        const float d = g[i] + decay * w[i];
        sum[i] += d * d;
        w[i] -= lr * (d / (sqrtf(sum[i]) + epsilon));
    }
}

const fv_optimizer fv__optim_adagrad = {
    .name = "adagrad",
    .help = "smaller steps for weights whose gradients have been large",
    .about = "s += g^2, w -= lr*g/(sqrt(s) + epsilon).\n"
             "Duchi, Hazan & Singer 2011, \"Adaptive subgradient methods\", figure 1.",
    .options_size = sizeof(fv_adagrad_options),
    .fields = fields,
    .state_names = {"sum"},
    .update = update,
};
