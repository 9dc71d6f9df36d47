/* SPDX-License-Identifier: MIT */
/*
 * watch.h - what a training does to each layer, measured on a few steps of each epoch.
 *
 * Of each learned tensor: the norm of its weights, the norm of its gradient, and how far the update
 * that was really applied moved it, |w' - w| / |w| (1e-3 is usual: Karpathy, CS231n, "Ratio of
 * weights:updates"). Of each layer's activation: mean, standard deviation, the share that is
 * exactly zero, the share of units that were zero wherever it was looked (dead ones), and a
 * histogram whose bins are powers of two.
 *
 * It looks and changes nothing: the model's bytes are those of a training nobody watches. One
 * thread counts, in an order of its own, so the numbers are the same for any number of threads.
 */
#ifndef FV_TRAIN_WATCH_H
#define FV_TRAIN_WATCH_H

#include "train/learner.h"

#define FV_WATCH_STEPS   4  /* of an epoch, evenly spread … */
#define FV_WATCH_EVERY   16 /* … but at most one of so many */
#define FV_WATCH_SAMPLES 8  /* of such a step's first shard, at least; small layers take more */

/* An activation that is watched: of a function behind a layer, or of a layer behind which there is
   none. */
typedef struct fv_watch_layer {
    int value, node;      /* of the net; the node makes it */
    int behind;           /* the node with weights that it follows, or itself; -1: none */
    int64_t units, first; /* channels, or numbers of a vector; the first in `alive` */
} fv_watch_layer;

typedef struct fv_watch fv_watch;

FV_MUST_USE fv_status fv__watch_new(fv_context *ctx, fv_learner *learner, fv_watch **out);
void fv__watch_free(fv_watch *w);

/* Before step `step` of `steps` of an epoch: whether it is one to look at. */
void fv__watch_step(fv_watch *w, int64_t step, int64_t steps);
/* The epoch has ended: what was seen of it becomes a record. */
FV_MUST_USE fv_status fv__watch_end_epoch(fv_context *ctx, fv_watch *w);

/* What there is to read; records are numbered like epochs. */
size_t fv__watch_epochs(const fv_watch *w);
size_t fv__watch_weights(const fv_watch *w);
size_t fv__watch_layers(const fv_watch *w);
/* False: not seen (a record of a version that did not watch, a value that no step made). */
bool fv__watch_weight(const fv_watch *w, size_t epoch, size_t i, fv_weight_record *out);
bool fv__watch_layer_at(const fv_watch *w, size_t epoch, size_t i, fv_layer_record *out);
/* The upper edge of bin k of a histogram: -16, -8 … -1/16, 0; 0 (bin 10: zeros); 1/16 … 16,
   infinity. */
double fv__watch_edge(int k);

/* For checkpoints: the records, and what was seen of the epoch so far, as floats. To read, room for
   `epochs` records is made, which hold nothing seen until they are filled. */
size_t fv__watch_width(const fv_watch *w);     /* floats of a record */
size_t fv__watch_now_width(const fv_watch *w); /* of the epoch so far */
float *fv__watch_records(const fv_watch *w);
float *fv__watch_now(const fv_watch *w);
FV_MUST_USE fv_status fv__watch_reserve(fv_context *ctx, fv_watch *w, size_t epochs);

#endif
