/* SPDX-License-Identifier: MIT */
/*
 * learner.h - a model being trained, step by step: forward, backward, the optimiser's update.
 *
 * A batch may be cut into equal parts, shards, whose gradients are summed in a fixed binary tree:
 * neighbours first, then neighbouring pairs, and so on. One learner computes all of them one after
 * the other, or several learners (on several machines, some day) share them: each computes a node
 * of the tree, the sums are added on in the tree's order, and every learner applies the same
 * update. The bits are the same either way.
 */
#ifndef FV_TRAIN_LEARNER_H
#define FV_TRAIN_LEARNER_H

#include "format/model.h"
#include "plan/plan.h"

typedef struct fv_learner fv_learner;

/* Which shards a learner computes: those from `first` on, `count` of them, which must be a node of
   the tree (first a multiple of count's next power of two). Count 0: all. */
typedef struct fv_shards {
    int first, count;
} fv_shards;

/* Trains `model` (which must outlive it) by `recipe`, in batches of up to recipe->batch samples cut
   into recipe->shards. Not on the host, it has a copy of the weights: see fv__learner_fetch. */
FV_MUST_USE fv_status fv__learner_new(fv_context *ctx, fv_model *model, const fv_recipe *recipe,
                                      fv_learner **out);
FV_MUST_USE fv_status fv__learner_new_part(fv_context *ctx, fv_model *model,
                                           const fv_recipe *recipe, fv_shards part,
                                           fv_learner **out);
void fv__learner_free(fv_learner *l);

/* Makes ready for batches of n samples as well, so that whatever speaks against them is said now.
 */
FV_MUST_USE fv_status fv__learner_reserve(fv_context *ctx, fv_learner *l, int64_t n);

/* The first sample of a batch of n that this learner computes, and how many. */
int64_t fv__learner_first(const fv_learner *l, int64_t n, int64_t *count);

/* Where, for a batch of n, the samples of this learner go: images (C*H*W floats each,
   preprocessed), and their targets. Holds until the step. */
#define FV_TARGET_KINDS 5
typedef struct fv_learner_batch {
    float *x;
    void *target[FV_TARGET_KINDS];   /* by kind; NULL: no head wants it */
    fv_shape shape[FV_TARGET_KINDS]; /* of one sample, with dim[0] = 1 */
    int32_t ignored;                 /* of maps: the label that counts nothing */
} fv_learner_batch;
FV_MUST_USE fv_status fv__learner_batch(fv_context *ctx, fv_learner *l, int64_t n,
                                        fv_learner_batch *out);

struct fv_dataset;

/* Where the samples of a batch and the weights come from, for messages: sample i of the batch is
   number order[start + i] of `set`. NULL: not known. */
typedef struct fv_learner_origin {
    const uint32_t *order;
    int64_t start;
    const struct fv_dataset *set;
    const char *weights; /* the file of those that it began with */
} fv_learner_origin;
void fv__learner_comes_from(fv_learner *l, const fv_learner_origin *origin);

/* What a metric counts of the main head's target: classes or pixels that are predicted right, of
   all that count; of vectors the squared error (in `loss`) is all there is, and both are 0. */
typedef struct fv_tally {
    int64_t right, counted;
} fv_tally;

typedef struct fv_step_result {
    double loss;    /* weighted sum over heads, the batch's mean, before the update */
    fv_tally tally; /* of the main head */
} fv_step_result;

/* One step over the n samples laid there: the rate `lr`, random numbers of (recipe seed, step
   count). FV_DIVERGED when a loss or gradient is not finite: the message names the first layer,
   pass and sample; the weights keep the values of before the step. */
FV_MUST_USE fv_status fv__learner_step(fv_context *ctx, fv_learner *l, int64_t n, double lr,
                                       fv_step_result *result);

/* The two halves of a step, for learners that share a batch. The first leaves the sum of this
   learner's shards in its gradients; `divisors` [heads]: what each head's loss divides by in the
   whole batch (NULL: this learner has all of it). The second checks and applies what the caller has
   put together there. Losses and tallies of the learners add up. */
void fv__learner_gradient(fv_context *ctx, fv_learner *l, int64_t n, const double *divisors,
                          fv_step_result *result);
FV_MUST_USE fv_status fv__learner_apply(fv_context *ctx, fv_learner *l, double lr);
/* What head h's loss divides by for the n samples laid here; those of the learners that share a
   batch add up. */
double fv__learner_divisor(fv_learner *l, int64_t n, size_t head);

/* Who looks at steps and changes nothing: on the walk forward of the first shard, and before and
   after an update. Each may be NULL. */
typedef struct fv_watcher {
    const fv_walk *walk;
    void (*before)(void *arg, fv_learner *l);
    void (*after)(void *arg, fv_learner *l);
    void *arg;
} fv_watcher;
void fv__learner_watch(fv_learner *l,
                       const fv_watcher *watcher); /* NULL: nobody; must outlive it */

/* Says what is not finite for the n samples laid there: always FV_DIVERGED. */
FV_MUST_USE fv_status fv__learner_diverged(fv_context *ctx, fv_learner *l, int64_t n, double lr);

/* Steps taken so far, also the time of dropout's random numbers and of Adam's correction. */
int64_t fv__learner_steps(const fv_learner *l);
void fv__learner_set_steps(fv_learner *l, int64_t steps);

/* The network with its losses. */
const fv_graph *fv__learner_net(const fv_learner *l);

/* The gradients of the last step: graph->param_elements floats on the device. */
float *fv__learner_gradients(const fv_learner *l);

/* The optimiser's memory: fv__learner_states() blocks of graph->param_elements floats each, with a
   name ("velocity"), on the host as of the last fv__learner_fetch. */
int fv__learner_states(const fv_learner *l);
const char *fv__learner_state_name(const fv_learner *l, int i);
float *fv__learner_state(const fv_learner *l, int i);

/* The moving average of all parameters, running statistics too (recipe->average), on the host as of
   the last fv__learner_fetch; NULL: none is kept. */
float *fv__learner_average(const fv_learner *l);
/* Puts the average into the model in the place of the weights, which are kept where it was, or puts
   both back; does nothing where that is done already or none is kept. A step puts them back. */
void fv__learner_show_average(fv_learner *l, bool shown);

/* Where the device is not the host: weights and states from there to the model and to the blocks of
   fv__learner_state, and back. Does nothing where they are the same memory. */
void fv__learner_fetch(fv_learner *l);
void fv__learner_store(fv_learner *l);

/* Memory that an evaluator may use between two steps. */
fv_workspace *fv__learner_workspace(fv_learner *l);

/* Bytes that are really taken. */
typedef struct fv_learner_memory {
    size_t parameters, gradients, optimizer, prepared, workspace;
} fv_learner_memory;
fv_learner_memory fv__learner_memory(const fv_learner *l);

#endif
