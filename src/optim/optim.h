/* SPDX-License-Identifier: MIT */
/*
 * optim.h - what an optimiser is: how gradients change weights.
 *
 * One file in optim/ and one line in optim/optim_list.h declare one: its settings, how many numbers
 * it remembers of each weight, and its rule as a plain loop. Settings, help, docs, files and tests
 * follow from the descriptor; a device may bring a faster loop of its own.
 */
#ifndef FV_OPTIM_OPTIM_H
#define FV_OPTIM_OPTIM_H

#include "base/field.h"

#define FV_OPTIM_STATES  3  /* most numbers that an optimiser remembers of a weight */
#define FV_OPTIM_OPTIONS 64 /* most bytes of its options */

/* The part of a step that is the same for all weights. */
typedef struct fv_optim_step {
    const void *options;
    double lr;
    double decay; /* each gradient gets decay times its weight */
    int64_t step; /* steps taken before this one */
    /* For a rule with `norms`: the Euclidean norms of all weights and all gradients of the
       parameter that these weights are of; both 0 where it is one that the rule spares. */
    double weight_norm, gradient_norm;
} fv_optim_step;

typedef struct fv_optimizer {
    const char *name;  /* "sgd" */
    const char *help;  /* one line */
    const char *about; /* the rule and its source */
    size_t options_size;
    const fv_field *fields;                       /* its settings; options start as they say */
    const char *state_names[FV_OPTIM_STATES + 1]; /* "velocity"; NULL-ended */
    /* How many states these options need (sgd without momentum: none); NULL: all that have names.
     */
    int (*states)(const void *options);
    /* For a rule of one layer: the loss whose gradient makes it that, which choosing the optimiser
       chooses too (train/rule.h); NULL: any. */
    const char *loss;
    /* Whether the rule reads the norms of whole parameters. */
    bool norms;
    /* Changes n weights; state[i] are the numbers remembered of them. */
    void (*update)(const fv_optim_step *step, int64_t n, float *w, float *const *state,
                   const float *g);
} fv_optimizer;

/* Every optimiser has its descriptor: fv__optim_sgd … */
#define FV_OPTIMIZER(name) extern const fv_optimizer fv__optim_##name;
#include "optim/optim_list.h"
#undef FV_OPTIMIZER

/* How many there are. */
enum {
#define FV_OPTIMIZER(name) FV_OPTIMIZER_##name,
#include "optim/optim_list.h"
#undef FV_OPTIMIZER
    FV_OPTIMIZERS
};

/* All, in the order of optim/optim_list.h; NULL-ended. */
extern const fv_optimizer *const fv__optimizers[];

int fv__optim_states(const fv_optimizer *optimizer, const void *options);

#endif
