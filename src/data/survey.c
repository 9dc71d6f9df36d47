/* SPDX-License-Identifier: MIT */
/*
 * survey.c - every picture of a data set read once, on all threads.
 */
#include "data/survey.h"
#include "base/thread.h"
#include "data/picture_names.h"
#include "data/resize.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PIECE  256 /* pictures between two reports of how far it is */
#define ACROSS 9
#define DOWN   8

fv_status fv__look_of(fv_context *ctx, const fv_image_view *image, uint64_t *look, bool *telling) {
    static const float luma[] = {0.299f, 0.587f, 0.114f};
    float plane[ACROSS * DOWN], mean[ACROSS * DOWN] = {0}, least = 255, most = 0;
    const int channels = image->channels < 3 ? 1 : 3;
    *look = 0;
    for (int c = 0; c < channels; c++) {
        FV_TRY(fv__resize_plane(ctx, image, c, ACROSS, DOWN, 0, 0, ACROSS, DOWN, plane));
        for (int i = 0; i < ACROSS * DOWN; i++)
            mean[i] += plane[i] * (channels == 1 ? 1.0f : luma[c]);
    }
    for (int i = 0; i < ACROSS * DOWN; i++) {
        least = fminf(least, mean[i]);
        most = fmaxf(most, mean[i]);
    }
    for (int y = 0; y < DOWN; y++)
        for (int x = 0; x + 1 < ACROSS; x++)
            *look = *look << 1 | (mean[y * ACROSS + x + 1] > mean[y * ACROSS + x] + 1);
    const int ones = __builtin_popcountll(*look);
    *telling = most - least > 24 && ones >= 12 && ones <= 52;
    return FV_OK;
}

static bool all_gray(const fv_image *p) {
    if (p->channels < 3) return true;
    for (const uint8_t *v = p->pixels, *end = v + p->width * p->height * 3; v < end; v += 3)
        if (v[0] != v[1] || v[0] != v[2]) return false;
    return true;
}

/* Why a file cannot be read, without its path before it. */
static void keep_reason(fv_context *ctx, const char *path, fv_seen *s) {
    const size_t n = strlen(path);
    const char *why = ctx->message;
    if (strncmp(why, path, n) == 0 && strncmp(why + n, ": ", 2) == 0) why += n + 2;
    char text[FV_MESSAGE_MAX];
    snprintf(text, sizeof text, "%s", why);
    s->why = fv__alloc(ctx, strlen(text) + 1, "a message");
    if (s->why) memcpy(s->why, text, strlen(text) + 1);
    if (!s->why) s->status = FV_EXHAUSTED;
}

static fv_status see_bytes(fv_context *ctx, const char *path, const fv_bytes *file, fv_seen *s) {
    fv_image image;
    const fv_image_format *is = fv__format_of_bytes(file->data, file->size);
    const fv_image_format *said = fv__format_of_name(path);
    s->sum = fv__fnv64(FV_FNV_START, file->data, file->size);
    s->picture = is != NULL || file->size == 0;
    if (is && is != said) s->end = is->ends;
    FV_TRY(fv__image_decode(ctx, path, file->data, file->size, &image));
    const fv_image_view view = fv__image_view(&image);
    s->width = image.width;
    s->height = image.height;
    s->gray = all_gray(&image);
    const fv_status status = fv__look_of(ctx, &view, &s->look, &s->telling);
    fv__image_free(&image);
    return status;
}

static void see_file(fv_context *ctx, const fv_listing *l, const fv_picture *p, fv_seen *s) {
    fv_arena scratch;
    fv_bytes file = {0};
    fv__arena_init(&scratch, ctx);
    const char *path = fv__listing_path(&scratch, l->base, p->name);
    s->status = path ? fv__file_read(ctx, path, (size_t)1 << 31, &file) : FV_EXHAUSTED;
    s->picture = true;
    if (s->status == FV_OK) s->status = see_bytes(ctx, path, &file, s);
    if (s->status == FV_BAD_INPUT) keep_reason(ctx, path, s);
    fv__file_release(&file);
    fv__arena_free(&scratch);
}

typedef struct piece {
    fv_context *ctx; /* of the caller: read, not written */
    const fv_listing *l;
    fv_seen *seen;
    size_t start;
} piece;

static void see_one(void *arg, int64_t job, int worker) {
    (void)worker;
    const piece *p = arg;
    fv_context own = *p->ctx; /* messages of several threads must not meet */
    own.pool = NULL;
    own.message[0] = 0;
    const size_t i = p->start + (size_t)job;
    see_file(&own, p->l, &p->l->pictures[i], &p->seen[i]);
}

static fv_status see_files(fv_context *ctx, fv_survey *s, fv_survey_watch *watch, void *user) {
    const size_t count = s->listing.count;
    for (size_t start = 0; start < count; start += PIECE) {
        const size_t n = count - start < PIECE ? count - start : PIECE;
        piece p = {ctx, &s->listing, s->seen, start};
        fv__pool_run(ctx->pool, (int64_t)n, see_one, &p);
        if (watch) watch(user, (int64_t)(start + n), (int64_t)count);
        for (size_t i = start; i < start + n; i++)
            if (s->seen[i].status != FV_OK && s->seen[i].status != FV_BAD_INPUT)
                return fv__fail_memory(ctx, 0, "reading a data set");
    }
    return FV_OK;
}

/* --- sets in memory: samples in place of files -------------------------------------------------
 */

static fv_status add_sample(fv_survey *s, const fv_dataset *set, fv_set_part part, int64_t i) {
    fv_listing *l = &s->listing;
    char name[64];
    snprintf(name, sizeof name, "%s image %lld", part == FV_PART_TRAIN ? "training" : "test",
             (long long)i);
    return fv__listing_add(l, &(fv_picture){name, set->labels[i], part, 0, 0});
}

static fv_status add_set(fv_survey *s, const fv_dataset *set, fv_set_part part) {
    for (int64_t i = 0; i < set->count; i++) FV_TRY(add_sample(s, set, part, i));
    return FV_OK;
}

static fv_status add_classes(fv_survey *s, const fv_dataset *set) {
    for (int64_t k = 0; k < set->classes; k++) {
        char number[24];
        int32_t at;
        snprintf(number, sizeof number, "%lld", (long long)k);
        FV_TRY(
            fv__listing_class(&s->listing, set->class_names ? set->class_names[k] : number, &at));
    }
    return FV_OK;
}

static void see_samples(fv_survey *s, const fv_dataset *set, size_t from) {
    const size_t bytes = (size_t)(set->channels * set->height * set->width);
    for (int64_t i = 0; i < set->count; i++) {
        fv_seen *to = &s->seen[from + (size_t)i];
        to->sum = fv__fnv64(FV_FNV_START, set->pixels + (size_t)i * bytes, bytes);
        to->width = set->width;
        to->height = set->height;
        to->gray = set->channels == 1;
    }
}

static fv_status survey_memory(fv_context *ctx, fv_survey *s, const char *name,
                               const fv_set_options *options) {
    fv_dataset train, test;
    FV_TRY(fv__dataset_open_with(ctx, name, options, &train, &test));
    fv_status status = train.pixels && test.pixels
                           ? FV_OK
                           : fv__fail(ctx, FV_USAGE, "%s: this set cannot be checked", name);
    const fv_dataset *more = train.classes >= test.classes ? &train : &test;
    if (status == FV_OK) status = add_classes(s, more);
    if (status == FV_OK) status = add_set(s, &train, FV_PART_TRAIN);
    if (status == FV_OK) status = add_set(s, &test, FV_PART_TEST);
    if (status == FV_OK) {
        s->seen = fv__alloc(ctx, (s->listing.count + 1) * sizeof *s->seen, "a data set's check");
        if (!s->seen) status = FV_EXHAUSTED;
    }
    if (status == FV_OK) {
        see_samples(s, &train, 0);
        see_samples(s, &test, (size_t)train.count);
    }
    fv__dataset_close(&train);
    fv__dataset_close(&test);
    return status;
}

static fv_status survey(fv_context *ctx, const char *name, const fv_set_options *options,
                        fv_survey_watch *watch, void *user, fv_survey *s) {
    const fv_dataset_kind *kind = fv__dataset_kind_of(name);
    FV_TRY(fv__listing_init(ctx, &s->listing, name));
    s->files = kind && kind->read;
    if (!s->files) {
        FV_TRY(survey_memory(ctx, s, name, options));
        return fv__survey_judge(s);
    }
    FV_TRY(kind->read(&s->listing, name));
    FV_TRY(fv__listing_settle(&s->listing, options));
    s->seen = fv__alloc(ctx, (s->listing.count + 1) * sizeof *s->seen, "a data set's check");
    if (!s->seen) return FV_EXHAUSTED;
    FV_TRY(see_files(ctx, s, watch, user));
    return fv__survey_judge(s);
}

fv_status fv__survey(fv_context *ctx, const char *name, const fv_set_options *options,
                     fv_survey_watch *watch, void *user, fv_survey *out) {
    *out = (fv_survey){0};
    const fv_status status = survey(ctx, name, options, watch, user, out);
    if (status != FV_OK) fv__survey_free(out);
    return status;
}

void fv__survey_free(fv_survey *s) {
    for (size_t i = 0; s->seen && i < s->listing.count; i++) fv__free(s->seen[i].why);
    fv__free(s->seen);
    fv__listing_free(&s->listing);
    *s = (fv_survey){0};
}
