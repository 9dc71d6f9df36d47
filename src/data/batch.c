/* SPDX-License-Identifier: MIT */
/*
 * batch.c - fills a batch from a data set: preprocessing, augmentation, labels.
 *
 * Augmentation is that of the CIFAR recipes (He et al. 2016, "Deep residual learning", section
 * 4.2): pad by `shift` pixels, cut the old size out at a random place, mirror every second picture
 * by chance. Its numbers come from (seed, epoch, picture) alone, so neither the order nor the
 * thread count nor a resumed run changes them.
 */
#include "base/thread.h"
#include "data/preprocess.h"

#define JOBS 64 /* most parts a batch is shared out in */
/* Fewer values than this are filled faster than other threads wake up. */
#define WORTH_SHARING (1 << 18)

typedef struct work {
    const fv_dataset *set;
    const fv_input *input;
    const uint32_t *order;
    int64_t start, n, jobs;
    const fv_recipe *augment;
    fv_key key;
    float *x;
    fv_levels levels;
    fv_status status[JOBS];
} work;

static fv_move draw_move(const work *w, int64_t picture) {
    fv_move m = {0};
    if (!w->augment || (!w->augment->flip && w->augment->shift == 0)) return m;
    uint32_t r[4];
    fv__philox(w->key, (uint64_t)picture, r);
    uint64_t places = 2 * (uint64_t)w->augment->shift + 1;
    m.flip = w->augment->flip && r[0] >> 31;
    m.dx = (int64_t)(r[1] * places >> 32) - w->augment->shift;
    m.dy = (int64_t)(r[2] * places >> 32) - w->augment->shift;
    return m;
}

static void fill_part(void *arg, int64_t job, int worker) {
    (void)worker;
    work *w = arg;
    const fv_dataset *s = w->set;
    /* Messages of several threads must not meet in one context; memory is all that can fail. */
    fv_context own = {0};
    int64_t plane = s->height * s->width, sample = plane * s->channels;
    int64_t each = w->input->channels * w->input->height * w->input->width;
    for (int64_t i = w->n * job / w->jobs; i < w->n * (job + 1) / w->jobs; i++) {
        int64_t picture = w->order ? (int64_t)w->order[w->start + i] : w->start + i;
        fv_pixels p = {s->pixels + picture * sample,
                       s->width,
                       s->height,
                       (int)s->channels,
                       s->width,
                       1,
                       plane};
        fv_move m = draw_move(w, picture);
        fv_status status =
            fv__preprocess_pixels(&own, w->input, &w->levels, &p, &m, w->x + i * each);
        if (status != FV_OK) w->status[job] = status;
    }
}

static fv_status check_range(fv_context *ctx, const fv_dataset *set, const uint32_t *order,
                             int64_t start, int64_t n) {
    int64_t most = order ? -1 : start + n - 1;
    for (int64_t i = 0; order && start >= 0 && i < n; i++)
        if ((int64_t)order[start + i] > most) most = order[start + i];
    if (n >= 0 && start >= 0 && most < set->count) return FV_OK;
    return fv__fail(ctx, FV_USAGE, "picture %lld was asked for, and the data set holds %lld",
                    (long long)most, (long long)set->count);
}

fv_status fv__batch_fill(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                         const uint32_t *order, int64_t start, int64_t n, const fv_recipe *augment,
                         uint64_t seed, uint64_t epoch, float *x, int32_t *labels) {
    FV_TRY(fv__input_check(ctx, input));
    FV_TRY(check_range(ctx, set, order, start, n));
    work w = {.set = set,
              .input = input,
              .order = order,
              .start = start,
              .n = n,
              .augment = augment,
              .x = x};
    w.key = fv__key(seed, FV_STREAM_AUGMENT, 0, epoch);
    fv__levels(input, &w.levels);
    for (int64_t i = 0; labels && i < n; i++)
        labels[i] = set->labels[order ? order[start + i] : start + i];
    bool plain = fv__fits_as_is(input, set->width, set->height) &&
                 (set->channels == 1 || input->channels == 3);
    int64_t values = n * input->channels * input->height * input->width;
    bool share = ctx->pool && fv__pool_size(ctx->pool) > 1 && (!plain || values >= WORTH_SHARING);
    w.jobs = n < JOBS ? n : JOBS;
    if (share)
        fv__pool_run(ctx->pool, w.jobs, fill_part, &w);
    else
        for (int64_t j = 0; j < w.jobs; j++) fill_part(&w, j, 0);
    for (int64_t j = 0; j < w.jobs; j++)
        if (w.status[j] != FV_OK)
            return fv__fail(ctx, w.status[j], "out of memory while preprocessing a batch of %lld",
                            (long long)n);
    return FV_OK;
}
