/* SPDX-License-Identifier: MIT */
/*
 * batch.c - fills a batch from a data set: preprocessing, augmentation (draw.h), targets. What
 * augmentation draws comes from (seed, epoch, sample) alone, so neither the order nor the thread
 * count nor a resumed run changes it.
 */
#include "base/thread.h"
#include "data/draw.h"
#include "data/mix.h"
#include "data/views.h"
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
    fv_context *ctx; /* of the caller: read, not written */
    float *x;
    fv_levels levels;
    fv_status status[JOBS];
    char *message[JOBS]; /* of a job that failed */
} work;

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

/* Numbers of target t of one sample. */
static int64_t target_length(const work *w, const fv_batch_target *t) {
    const fv_target_offer *from = &w->set->target[t->index];
    const int64_t pixels = from->kind == FV_TARGET_MAP ? w->input->height * w->input->width : 1;
    return from->kind == FV_TARGET_VECTOR ? from->length : pixels * (t->classes ? t->classes : 1);
}

/* Shares of classes: 1 at the class of each pixel. */
static void put_shares(const int32_t *class, int64_t pixels, const fv_batch_target *t, float *out) {
    memset(out, 0, (size_t)(pixels * t->classes) * sizeof *out);
    for (int64_t i = 0; i < pixels; i++)
        if (class[i] != t->ignored && class[i] >= 0 && class[i] < t -> classes)
            out[class[i] * pixels + i] = 1;
}

/* A map as shares goes by a map of classes. */
static fv_status put_map_shares(fv_context *ctx, const work *w, const fv_sample *sample,
                                const fv_move *m, const fv_batch_target *t, fv_arena *scratch,
                                float *out) {
    const int64_t pixels = w->input->height * w->input->width;
    int32_t *map = fv__arena_alloc(scratch, (size_t)pixels * sizeof *map);
    if (!map) return FV_EXHAUSTED;
    FV_TRY(put_map(ctx, w->set, w->input, sample, &sample->target[t->index], m, t->ignored, map));
    put_shares(map, pixels, t, out);
    return FV_OK;
}

/* Target t of sample i of the batch. */
static fv_status put_target(fv_context *ctx, const work *w, const fv_sample *sample,
                            const fv_move *m, const fv_batch_target *t, int64_t i,
                            fv_arena *scratch) {
    const fv_target *from = &sample->target[t->index];
    const int64_t at = i * target_length(w, t);
    float *numbers = (float *)t->data + at;
    if (from->kind == FV_TARGET_VECTOR) {
        memcpy(numbers, from->data, (size_t)target_length(w, t) * sizeof(float));
        return FV_OK;
    }
    if (from->kind == FV_TARGET_MAP && t->classes)
        return put_map_shares(ctx, w, sample, m, t, scratch, numbers);
    if (from->kind == FV_TARGET_MAP)
        return put_map(ctx, w->set, w->input, sample, from, m, t->ignored, (int32_t *)t->data + at);
    const int32_t class = fv__sample_class(sample, t->index);
    if (t->classes)
        put_shares(&class, 1, t, numbers);
    else
        ((int32_t *)t->data)[i] = class;
    return FV_OK;
}

static int64_t number_of(const fv_batch *b, int64_t i) {
    return b->order ? (int64_t)b->order[b->start + i] : b->start + i;
}

static fv_status fill_one(fv_context *ctx, const work *w, int64_t i, fv_arena *scratch) {
    const fv_batch *b = w->batch;
    int64_t each = w->input->channels * w->input->height * w->input->width;
    int64_t number = number_of(b, i);
    fv_sample sample;
    FV_TRY(fv__dataset_sample(ctx, w->set, number, scratch, &sample));
    const fv_input met = fv__input_met(w->input, &sample.image);
    fv_drawn drawn;
    fv_status status =
        b->views == FV_VIEWS_ONE
            ? fv__draw(b, number, &met, &sample.image, scratch, &drawn)
            : fv__view_of(ctx, &met, &sample.image, b->views, b->view, &drawn.warp, &drawn.move);
    const fv_move m = drawn.move;
    if (w->x && status == FV_OK)
        status = fv__preprocess_view(ctx, w->input, &w->levels, &sample.image, &m, w->x + i * each);
    if (w->x && status == FV_OK) fv__draw_cutout(b, number, w->input, w->x + i * each);
    for (int k = 0; status == FV_OK && k < w->count; k++)
        status = put_target(ctx, w, &sample, &m, &w->targets[k], i, scratch);
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

/* Samples i and n - 1 - i with each other (mix.h). */
static void mix_pair(void *arg, int64_t i, int worker) {
    (void)worker;
    const work *w = arg;
    const fv_input *in = w->input;
    const int64_t j = w->batch->n - 1 - i, each = in->channels * in->height * in->width;
    const fv_mix a = fv__mix_draw(w->batch, number_of(w->batch, i), in->width, in->height);
    const fv_mix b = fv__mix_draw(w->batch, number_of(w->batch, j), in->width, in->height);
    if (w->x)
        fv__mix_planes(&a, &b, in->channels, in->height, in->width, w->x + i * each,
                       w->x + j * each);
    for (int k = 0; k < w->count; k++) {
        const fv_batch_target *t = &w->targets[k];
        const int64_t n = target_length(w, t);
        float *one = (float *)t->data + i * n, *other = (float *)t->data + j * n;
        if (w->set->target[t->index].kind == FV_TARGET_MAP)
            fv__mix_planes(&a, &b, t->classes, in->height, in->width, one, other);
        else
            fv__mix_numbers(&a, &b, n, one, other);
    }
}

static fv_status check_mixing(fv_context *ctx, const work *w) {
    if (!w->batch->augment || !fv__augment_mixes(w->batch->augment)) return FV_OK;
    for (int k = 0; k < w->count; k++)
        if (w->set->target[w->targets[k].index].kind != FV_TARGET_VECTOR && !w->targets[k].classes)
            return fv__fail(
                ctx, FV_USAGE,
                "mixup and cutmix mix classes as shares of them, and plain classes were "
                "asked for");
    return FV_OK;
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
    FV_TRY(check_mixing(ctx, w));
    FV_TRY(fv__augment_takes(ctx, b->augment, w->set));
    if (!w->x || !w->set->one_size) return FV_OK;
    return fv__input_takes(ctx, w->input, w->set->dtype, w->set->channels);
}

static bool worth_sharing(fv_context *ctx, const work *w) {
    const fv_dataset *s = w->set;
    const fv_input *in = w->input;
    if (s->serial || fv__pool_size(ctx->pool) < 2) return false;
    const fv_augment *a = w->batch->augment;
    bool plain = s->pixels && !(a && (fv__augment_warps(a) || fv__augment_colours(a))) &&
                 fv__fits_as_is(in, s->width, s->height) && (s->channels == 1 || in->channels == 3);
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
    FV_TRY(first_failure(ctx, &w));
    if (batch->augment && fv__augment_mixes(batch->augment))
        fv__pool_run(ctx->pool, batch->n / 2, mix_pair, &w);
    return FV_OK;
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
