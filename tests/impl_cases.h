/* SPDX-License-Identifier: MIT */
/*
 * impl_cases.h - what must hold for every implementation of every operator: it is tried on all
 * samples and on drawn problems, on every level of instructions this machine has. The lists are
 * walked; nothing is named here.
 */
#ifndef IMPL_CASES_H
#define IMPL_CASES_H

#include "op_problem.h"

/* Kinds of machine, in order: double without kernels, float without kernels, every set of
   instructions; then, for bf16, convolution by pairs, in plain C and as this machine has it, and
   fully connected layers on every set. */
enum { IMPL_DOUBLE, IMPL_BARE, IMPL_ISA };
int impl_levels(void);
const char *impl_level_name(int level);
/* False: this machine has not got it. */
bool impl_level_here(int level);

/* All implementations of the CPU (`only`: those of one operator; NULL: of all) on one level; what
   is not here is counted and named as skipped. Of the drawn problems each level takes one in `of`,
   one of pairs or halves one in four times as many, neighbouring levels others; 0: all. */
void impl_cases(op_tally *t, int level, const fv_op *only, int of);

/* Drawn problems alone, others for each seed (impl_cases has those of seed 0). */
void impl_drawn(op_tally *t, int level, uint64_t seed);

/* A device's implementations on one problem, in every way; how many took it. */
int impl_cases_of(op_tally *t, const struct fv_device *device, const fv_op *op, const char *sample);

/* That the checks can fail: a right implementation passes, each of its wrong relatives is found. */
void impl_mutants(op_tally *t);

#endif
