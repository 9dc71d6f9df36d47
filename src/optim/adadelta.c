/* SPDX-License-Identifier: MIT */
/*
 * adadelta: s = rho s + (1 - rho) g^2, d = sqrt(u + epsilon)/sqrt(s + epsilon) g,
 * u = rho u + (1 - rho) d^2, w -= lr d. Zeiler 2012, algorithm 1, times lr.
 */
#include "optim/adadelta.h"

#include <math.h>

static const fv_field fields[] = {
    {"rho", "adadelta, rmsprop: decay of the means of squares", FV_REAL,
     offsetof(fv_adadelta_options, rho), "0.95", 0, 0.999999, 0, NULL, NULL},
    {"epsilon", "keeps a division from zero", FV_REAL, offsetof(fv_adadelta_options, epsilon),
     "1e-8", 1e-30, 1, 0, NULL, NULL},
    {0}};

static void update(const fv_optim_step *step, int64_t n, float *w, float *const *state,
                   const float *g) {
    const fv_adadelta_options *o = step->options;
    const float lr = (float)step->lr, decay = (float)step->decay, epsilon = (float)o->epsilon;
    const float rho = (float)o->rho;
    float *square = state[0], *delta = state[1];
    for (int64_t i = 0; i < n; i++) {
        const float d = g[i] + decay * w[i];
        square[i] = rho * square[i] + (1 - rho) * d * d;
        const float by = sqrtf(delta[i] + epsilon) / sqrtf(square[i] + epsilon) * d;
        delta[i] = rho * delta[i] + (1 - rho) * by * by;
        w[i] -= lr * by;
    }
}

const fv_optimizer fv__optim_adadelta = {
    .name = "adadelta",
    .help = "steps as large as the last ones, without a rate to choose",
    .about = "s = rho*s + (1 - rho)*g^2, d = sqrt(u + epsilon)/sqrt(s + epsilon)*g,\n"
             "u = rho*u + (1 - rho)*d^2, w -= lr*d. Zeiler 2012, algorithm 1.",
    .options_size = sizeof(fv_adadelta_options),
    .fields = fields,
    .state_names = {"square", "delta"},
    .update = update,
};
