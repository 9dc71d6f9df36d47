/* SPDX-License-Identifier: MIT */
/*
 * adamw: w -= lr decay w, and then adam's step from the gradient alone: the decay is not divided by
 * the size of the gradients. Loshchilov & Hutter 2019, algorithm 2, with its schedule multiplier in
 * lr, as PyTorch does.
 */
#include "optim/adam.h"

static void update(const fv_optim_step *step, int64_t n, float *w, float *const *state,
                   const float *g) {
    fv_optim_step plain = *step;
    const float keep = fv__adamw_keep(step);
    plain.decay = 0;
    for (int64_t i = 0; i < n; i++) w[i] *= keep;
    fv__optim_adam.update(&plain, n, w, state, g);
}

const fv_optimizer fv__optim_adamw = {
    .name = "adamw",
    .help = "adam with a weight decay that is no part of the gradient",
    .about = "w -= lr*decay*w, then m = beta1*m + (1 - beta1)*g, v = beta2*v + (1 - beta2)*g^2,\n"
             "w -= lr * m/(1 - beta1^t) / (sqrt(v/(1 - beta2^t)) + epsilon). Without decay it is\n"
             "adam; decay=0.01 is a usual one. Loshchilov & Hutter 2019, \"Decoupled weight decay\n"
             "regularization\", algorithm 2.",
    .options_size = sizeof(fv_adam_options),
    .fields = fv__adam_fields,
    .state_names = {"mean", "square"},
    .update = update,
};
