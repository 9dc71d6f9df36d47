/* SPDX-License-Identifier: MIT */
/*
 * impl_sweeps.h - drawn problems beyond those of the option tables: sizes around what fast ways of
 * computing block by (odd tails, strides, pads, groups, deep and narrow maps), written as samples.
 */
#ifndef IMPL_SWEEPS_H
#define IMPL_SWEEPS_H

#include "op_problem.h"

/* Is told a problem; answers whether the operator's shape rule took it. */
typedef bool impl_sweep_fn(void *arg, const fv_op *op, const char *sample, int seed);

/* Whether a share of the problems, one in `of` (0: all), has this number, which is counted. The
   numbers are mixed first: what a sweep draws depends on their remainders. */
bool impl_sweep_takes(op_tally *t, int number, int share, int of);

/* Other problems for each seed. */
void impl_sweeps(op_tally *t, impl_sweep_fn *fn, void *arg, uint64_t seed);
/* A list of them, which is part of those. */
void impl_sweep_known(op_tally *t, impl_sweep_fn *fn, void *arg);

#endif
