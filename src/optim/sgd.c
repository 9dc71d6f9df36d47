/* SPDX-License-Identifier: MIT */
/*
 * sgd: v = momentum v + g, w -= lr v, with v = g in the first step; Nesterov: w -= lr (g + momentum
 * v). g has the weight decay added. As PyTorch does; Sutskever, Martens, Dahl & Hinton 2013.
 */
#include "optim/sgd.h"

static const fv_field fields[] = {
    {"momentum", "sgd, lars, rmsprop: share of the last step carried on", FV_REAL,
     offsetof(fv_sgd_options, momentum), "0.9", 0, 0.999999, 0, NULL, NULL},
    {"nesterov", "sgd: look ahead along the momentum (Nesterov)", FV_BOOL,
     offsetof(fv_sgd_options, nesterov), "no", 0, 0, 0, NULL, NULL},
    {0}};

static int states(const void *options) {
    return ((const fv_sgd_options *)options)->momentum > 0 ? 1 : 0;
}

static void update(const fv_optim_step *step, int64_t n, float *w, float *const *state,
                   const float *g) {
    const fv_sgd_options *o = step->options;
    const float lr = (float)step->lr, decay = (float)step->decay, momentum = (float)o->momentum;
    float *v = momentum > 0 ? state[0] : NULL;
    for (int64_t i = 0; i < n; i++) {
        float d = g[i] + decay * w[i];
        if (v) {
            v[i] = momentum * v[i] + d;
            d = o->nesterov ? d + momentum * v[i] : v[i];
        }
        w[i] -= lr * d;
    }
}

const fv_optimizer fv__optim_sgd = {
    .name = "sgd",
    .help = "stochastic gradient descent, with momentum",
    .about = "v = momentum*v + g, w -= lr*v; with nesterov w -= lr*(g + momentum*v).\n"
             "Sutskever, Martens, Dahl & Hinton 2013.",
    .options_size = sizeof(fv_sgd_options),
    .fields = fields,
    .state_names = {"velocity"},
    .states = states,
    .update = update,
};
