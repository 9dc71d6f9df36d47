/* SPDX-License-Identifier: MIT */
/*
 * loader.c - one batch ahead of the learner.
 *
 * The thread has a context of its own, with a pool of its own, as large as the caller's: which of
 * the two has the processors is the system's affair, and a learner that waits for its batch leaves
 * them to it.
 */
#include "train/loader.h"
#include "base/background.h"
#include "base/thread.h"
#include "train/evaluate.h"
#include <string.h>

struct fv_loader {
    const fv_dataset *set;
    fv_input input;
    int64_t most;
    size_t each, target_each[FV_TARGET_KINDS]; /* bytes of a sample; of a target, 0: not wanted */

    /* of the thread, where there is one: */
    fv_background *thread;
    fv_context own; /* the caller's, but for message and pool */
    fv_pool *pool;
    fv_batch batch; /* what it lays out, n 0: nothing */
    fv_learner_batch room;
    fv_status status;
};

static void lay_ahead(void *arg) {
    fv_loader *l = arg;
    l->status = fv__targets_fill(&l->own, l->set, &l->input, &l->batch, &l->room);
}

/* Whether it is worth while, and allowed, to lay out samples on other threads. */
static bool worth_it(const fv_context *ctx, const fv_dataset *set) {
    return !set->pixels && !set->serial && fv__pool_size(ctx->pool) > 1;
}

static fv_status make_room(fv_context *ctx, fv_loader *l) {
    size_t bytes;
    if (!fv__mul_size((size_t)l->most, l->each, &bytes)) return fv__fail_memory(ctx, 0, "a batch");
    l->room.x = fv__alloc(ctx, bytes, "a batch laid out ahead");
    if (!l->room.x) return FV_EXHAUSTED;
    for (int k = 0; k < FV_TARGET_KINDS; k++) {
        if (!l->target_each[k]) continue;
        if (!fv__mul_size((size_t)l->most, l->target_each[k], &bytes))
            return fv__fail_memory(ctx, 0, "a batch's targets");
        l->room.target[k] = fv__alloc(ctx, bytes, "targets laid out ahead");
        if (!l->room.target[k]) return FV_EXHAUSTED;
    }
    return FV_OK;
}

static fv_status start_thread(fv_context *ctx, fv_loader *l) {
    FV_TRY(make_room(ctx, l));
    FV_TRY(fv__pool_new(ctx, fv__pool_size(ctx->pool), &l->pool));
    l->own = *ctx;
    l->own.pool = l->pool;
    const fv_status status = fv__background_new(ctx, lay_ahead, l, &l->thread);
    return status == FV_FAILED ? FV_OK : status; /* no thread: then without */
}

fv_status fv__loader_new(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                         const fv_learner_batch *like, int64_t most, fv_loader **out) {
    *out = NULL;
    fv_loader *l = fv__alloc(ctx, sizeof *l, "a loader");
    if (!l) return FV_EXHAUSTED;
    l->set = set;
    l->input = *input;
    l->most = most;
    l->room = *like;
    l->room.x = NULL;
    l->each = (size_t)(input->channels * input->height * input->width) * sizeof(float);
    for (int k = 0; k < FV_TARGET_KINDS; k++) {
        if (like->target[k]) /* numbers, or classes: four bytes each */
            l->target_each[k] = (size_t)fv__shape_sample(&like->shape[k]) * sizeof(float);
        l->room.target[k] = NULL;
    }
    const fv_status status = worth_it(ctx, set) ? start_thread(ctx, l) : FV_OK;
    if (status != FV_OK) {
        fv__loader_free(l);
        return status;
    }
    *out = l;
    return FV_OK;
}

void fv__loader_free(fv_loader *l) {
    if (!l) return;
    fv__background_free(l->thread);
    fv__pool_free(l->pool);
    fv__free(l->room.x);
    for (int k = 0; k < FV_TARGET_KINDS; k++) fv__free(l->room.target[k]);
    fv__free(l);
}

void fv__loader_drop(fv_loader *l) {
    if (l->thread) fv__background_wait(l->thread);
    l->batch.n = 0;
}

static bool is_ahead(const fv_loader *l, const fv_batch *b) {
    return l->batch.n > 0 && l->batch.n == b->n && l->batch.start == b->start &&
           l->batch.order == b->order && l->batch.epoch == b->epoch && l->batch.seed == b->seed;
}

static fv_status take_over(fv_context *ctx, fv_loader *l, const fv_learner_batch *to) {
    const size_t n = (size_t)l->batch.n;
    l->batch.n = 0;
    if (l->status != FV_OK) return fv__fail(ctx, l->status, "%s", l->own.message);
    memcpy(to->x, l->room.x, n * l->each);
    for (int k = 0; k < FV_TARGET_KINDS; k++)
        if (to->target[k]) memcpy(to->target[k], l->room.target[k], n * l->target_each[k]);
    return FV_OK;
}

static void begin(fv_loader *l, const fv_batch *next) {
    l->batch = *next;
    fv__background_begin(l->thread);
}

fv_status fv__loader_take(fv_context *ctx, fv_loader *l, const fv_batch *batch,
                          const fv_batch *next, const fv_learner_batch *to) {
    if (!l->thread) return fv__targets_fill(ctx, l->set, &l->input, batch, to);
    fv__background_wait(l->thread);
    FV_TRY(is_ahead(l, batch) ? take_over(ctx, l, to)
                              : fv__targets_fill(ctx, l->set, &l->input, batch, to));
    l->batch.n = 0;
    if (next && next->n > 0) begin(l, next);
    return FV_OK;
}
