/* SPDX-License-Identifier: MIT */
/*
 * updates.h - the optimisers' rules by kernels.
 */
#ifndef FV_CPU_UPDATES_H
#define FV_CPU_UPDATES_H

#include "kern/kern.h"
#include "optim/optim.h"

typedef void fv_update_fn(const fv_kernels *kernels, const fv_optim_step *step, int64_t n, float *w,
                          float *const *state, const float *g);

/* The fast loop of an optimiser; NULL: it has none. */
fv_update_fn *fv__cpu_update(const fv_optimizer *optimizer);

#define FV_UPDATE(name) fv_update_fn fv__cpu_update_##name;
#include "cpu/update_list.h"
#undef FV_UPDATE

#endif
