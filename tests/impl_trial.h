/* SPDX-License-Identifier: MIT */
/*
 * impl_trial.h - one implementation of an operator on one problem, from settling to its results,
 * compared with the operator's own loops in double. Like op_problem.h without a test framework.
 *
 * An implementation is treated as a plan treats it: settled once, prepared once, run several times;
 * maps lie in the layouts it asks for; what it may not read is not there or is NaN, what it may not
 * write is compared afterwards.
 */
#ifndef IMPL_TRIAL_H
#define IMPL_TRIAL_H

#include "device/device.h"
#include "op_problem.h"

#define IMPL_THREADS 3 /* at most: 1, 2 and 3 of them must give the same bits */

/* Who is tried, on what kind of machine. */
typedef struct impl_tester {
    op_tally *tally;
    const fv_device *device;
    const struct fv_kernels *kernels; /* NULL: none */
    fv_dtype real;
    const char *level;            /* "avx2", for messages */
    fv_precision precision;       /* what is asked for; it is held to what it claims: contract.h */
    const fv_impl *only;          /* the one that is tried; NULL: all */
    int threads;                  /* how many pools are tried; with all, one of them once more */
    fv_pool *pools[IMPL_THREADS]; /* of 1, 2 … threads */
} impl_tester;

/* The pools of a tester for up to so many threads; to be ended in any case. */
bool impl_tester_begin(impl_tester *tester, int threads);
void impl_tester_end(impl_tester *tester);

/* What the passes of a plan differ in. */
typedef enum impl_mode {
    IMPL_USUAL,       /* gradients are added to */
    IMPL_OVERWRITTEN, /* backward: dx holds nothing */
    IMPL_NO_DX,       /* backward: the gradient of one input is not wanted */
    IMPL_NO_DW,       /* backward: those of the parameters are not wanted */
    IMPL_IN_PLACE,    /* y over x, dx over dy */
    IMPL_FOLDED,      /* forward: a bias that is not the layer's own */
    IMPL_MODES
} impl_mode;

typedef struct impl_trial {
    const impl_tester *tester;
    const fv_impl *impl;
    fv_which which;
    impl_mode mode;
    const op_problem *oracle; /* in double: run forward and, in training, backward */
    int64_t gap;
    const fv_epilogue *epilogue; /* NULL: none */
    fv_layout convert_to;        /* of the operator convert, which has any: from, to */
    fv_layout convert_from;
    double
        *error; /* forward: raised to the largest relative error of an output; NULL: not wanted */
} impl_trial;

/* The problem solved in double, as a part of a larger batch: what trials call their oracle. */
void impl_solve(op_problem *oracle, bool training);
/* Whether the mode means anything here. */
bool impl_mode_applies(const impl_trial *trial);
/* False: the implementation refuses the problem. Otherwise it is run and what is wrong is told. */
bool impl_try(const impl_trial *trial);
/* The same without a comparison, for a clock: `fn` is called once with the pass, bound as a plan
   would and prepared, for the first pool. The oracle is only read for what backward wants of
   forward. */
typedef void impl_measure_fn(void *arg, const impl_trial *trial, const fv_pass *pass);
bool impl_measure(const impl_trial *trial, impl_measure_fn *fn, void *arg);
/* The implementation accepts or refuses in this state of affairs, but nothing is run. */
bool impl_takes(const impl_trial *trial);
/* Whether it needs no kernels, so that it computes alike on every level. */
bool impl_is_bare(const impl_trial *trial);
/* Memory refused while settling, each request in turn, must end in FV_EXHAUSTED. */
void impl_check_refusals(const impl_trial *trial);

#endif
