/* SPDX-License-Identifier: MIT */
/*
 * updates.c - the optimisers' rules by kernels.
 */
#include "cpu/updates.h"
#include "optim/adadelta.h"
#include "optim/adagrad.h"
#include "optim/adam.h"
#include "optim/lars.h"
#include "optim/rmsprop.h"
#include "optim/sgd.h"

fv_update_fn *fv__cpu_update(const fv_optimizer *optimizer) {
#define FV_UPDATE(name)                                                                            \
    if (optimizer == &fv__optim_##name) return fv__cpu_update_##name;
#include "cpu/update_list.h"
#undef FV_UPDATE
    return NULL;
}

void fv__cpu_update_sgd(const fv_kernels *k, const fv_optim_step *step, int64_t n, float *w,
                        float *const *state, const float *g) {
    const fv_sgd_options *o = step->options;
    k->sgd(n, w, state[0], g, (float)step->lr, (float)o->momentum, (float)step->decay, o->nesterov);
}

/* `keep`: what is left of a weight before the step. */
static void adam(const fv_kernels *k, const fv_optim_step *step, double decay, float keep,
                 int64_t n, float *w, float *const *state, const float *g) {
    const fv_adam_options *o = step->options;
    float c1, c2;
    fv__adam_corrections(step, &c1, &c2);
    k->adam(n, w, state[0], state[1], g, (float)step->lr, (float)o->beta1, (float)o->beta2,
            (float)o->epsilon, (float)decay, keep, c1, c2);
}

void fv__cpu_update_adam(const fv_kernels *k, const fv_optim_step *step, int64_t n, float *w,
                         float *const *state, const float *g) {
    adam(k, step, step->decay, 1, n, w, state, g);
}

void fv__cpu_update_adamw(const fv_kernels *k, const fv_optim_step *step, int64_t n, float *w,
                          float *const *state, const float *g) {
    adam(k, step, 0, fv__adamw_keep(step), n, w, state, g);
}

void fv__cpu_update_adadelta(const fv_kernels *k, const fv_optim_step *step, int64_t n, float *w,
                             float *const *state, const float *g) {
    const fv_adadelta_options *o = step->options;
    k->adadelta(n, w, state[0], state[1], g, (float)step->lr, (float)o->rho, (float)o->epsilon,
                (float)step->decay);
}

void fv__cpu_update_adagrad(const fv_kernels *k, const fv_optim_step *step, int64_t n, float *w,
                            float *const *state, const float *g) {
    const fv_adagrad_options *o = step->options;
    k->rmsprop(n, w, state[0], NULL, NULL, g, (float)step->lr, 1, 1, 0, (float)o->epsilon,
               (float)step->decay);
}

void fv__cpu_update_rmsprop(const fv_kernels *k, const fv_optim_step *step, int64_t n, float *w,
                            float *const *state, const float *g) {
    const fv_rmsprop_options *o = step->options;
    const float rho = (float)o->rho;
    k->rmsprop(n, w, state[0], o->momentum > 0 ? state[1] : NULL, o->centered ? state[2] : NULL, g,
               (float)step->lr, rho, 1 - rho, (float)o->momentum, (float)o->epsilon,
               (float)step->decay);
}

void fv__cpu_update_lars(const fv_kernels *k, const fv_optim_step *step, int64_t n, float *w,
                         float *const *state, const float *g) {
    const fv_lars_options *o = step->options;
    k->lars(n, w, state[0], g, fv__lars_rate(step), (float)o->momentum, (float)step->decay);
}
