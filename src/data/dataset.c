/* SPDX-License-Identifier: MIT */
/*
 * dataset.c - data sets by name or path, whatever their kind; and whether a set fits a network.
 */
#include "data/listing.h"
#include "data/preprocess.h"
#include <stdio.h>
#include <string.h>

#define FV_DATASET(name) extern const fv_dataset_kind fv__dataset_##name;
#include "data/dataset_list.h"
#undef FV_DATASET

const fv_dataset_kind *const fv__dataset_kinds[] = {
#define FV_DATASET(name) &fv__dataset_##name,
#include "data/dataset_list.h"
#undef FV_DATASET
    NULL,
};
#define KINDS (sizeof fv__dataset_kinds / sizeof fv__dataset_kinds[0] - 1)

void fv__dataset_close(fv_dataset *set) {
    if (!set) return;
    if (set->close) set->close(set);
    for (size_t i = 0; i < sizeof set->owned / sizeof set->owned[0]; i++) fv__free(set->owned[i]);
    for (size_t i = 0; i < sizeof set->files / sizeof set->files[0]; i++)
        fv__file_release(&set->files[i]);
    *set = (fv_dataset){0};
}

/* A folder that no kind knows: what each would have found there. */
fv_status fv__dataset_unknown_folder(fv_context *ctx, const char *name) {
    fv_text holds = {.ctx = ctx};
    for (size_t i = 0; i < KINDS; i++)
        if (fv__dataset_kinds[i]->holds)
            fv__text_addf(&holds, "%s%s", holds.length ? ", nor " : "",
                          fv__dataset_kinds[i]->holds);
    fv_status status = fv__text_done(ctx, &holds);
    if (status == FV_OK)
        status = fv__fail(ctx, FV_BAD_INPUT, "%s: this folder does not hold %s", name, holds.data);
    fv__text_free(&holds);
    return status;
}

static fv_status unknown_name(fv_context *ctx, const char *name) {
    const char *words[KINDS];
    size_t n = 0;
    fv_text known = {.ctx = ctx}, paths = {.ctx = ctx};
    for (size_t i = 0; i < KINDS; i++) {
        const fv_dataset_kind *k = fv__dataset_kinds[i];
        if (k->by_path) {
            fv__text_addf(&paths, "%s%s", paths.length ? ", or " : "", k->how);
        } else {
            fv__text_addf(&known, "%s%s", n ? ", " : "", k->name);
            words[n++] = k->name;
        }
    }
    const char *near = fv__nearest(name, words, n);
    fv_status status = fv__text_done(ctx, &known);
    if (status == FV_OK) status = fv__text_done(ctx, &paths);
    if (status == FV_OK)
        status = fv__fail(ctx, FV_BAD_INPUT, "no data set '%s'%s%s%s Known by name: %s; or give %s",
                          name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : ".",
                          known.data, paths.data);
    fv__text_free(&known);
    fv__text_free(&paths);
    return status;
}

/* What every kind leaves to be done the same way. */
static void finish(const char *name, const fv_dataset_kind *kind, fv_dataset *set) {
    snprintf(set->name, sizeof set->name, "%s", name);
    if (!set->class_names) set->class_names = kind->class_names;
    if (set->pixels) set->checksum = fv__set_checksum(set);
}

const fv_dataset_kind *fv__dataset_kind_of(const char *name) {
    for (size_t i = 0; i < KINDS; i++)
        if (fv__dataset_kinds[i]->recognise(name)) return fv__dataset_kinds[i];
    return NULL;
}

static fv_status open_listed(fv_context *ctx, const fv_dataset_kind *kind, const char *name,
                             const fv_set_options *options, fv_dataset *train, fv_dataset *test) {
    fv_listing l;
    fv_status status = fv__listing_init(ctx, &l, name);
    if (status == FV_OK) status = kind->read(&l, name);
    if (status == FV_OK) return fv__listing_open(&l, options, train, test);
    fv__listing_free(&l);
    return status;
}

/* Its training samples alone, some of which are the test. */
static fv_status open_held(fv_context *ctx, const fv_dataset_kind *kind, const char *name,
                           const fv_set_options *options, fv_dataset *train, fv_dataset *test) {
    fv_dataset whole = {0};
    fv_status status = kind->open(ctx, name, options, &whole, NULL);
    if (status == FV_OK) status = fv__set_hold_out(ctx, name, &whole, options, train, test);
    fv__dataset_close(&whole);
    return status;
}

fv_status fv__dataset_open(fv_context *ctx, const char *name, uint64_t seed, fv_dataset *train,
                           fv_dataset *test) {
    fv_recipe usual;
    fv__recipe_defaults(&usual);
    return fv__dataset_open_with(ctx, name, &(fv_set_options){seed, seed, usual.split, 0, NULL},
                                 train, test);
}

fv_status fv__dataset_open_with(fv_context *ctx, const char *name, const fv_set_options *options,
                                fv_dataset *train, fv_dataset *test) {
    if (train) *train = (fv_dataset){0};
    if (test) *test = (fv_dataset){0};
    const fv_dataset_kind *kind = fv__dataset_kind_of(name);
    if (!kind) return unknown_name(ctx, name);
    fv_status status = kind->read          ? open_listed(ctx, kind, name, options, train, test)
                       : options->held > 0 ? open_held(ctx, kind, name, options, train, test)
                                           : kind->open(ctx, name, options, train, test);
    if (status != FV_OK) {
        fv__dataset_close(train);
        fv__dataset_close(test);
        return status;
    }
    if (train) finish(name, kind, train);
    if (test) finish(name, kind, test);
    return FV_OK;
}

fv_status fv__dataset_sample(fv_context *ctx, const fv_dataset *set, int64_t i, fv_arena *scratch,
                             fv_sample *out) {
    out->targets = 0;
    out->file = NULL;
    if (i < 0 || i >= set->count)
        return fv__fail(ctx, FV_USAGE, "sample %lld was asked for, and data set %s holds %lld",
                        (long long)i, set->name, (long long)set->count);
    fv_status status = set->sample(ctx, set, i, scratch, out);
    return status == FV_OK ? FV_OK : fv__sample_failed(ctx, set, i, out);
}

fv_status fv__sample_failed(fv_context *ctx, const fv_dataset *set, int64_t i,
                            const fv_sample *sample) {
    const bool named = sample->file != NULL;
    return fv__fail_in(ctx, "data set %s, sample %lld%s%s%s: ", set->name, (long long)i,
                       named ? " (" : "", named ? sample->file : "", named ? ")" : "");
}

void fv__dataset_tell(const fv_context *ctx, const fv_dataset *set) {
    for (int i = 0; i < set->remark_count; i++)
        fv__log(ctx, set->remark[i].level, "%s", set->remark[i].text);
}

fv_status fv__dataset_labels(fv_context *ctx, const fv_dataset *set, int32_t *labels) {
    const int target = fv__dataset_target(set, FV_TARGET_CLASS);
    if (target < 0)
        return fv__fail(ctx, FV_BAD_INPUT, "data set %s has no classes to tell apart", set->name);
    if (set->labels) {
        memcpy(labels, set->labels, (size_t)set->count * sizeof *labels);
        return FV_OK;
    }
    for (int64_t i = 0; i < set->count; i++) {
        fv_arena scratch;
        fv_sample sample;
        fv__arena_init(&scratch, ctx);
        const fv_status status = fv__dataset_sample(ctx, set, i, &scratch, &sample);
        if (status == FV_OK) labels[i] = fv__sample_class(&sample, target);
        fv__arena_free(&scratch);
        FV_TRY(status);
    }
    return FV_OK;
}

const char *fv__dataset_file(const fv_dataset *set, int64_t i) {
    return set->file && i >= 0 && i < set->count ? set->file(set, i) : NULL;
}

int fv__dataset_target(const fv_dataset *set, fv_target_kind kind) {
    for (int k = 0; k < set->targets; k++)
        if (set->target[k].kind == kind) return k;
    return -1;
}

int32_t fv__sample_class(const fv_sample *sample, int index) {
    const fv_target *t = &sample->target[index];
    return t->dtype == FV_U8 ? *(const uint8_t *)t->data : *(const int32_t *)t->data;
}

fv_status fv__dataset_fits(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                           int64_t outputs) {
    FV_TRY(fv__input_check(ctx, input));
    if (set->one_size) FV_TRY(fv__input_takes(ctx, input, set->dtype, set->channels));
    if (outputs == 0) return FV_OK;
    if (fv__dataset_target(set, FV_TARGET_CLASS) < 0)
        return fv__fail(ctx, FV_BAD_INPUT, "data set %s has no classes to tell apart", set->name);
    /* Of sets known by name the classes are certain; of others the labels only show the least. */
    bool certain = set->class_names != NULL;
    if (outputs >= set->classes && (!certain || outputs == set->classes)) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "data set %s has %lld classes, and the network has %lld outputs; give "
                    "classes=%lld if the network has that parameter",
                    set->name, (long long)set->classes, (long long)outputs,
                    (long long)set->classes);
}
