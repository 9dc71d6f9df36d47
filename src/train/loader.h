/* SPDX-License-Identifier: MIT */
/*
 * loader.h - batches laid out ahead: while one is learnt from, the next is read, decoded and
 * augmented on threads of the loader's own, one batch ahead and no more.
 *
 * What is in a batch depends on (seed, epoch, sample) alone, so it does not matter who laid it out.
 * A set in memory is laid out by the caller's threads, which takes less than handing it over, and
 * so is one whose samples come one at a time, or from a program.
 */
#ifndef FV_TRAIN_LOADER_H
#define FV_TRAIN_LOADER_H

#include "data/data.h"
#include "train/learner.h"

typedef struct fv_loader fv_loader;

/* Of batches of up to `most` samples of `set`, which must outlive it, with the targets that `like`
   has room for. */
FV_MUST_USE fv_status fv__loader_new(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                                     const fv_learner_batch *like, int64_t most, fv_loader **out);
void fv__loader_free(fv_loader *l);

/* Lays a batch at `to`, and begins with `next` (NULL: with none); what that points to must stay as
   it is until it has been taken or dropped. A failure of the next one is said when it is taken. */
FV_MUST_USE fv_status fv__loader_take(fv_context *ctx, fv_loader *l, const fv_batch *batch,
                                      const fv_batch *next, const fv_learner_batch *to);
/* Forgets the batch that was begun. */
void fv__loader_drop(fv_loader *l);

#endif
