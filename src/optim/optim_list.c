/* SPDX-License-Identifier: MIT */
/*
 * optim_list.c - all optimisers, from optim_list.h.
 */
#include "optim/optim.h"

const fv_optimizer *const fv__optimizers[] = {
#define FV_OPTIMIZER(name) &fv__optim_##name,
#include "optim/optim_list.h"
#undef FV_OPTIMIZER
    NULL,
};

int fv__optim_states(const fv_optimizer *optimizer, const void *options) {
    if (optimizer->states) return optimizer->states(options);
    int count = 0;
    while (optimizer->state_names[count]) count++;
    return count;
}
