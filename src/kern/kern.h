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
    FV_ACT_CLIP,         /* min(max(x, p), q) */
    FV_ACT_LEAKY,        /* x above 0, else p x */
    FV_ACT_HARD_SIGMOID, /* p x + q within 0 and 1 */
    FV_ACT_HARD_SWISH,   /* x (x + 3) / 6 between -3 and 3 */
    FV_ACT_THRESHOLD,    /* x above p, else 0 */
    FV_ACT_SHRINK,       /* x no farther from 0 than p: 0, else nearer by q */
    FV_ACT_SOFTSIGN,
    FV_ACT_ELU,  /* x above 0, else p (exp(x) - 1) */
    FV_ACT_SELU, /* q x above 0, else p (exp(x) - 1) */
    FV_ACT_CELU, /* x above 0, else p (exp(q x) - 1), p q = 1 */
    FV_ACT_SIGMOID,
    FV_ACT_TANH,
    FV_ACT_SCALED_TANH, /* p tanh(q x) */
    FV_ACT_SOFTPLUS,    /* log(1 + exp(p x)) q, p q = 1 */
    FV_ACT_SILU,
    FV_ACT_MISH,
    FV_ACT_GELU,
    FV_ACT_GELU_TANH,
    FV_ACTS
} fv_act;

/* Whether kernels know its gradient, from y alone. */
static inline bool fv__act_has_gradient(fv_act kind) {
    return kind <= FV_ACT_HARD_SIGMOID || (kind >= FV_ACT_SOFTSIGN && kind <= FV_ACT_SOFTPLUS);
}
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
