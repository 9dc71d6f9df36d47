/* SPDX-License-Identifier: MIT */
/*
 * batch.c - fills a batch from a data set: preprocessing, augmentation, targets.
 *
 * Augmentation is that of the CIFAR recipes (He et al. 2016, "Deep residual learning", section
 * 4.2): pad by `shift` pixels, cut the old size out at a random place, mirror every second image
 * by chance. Its numbers come from (seed, epoch, sample) alone, so neither the order nor the thread
 * count nor a resumed run changes them.
 */
#include "base/thread.h"
#include "data/preprocess.h"
#include <string.h>

#define JOBS 64 /* most parts a batch is shared out in */
/* Fewer values than this are filled faster than other threads wake up. */
#define WORTH_SHARING (1 << 18)

typedef struct work {
    const fv_dataset *set;
    const fv_input *input;
    const fv_batch *batch;
    const fv_batch_target *targets;
    int count;
    int64_t jobs;
    fv_key key;
    fv_context *ctx; /* of the caller: read, not written */
    float *x;
    fv_levels levels;
    fv_status status[JOBS];
    char *message[JOBS]; /* of a job that failed */
} work;

static fv_move draw_move(const work *w, int64_t sample) {
    const fv_augment *a = w->batch->augment;
    fv_move m = {0};
    if (!a || (!a->flip && a->shift == 0)) return m;
    uint32_t r[4];
    fv__philox(w->key, (uint64_t)sample, r);
    uint64_t steps = 2 * (uint64_t)a->shift + 1;
    m.flip = a->flip && r[0] >> 31;
    m.dx = (int64_t)(r[1] * steps >> 32) - a->shift;
    m.dy = (int64_t)(r[2] * steps >> 32) - a->shift;
    return m;
}

/* Classes beyond the set's would be read as weights that are not there. */
static fv_status check_map(fv_context *ctx, const fv_dataset *set, const int32_t *map, int64_t n,
                           int32_t ignored) {
    for (int64_t i = 0; i < n; i++)
        if (map[i] != ignored && (map[i] < 0 || map[i] >= set->classes))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "its map holds the class %ld, and the classes are 0 to %lld (%ld is "
                            "ignored)",
                            (long)map[i], (long long)set->classes - 1, (long)ignored);
    return FV_OK;
}

static fv_status put_map(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                         const fv_sample *sample, const fv_target *map, const fv_move *m,
                         int32_t ignored, int32_t *out) {
    fv_input met = fv__input_met(input, &sample->image);
    FV_TRY(fv__preprocess_map(ctx, &met, map, m, ignored, out));
    return check_map(ctx, set, out, met.height * met.width, ignored);
}

/* Target t of sample i of the batch. */
static fv_status put_target(fv_context *ctx, const work *w, const fv_sample *sample,
                            const fv_move *m, const fv_batch_target *t, int64_t i) {
    const fv_target *from = &sample->target[t->index];
    if (from->kind == FV_TARGET_CLASS) {
        ((int32_t *)t->data)[i] = fv__sample_class(sample, t->index);
        return FV_OK;
    }
    if (from->kind == FV_TARGET_VECTOR) {
        int64_t k = w->set->target[t->index].length;
        memcpy((float *)t->data + i * k, from->data, (size_t)k * sizeof(float));
        return FV_OK;
    }
    int64_t each = w->input->height * w->input->width;
    return put_map(ctx, w->set, w->input, sample, from, m, t->ignored,
                   (int32_t *)t->data + i * each);
}

static fv_status fill_one(fv_context *ctx, const work *w, int64_t i, fv_arena *scratch) {
    const fv_batch *b = w->batch;
    int64_t each = w->input->channels * w->input->height * w->input->width;
    int64_t number = b->order ? (int64_t)b->order[b->start + i] : b->start + i;
    fv_sample sample;
    FV_TRY(fv__dataset_sample(ctx, w->set, number, scratch, &sample));
    fv_move m = draw_move(w, number);
    fv_status status = FV_OK;
    if (w->x)
        status = fv__preprocess_view(ctx, w->input, &w->levels, &sample.image, &m, w->x + i * each);
    for (int k = 0; status == FV_OK && k < w->count; k++)
        status = put_target(ctx, w, &sample, &m, &w->targets[k], i);
    if (status == FV_OK) return FV_OK;
    return fv__sample_failed(ctx, w->set, number, &sample);
}

static void fill_part(void *arg, int64_t job, int worker) {
    (void)worker;
    work *w = arg;
    /* Messages of several threads must not meet in one context. */
    fv_context own = *w->ctx;
    own.pool = NULL;
    own.message[0] = 0;
    fv_status status = FV_OK;
    int64_t n = w->batch->n;
    for (int64_t i = n * job / w->jobs; status == FV_OK && i < n * (job + 1) / w->jobs; i++) {
        fv_arena scratch;
        fv__arena_init(&scratch, &own);
        status = fill_one(&own, w, i, &scratch);
        fv__arena_free(&scratch);
    }
    w->status[job] = status;
    if (status == FV_OK) return;
    size_t bytes = strlen(own.message) + 1;
    w->message[job] = fv__alloc(&own, bytes, "a message");
    if (w->message[job]) memcpy(w->message[job], own.message, bytes);
}

/* The first failure by number, whoever was first in time. */
static fv_status first_failure(fv_context *ctx, work *w) {
    fv_status status = FV_OK;
    for (int64_t j = 0; j < w->jobs; j++) {
        if (status == FV_OK && w->status[j] != FV_OK)
            status = fv__fail(ctx, w->status[j], "%s",
                              w->message[j] ? w->message[j]
                                            : "out of memory while preprocessing a batch");
        fv__free(w->message[j]);
    }
    return status;
}

static fv_status check_batch(fv_context *ctx, const work *w) {
    const fv_batch *b = w->batch;
    int64_t most = b->order ? -1 : b->start + b->n - 1;
    for (int64_t i = 0; b->order && b->start >= 0 && i < b->n; i++)
        if ((int64_t)b->order[b->start + i] > most) most = b->order[b->start + i];
    if (b->n < 0 || b->start < 0 || most >= w->set->count)
        return fv__fail(ctx, FV_USAGE, "sample %lld was asked for, and data set %s holds %lld",
                        (long long)most, w->set->name, (long long)w->set->count);
    for (int k = 0; k < w->count; k++)
        if (w->targets[k].index < 0 || w->targets[k].index >= w->set->targets)
            return fv__fail(ctx, FV_USAGE, "target %d was asked for, and data set %s offers %d",
                            w->targets[k].index, w->set->name, w->set->targets);
    if (!w->x || !w->set->one_size) return FV_OK;
    return fv__input_takes(ctx, w->input, w->set->dtype, w->set->channels);
}

static bool worth_sharing(fv_context *ctx, const work *w) {
    const fv_dataset *s = w->set;
    const fv_input *in = w->input;
    if (s->serial || fv__pool_size(ctx->pool) < 2) return false;
    bool plain = s->pixels && fv__fits_as_is(in, s->width, s->height) &&
                 (s->channels == 1 || in->channels == 3);
    return !plain || (w->x && w->batch->n * in->channels * in->height * in->width >= WORTH_SHARING);
}

fv_status fv__batch_fill(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                         const fv_batch *batch, float *x, const fv_batch_target *targets,
                         int count) {
    work w = {.set = set,
              .input = input,
              .batch = batch,
              .targets = targets,
              .count = count,
              .jobs = 1,
              .key = fv__key(batch->seed, FV_STREAM_AUGMENT, 0, batch->epoch),
              .ctx = ctx,
              .x = x};
    FV_TRY(fv__input_check(ctx, input));
    FV_TRY(check_batch(ctx, &w));
    fv__levels(input, &w.levels);
    if (worth_sharing(ctx, &w)) {
        w.jobs = batch->n < JOBS ? batch->n : JOBS;
        fv__pool_run(ctx->pool, w.jobs, fill_part, &w);
    } else {
        fill_part(&w, 0, 0);
    }
    return first_failure(ctx, &w);
}

fv_status fv__batch_fill_classes(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                                 const fv_batch *batch, float *x, int32_t *labels) {
    fv_batch_target classes = {.index = fv__dataset_target(set, FV_TARGET_CLASS), .data = labels};
    if (labels && classes.index < 0)
        return fv__fail(ctx, FV_BAD_INPUT, "data set %s has no classes to tell apart", set->name);
    return fv__batch_fill(ctx, set, input, batch, x, &classes, labels ? 1 : 0);
}

/* --- one sample at its own size ------------------------------------------------------------- */

static fv_status load_targets(fv_context *ctx, const fv_dataset *set, const fv_input *own,
                              const fv_sample *sample, int32_t ignored, fv_arena *scratch,
                              fv_loaded *out) {
    const fv_move still = {0};
    out->targets = sample->targets;
    for (int k = 0; k < sample->targets; k++) {
        out->target[k] = sample->target[k];
        if (sample->target[k].kind != FV_TARGET_MAP) continue;
        int32_t *map = fv__arena_alloc(scratch, (size_t)(own->height * own->width) * sizeof *map);
        if (!map) return FV_EXHAUSTED;
        FV_TRY(put_map(ctx, set, own, sample, &sample->target[k], &still, ignored, map));
        out->target[k] =
            (fv_target){FV_TARGET_MAP, FV_I32, fv__shape2(own->height, own->width), map};
    }
    return FV_OK;
}

static fv_status load(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                      const fv_sample *sample, int32_t ignored, fv_arena *scratch, fv_loaded *out) {
    const fv_move still = {0};
    fv_levels levels;
    fv_input own;
    size_t bytes;
    FV_TRY(fv__input_own_size(ctx, input, &sample->image, &own));
    FV_TRY(fv__input_check(ctx, &own));
    if (!fv__mul_size((size_t)(own.height * own.width), (size_t)own.channels * sizeof(float),
                      &bytes))
        return fv__fail(ctx, FV_BAD_INPUT, "its image is too large");
    out->x = fv__arena_alloc(scratch, bytes);
    if (!out->x) return FV_EXHAUSTED;
    out->height = own.height;
    out->width = own.width;
    fv__levels(&own, &levels);
    FV_TRY(fv__preprocess_view(ctx, &own, &levels, &sample->image, &still, out->x));
    return load_targets(ctx, set, &own, sample, ignored, scratch, out);
}

fv_status fv__sample_load(fv_context *ctx, const fv_dataset *set, const fv_input *input, int64_t i,
                          int32_t ignored, fv_arena *scratch, fv_loaded *out) {
    fv_sample sample;
    *out = (fv_loaded){0};
    FV_TRY(fv__dataset_sample(ctx, set, i, scratch, &sample));
    fv_status status = load(ctx, set, input, &sample, ignored, scratch, out);
    if (status == FV_OK) return FV_OK;
    return fv__sample_failed(ctx, set, i, &sample);
}
