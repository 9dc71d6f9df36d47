/* SPDX-License-Identifier: MIT */
/*
 * kern.h - raw-pointer kernels for float32, one table per instruction set.
 *
 * Bodies are written once over kern/vec.h and compiled once per instruction set, each in a file of
 * its own that refuses to compile with the wrong flags. A kernel knows pointers and sizes only.
 * Results may differ between instruction sets (other vector widths, FMA or not), never between
 * thread counts.
 */
#ifndef FV_KERN_KERN_H
#define FV_KERN_KERN_H

#include <stddef.h>
#include <stdint.h>
#include "base/cpu_features.h"

/* Pointwise activations that kernels know. */
typedef enum fv_act {
    FV_ACT_NONE,
    FV_ACT_RELU,
    FV_ACT_LEAKY,
    FV_ACT_ELU,
    FV_ACT_SIGMOID,
    FV_ACT_TANH,
    FV_ACT_SCALED_TANH
} fv_act;

typedef struct fv_kernels fv_kernels;

/* The table for the highest level not above `isa`; never NULL. */
const fv_kernels *fv__kernels(fv_isa isa);

#include "kern/table.h"

#endif
