/* SPDX-License-Identifier: MIT */
/*
 * op_cases.h - what must hold for every operator, free of any test framework.
 *
 * Each function goes through all operators (or those that concern it), counts into the tally and
 * prints what failed.
 */
#ifndef OP_CASES_H
#define OP_CASES_H

#include "op_problem.h"

/* One operator. */
void op_check_declaration(op_tally *t, const fv_op *op); /* texts, traits, at least one sample */
void op_check_gradients(op_tally *t, const fv_op *op);   /* backward against differences, double */
void op_check_precision(op_tally *t, const fv_op *op);   /* float against double */
void op_check_contract(op_tally *t, const fv_op *op);    /* added to, NULL, gaps, what is kept */

/* Of a gradient with so many numbers it compares every so many-th: all of a small one. */
int64_t op_compared_every(int64_t count);
/* The same gradient check on one problem that is built and in double. */
void op_check_gradient(op_tally *t, op_problem *p);
/* Of one of its gradients alone, by its number; -1: of all. */
void op_check_gradient_of(op_tally *t, op_problem *p, int only);

/* All operators. */
void op_cases_samples(op_tally *t);   /* all of the above */
void op_cases_mutations(op_tally *t); /* a gradient slightly wrong must be found */
void op_cases_hostile(op_tally *t);   /* options and shapes that must be refused, or work */
void op_cases_random(op_tally *t);    /* random options and shapes: gradients and precision */
void op_cases_parts(op_tally *t);     /* a batch in two parts gives what the whole does */
void op_cases_windows(op_tally *t);   /* fv__windows against counting */
void op_cases_torch(op_tally *t);     /* PyTorch's numbers, tests/vectors/ops.h */

/* Everything; the number of failures. */
int op_cases(op_tally *t);

#endif
