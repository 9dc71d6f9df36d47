/* SPDX-License-Identifier: MIT */
/* downhill.h - w -= lr g, the whole of the first learning rules. */
#ifndef FV_OPTIM_DOWNHILL_H
#define FV_OPTIM_DOWNHILL_H

#include "optim/optim.h"

/* As fv_optimizer.update; g has the weight decay added. */
static inline void fv__optim_downhill(const fv_optim_step *step, int64_t n, float *w,
                                      float *const *state, const float *g) {
    const float lr = (float)step->lr, decay = (float)step->decay;
    (void)state;
    for (int64_t i = 0; i < n; i++) w[i] -= lr * (g[i] + decay * w[i]);
}

#endif
