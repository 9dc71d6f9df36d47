/* SPDX-License-Identifier: MIT */
/*
 * evaluate.h - how well a model does on labelled samples.
 */
#ifndef FV_TRAIN_EVALUATE_H
#define FV_TRAIN_EVALUATE_H

#include "data/data.h"
#include "train/learner.h"

typedef struct fv_evaluator fv_evaluator;

/* Reads `model`'s weights as they are at each call; `model` must outlive it. `loss`: of a head that
   names none (NULL: cross-entropy). `workspace`: memory to run in, which somebody else uses at
   other times; NULL: its own. */
FV_MUST_USE fv_status fv__evaluator_new(fv_context *ctx, const fv_model *model, const fv_op *loss,
                                        int64_t batch, fv_workspace *workspace, fv_evaluator **out);
void fv__evaluator_free(fv_evaluator *e);

typedef struct fv_scores {
    int64_t images;
    /* Of the main head, by its target: samples whose class, or pixels whose class is the label; of
       all that count. A vector has neither. */
    fv_tally tally;
    int64_t correct5; /* samples whose label is among the first five classes */
    double loss;      /* mean over samples (pixels), main head */
    /* Per sample, when not NULL (set->count entries, the caller's; of class targets): the class
       predicted, its softmax probability, and the probability of the label. */
    int32_t *predicted;
    float *confidence, *label_confidence;
    /* What is averaged (fovea/image.h): probabilities, of class targets by cross-entropy alone. */
    int views;
    float *summed; /* [count][classes], when not NULL: softmax probabilities are added to it */
    bool (*stop)(void *arg); /* asked before each batch, when not NULL; true: FV_INTERRUPTED */
    void *stop_arg;
} fv_scores;

FV_MUST_USE fv_status fv__evaluate(fv_context *ctx, fv_evaluator *e, const fv_dataset *set,
                                   fv_scores *scores);
/* Scores of `models` networks together, whose softmax probabilities lie added up in scores->summed,
   against the labels of the samples. */
void fv__evaluate_summed(const int32_t *labels, int64_t classes, int models, fv_scores *scores);

/* Whether the data set gives what the heads of `net` (from fv__net_with_loss) want: a sentence when
   not. */
FV_MUST_USE fv_status fv__targets_fit(fv_context *ctx, const fv_dataset *set, const fv_graph *net);
/* The same of a net without losses, before anything is made for it: `loss` as in fv__net_with_loss;
   `training`: the heads that only training has, too. *wants (may be NULL): what the main head does.
 */
FV_MUST_USE fv_status fv__targets_check(fv_context *ctx, const fv_dataset *set, const fv_graph *net,
                                        const fv_op *loss, bool training, fv_target_kind *wants);
/* Fills a batch of the learner's (or an evaluator's) from a set: images and every target wanted. */
FV_MUST_USE fv_status fv__targets_fill(fv_context *ctx, const fv_dataset *set,
                                       const fv_input *input, const fv_batch *batch,
                                       const fv_learner_batch *to);

#endif
