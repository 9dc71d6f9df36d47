/* SPDX-License-Identifier: MIT */
/*
 * lars: each parameter's step is a share of its own norm, whatever the size of its gradients:
 *     local = trust |w| / (|g| + decay |w|),  v = momentum v + lr local (g + decay w),  w -= v.
 * You, Gitman & Ginsburg 2017, algorithm 1. Biases and normalisations, which decay spares, have
 * local = 1, as is usual since, and so has a parameter that is 0 or has no gradient.
 */
#include "optim/lars.h"

static const fv_field fields[] = {
    {"momentum", "sgd, lars, rmsprop: share of the last step carried on", FV_REAL,
     offsetof(fv_lars_options, momentum), "0.9", 0, 0.999999, 0, NULL, NULL},
    {"trust", "lars: share of its norm that a parameter is changed by, for lr 1", FV_REAL,
     offsetof(fv_lars_options, trust), "0.001", 0, 1000, 0, NULL, NULL},
    {0}};

float fv__lars_rate(const fv_optim_step *step) {
    const fv_lars_options *o = step->options;
    const double w = step->weight_norm, g = step->gradient_norm;
    const double local = w > 0 && g > 0 ? o->trust * w / (g + step->decay * w) : 1;
    return (float)(step->lr * local);
}

static void update(const fv_optim_step *step, int64_t n, float *w, float *const *state,
                   const float *g) {
    const fv_lars_options *o = step->options;
    const float rate = fv__lars_rate(step), decay = (float)step->decay;
    const float momentum = (float)o->momentum;
    float *v = state[0];
    for (int64_t i = 0; i < n; i++) {
        v[i] = momentum * v[i] + rate * (g[i] + decay * w[i]);
        w[i] -= v[i];
    }
}

const fv_optimizer fv__optim_lars = {
    .name = "lars",
    .help = "steps in proportion to each layer's weights, for large batches",
    .about =
        "local = trust*|w|/(|g| + decay*|w|), with the norms of all weights and gradients of a\n"
        "parameter (conv1.weight); v = momentum*v + lr*local*(g + decay*w), w -= v. Biases and\n"
        "normalisations have local = 1 unless decay_all=yes. With trust=0.001 rates are large:\n"
        "lr=1 and more, with warmup. You, Gitman & Ginsburg 2017, \"Large batch training of\n"
        "convolutional networks\", algorithm 1.",
    .options_size = sizeof(fv_lars_options),
    .fields = fields,
    .state_names = {"velocity"},
    .norms = true,
    .update = update,
};
