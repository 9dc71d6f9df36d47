/* SPDX-License-Identifier: MIT */
/*
 * kern.h - raw-pointer kernels for float32, a table of them per instruction set.
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
#include <stdbool.h>

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

/* Functions of one number and of two, element by element; POWER: x^p of x above 0. */
typedef enum fv_unary {
    FV_UNARY_EXP,
    FV_UNARY_LOG,
    FV_UNARY_SQRT,
    FV_UNARY_NEG,
    FV_UNARY_ABS,
    FV_UNARY_RECIPROCAL,
    FV_UNARY_POWER
} fv_unary;
typedef enum fv_binary {
    FV_BINARY_ADD,
    FV_BINARY_SUB,
    FV_BINARY_MUL,
    FV_BINARY_DIV,
    FV_BINARY_MAX,
    FV_BINARY_MIN
} fv_binary;

typedef struct fv_kernels fv_kernels;

/* How many sets of instructions there are; their numbers ascend from 0, the baseline's. */
enum {
    FV_ISAS = 0
#define FV_ISA(name, needs) +1
#include "kern/isa_list.h"
#undef FV_ISA
};

const char *fv__isa_name(int isa); /* "baseline", "avx2" ...; NULL: no such number */
bool fv__isa_supported(int isa);   /* by this processor and system */
int fv__isa_best(void);            /* the highest that is */

/* Fills `out`, the caller's, with the best kernels of the sets up to `most` that this processor
   has; returns it. `most` is 0 at least. */
const fv_kernels *fv__kernels(int most, fv_kernels *out);

#include "kern/table.h"

#endif
