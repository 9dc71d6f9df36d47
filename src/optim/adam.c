/* SPDX-License-Identifier: MIT */
/*
 * adam: m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
 * w -= lr (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + epsilon). Kingma & Ba 2015, algorithm 1.
 */
#include "optim/adam.h"

#include <math.h>

const fv_field fv__adam_fields[] = {
    {"beta1", "adam, adamw: decay of the mean of gradients", FV_REAL,
     offsetof(fv_adam_options, beta1), "0.9", 0, 0.999999, 0, NULL, NULL},
    {"beta2", "adam, adamw: decay of the mean of squared gradients", FV_REAL,
     offsetof(fv_adam_options, beta2), "0.999", 0, 0.9999999, 0, NULL, NULL},
    {"epsilon", "keeps a division from zero", FV_REAL, offsetof(fv_adam_options, epsilon), "1e-8",
     1e-30, 1, 0, NULL, NULL},
    {0}};

void fv__adam_corrections(const fv_optim_step *step, float *first, float *second) {
    const fv_adam_options *o = step->options;
    const double t = (double)(step->step + 1);
    *first = (float)(1 - pow(o->beta1, t));
    *second = (float)(1 - pow(o->beta2, t));
}

static void update(const fv_optim_step *step, int64_t n, float *w, float *const *state,
                   const float *g) {
    const fv_adam_options *o = step->options;
    const float lr = (float)step->lr, decay = (float)step->decay, epsilon = (float)o->epsilon;
    const float b1 = (float)o->beta1, b2 = (float)o->beta2;
    float c1, c2;
    fv__adam_corrections(step, &c1, &c2);
    float *m = state[0], *v = state[1];
    for (int64_t i = 0; i < n; i++) {
        const float d = g[i] + decay * w[i];
        m[i] = b1 * m[i] + (1 - b1) * d;
        v[i] = b2 * v[i] + (1 - b2) * d * d;
        w[i] -= lr * (m[i] / c1) / (sqrtf(v[i] / c2) + epsilon);
    }
}

const fv_optimizer fv__optim_adam = {
    .name = "adam",
    .help = "adapts the rate of each weight to the mean and the size of its gradients",
    .about = "m = beta1*m + (1 - beta1)*g, v = beta2*v + (1 - beta2)*g^2,\n"
             "w -= lr * m/(1 - beta1^t) / (sqrt(v/(1 - beta2^t)) + epsilon).\n"
             "Kingma & Ba 2015, algorithm 1.",
    .options_size = sizeof(fv_adam_options),
    .fields = fv__adam_fields,
    .state_names = {"mean", "square"},
    .update = update,
};
