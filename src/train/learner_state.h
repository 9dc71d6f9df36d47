/* SPDX-License-Identifier: MIT */
/*
 * learner_state.h - what a learner is made of, for the files that it is written in: learner.c makes
 * it, learner_step.c takes its steps.
 */
#ifndef FV_TRAIN_LEARNER_STATE_H
#define FV_TRAIN_LEARNER_STATE_H

#include "train/learner.h"

#define FV_STAGES 4  /* sizes of shards: two of full batches, two of the last one */
#define FV_LEVELS 16 /* of the tree of shards; at most 65,536 of them */

/* The executions of one size. */
typedef struct fv_stage {
    int64_t n;
    fv_plan *plan;
    fv_prepared *prepared;
    fv_exec *exec;
} fv_stage;

struct fv_learner {
    fv_model *model;
    fv_recipe recipe;
    fv_graph *net; /* with losses */
    const fv_device *device;
    fv_shards part;
    fv_stage stages[FV_STAGES];
    unsigned oldest; /* the stage that goes when there is no free one */
    int prepared_of; /* the stage whose weights lie packed; -1: none, they have changed */
    fv_workspace workspace, packed;
    float *weights, *gradients; /* on the device */
    float *sums[FV_LEVELS];     /* of the tree: of 1, 2, 4 … shards, while their neighbours run */
    float *states[FV_OPTIM_STATES];
    float *host_states[FV_OPTIM_STATES]; /* as of the last fetch; where the device is the host the
                                            same */
    int state_count;
    float *average, *host_average; /* of the weights, likewise; NULL: none is kept */
    bool shown;                    /* the model has the average, and host_average the weights */
    bool *frozen;                  /* [nodes] */
    fv_update_span *spans;
    size_t span_count;
    int64_t most; /* samples of a batch that this learner computes */
    /* The samples of a batch, on the host. `direct`, for one shard on the host: they are laid where
       they are computed, and these point there. */
    bool direct;
    float *x;
    void *target[FV_TARGET_KINDS];
    float *prediction; /* of the main head, for a shard, on the host */
    double *divisors;  /* [heads] of a batch */
    int64_t steps;
    fv_learner_origin origin;  /* of what is laid there */
    const fv_watcher *watcher; /* NULL: nobody looks */
};

/* Shard i of n samples: the first ones have one more where it does not come out even. */
static inline int64_t fv__shard_first(const fv_learner *l, int64_t n, int64_t i) {
    const int64_t each = n / l->recipe.shards, more = n % l->recipe.shards;
    return i * each + (i < more ? i : more);
}

/* The executions for shards of n samples; NULL: not made yet. */
static inline fv_stage *fv__learner_stage(fv_learner *l, int64_t n) {
    for (int i = 0; i < FV_STAGES; i++)
        if (l->stages[i].n == n) return &l->stages[i];
    return NULL;
}

/* Of one number for each parameter. */
static inline size_t fv__learner_block(const fv_learner *l) {
    return (size_t)l->net->param_elements * sizeof(float);
}

#endif
