/* SPDX-License-Identifier: MIT */
/*
 * rmsprop: s = rho s + (1 - rho) g^2, d = g/(sqrt(s) + epsilon), v = momentum v + d, w -= lr v.
 * Tieleman & Hinton 2012, lecture 6.5, with PyTorch's options: centered takes off the square of the
 * mean m = rho m + (1 - rho) g, so that d = g/(sqrt(s - m^2) + epsilon), Graves 2013, eq. 38 to 41.
 * What rounding leaves below zero there counts as zero.
 */
#include "optim/rmsprop.h"

#include <math.h>

static const fv_field fields[] = {
    {"rho", "adadelta, rmsprop: decay of the means of squares", FV_REAL,
     offsetof(fv_rmsprop_options, rho), "0.99", 0, 0.999999, 0, NULL, NULL},
    {"epsilon", "keeps a division from zero", FV_REAL, offsetof(fv_rmsprop_options, epsilon),
     "1e-8", 1e-30, 1, 0, NULL, NULL},
    {"momentum", "sgd, lars, rmsprop: share of the last step carried on", FV_REAL,
     offsetof(fv_rmsprop_options, momentum), "0", 0, 0.999999, 0, NULL, NULL},
    {"centered", "rmsprop: divide by the deviation of the gradients", FV_BOOL,
     offsetof(fv_rmsprop_options, centered), "no", 0, 0, 0, NULL, NULL},
    {0}};

/* The mean comes last, so what is centered has a velocity, with a momentum of 0 too. */
static int states(const void *options) {
    const fv_rmsprop_options *o = options;
    return o->centered ? 3 : o->momentum > 0 ? 2 : 1;
}

static void update(const fv_optim_step *step, int64_t n, float *w, float *const *state,
                   const float *g) {
    const fv_rmsprop_options *o = step->options;
    const float lr = (float)step->lr, decay = (float)step->decay, epsilon = (float)o->epsilon;
    const float rho = (float)o->rho, momentum = (float)o->momentum;
    float *square = state[0], *v = momentum > 0 ? state[1] : NULL;
    float *mean = o->centered ? state[2] : NULL;
    for (int64_t i = 0; i < n; i++) {
        float d = g[i] + decay * w[i];
        square[i] = rho * square[i] + (1 - rho) * d * d;
        float s = square[i];
        if (mean) {
            mean[i] = rho * mean[i] + (1 - rho) * d;
            s = fmaxf(s - mean[i] * mean[i], 0);
        }
        d /= sqrtf(s) + epsilon;
        if (v) d = v[i] = momentum * v[i] + d;
        w[i] -= lr * d;
    }
}

const fv_optimizer fv__optim_rmsprop = {
    .name = "rmsprop",
    .help = "divides the rate of each weight by the size of its recent gradients",
    .about =
        "s = rho*s + (1 - rho)*g^2, d = g/(sqrt(s) + epsilon), v = momentum*v + d,\n"
        "w -= lr*v; with centered m = rho*m + (1 - rho)*g and d = g/(sqrt(s - m^2) + epsilon).\n"
        "Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013.",
    .options_size = sizeof(fv_rmsprop_options),
    .fields = fields,
    .state_names = {"square", "velocity", "mean"},
    .states = states,
    .update = update,
};
