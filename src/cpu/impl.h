/* SPDX-License-Identifier: MIT */
/*
 * impl.h - ways of computing one pass of one operator on a device.
 *
 * Per operator and pass there is an ordered list, fastest first, the reference last. The first that
 * does not refuse is taken; a refusal is a sentence, shown by `fovea bench --trace`.
 */
#ifndef FV_CPU_IMPL_H
#define FV_CPU_IMPL_H

#include "op/op.h"

typedef enum fv_which { FV_FORWARD, FV_BACKWARD } fv_which;

/* A device's lists: fv__cpu_impls, or another's. */
struct fv_impl;
typedef const struct fv_impl *const *fv_impls_fn(const fv_op *op, fv_which which);

/* What the plan asks for. */
typedef struct fv_ask {
    fv_dtype dtype; /* of the values */
    fv_which which;
    bool training;
    const struct fv_kernels *kernels; /* NULL: reference only */
    int workers;                      /* size of the pool that will run it */
    bool wants_dx[FV_OP_INPUTS];
    bool plain; /* maps must stay FV_PLAIN: in training, and where every value is looked at */
    fv_impls_fn *impls; /* NULL: fv__cpu_impls */
} fv_ask;

typedef struct fv_impl {
    const char *name; /* "gemm", "reference" */
    /* NULL: takes it. Otherwise why not, in words. */
    const char *(*refuses)(const fv_site *site, const fv_ask *ask);
    fv_pass_fn *run;
    /* Bytes of scratch for the whole pass (all workers); NULL: none. */
    size_t (*scratch)(const fv_site *site, const fv_ask *ask);
    fv_layout layout; /* of the maps it takes and gives; the plan converts at the borders.
                         FV_BLOCK16 is asked only where all channels are multiples of 16 */
    bool
        honours_dx_set; /* overwrites dx where dx_set says so; otherwise the plan clears it first */
    /* Whether it applies this activation to y itself (pass->then); NULL: none. */
    bool (*fuses)(const fv_op *activation);
} fv_impl;

/* The list for an operator and pass, NULL-ended; never empty for forward. Backward of an operator
   without gradient: empty. */
const fv_impl *const *fv__cpu_impls(const fv_op *op, fv_which which);

/* The first of the list that takes it; *why (may be NULL) receives "name: reason; …" of those
   before it. */
const fv_impl *fv__cpu_choose(const fv_op *op, const fv_site *site, const fv_ask *ask,
                              fv_text *why);

#endif
