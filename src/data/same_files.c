/* SPDX-License-Identifier: MIT */
/*
 * same_files.c - the same picture in training and test: what was learned by heart would count as
 * right. Files of one size on both sides are compared by their bytes' sums, while there are few; a
 * large set, and one whose files are all of one size, is compared by `fovea data check`.
 */
#include "data/same_files.h"
#include <stdlib.h>

#define BYTES_MOST ((uint64_t)64 << 20) /* read of all files together */
#define FILES_MOST 2000

fv_status fv__file_hash(fv_context *ctx, const char *path, uint64_t *out) {
    fv_bytes bytes = {0};
    FV_TRY(fv__file_read(ctx, path, (size_t)1 << 31, &bytes));
    *out = fv__fnv64(FV_FNV_START, bytes.data, bytes.size);
    fv__file_release(&bytes);
    return FV_OK;
}

/* A file among those of its size. */
typedef struct candidate {
    uint64_t size, hash;
    const fv_picture *picture;
} candidate;

static int by_size(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    if (x->picture->part != y->picture->part) return x->picture->part < y->picture->part ? -1 : 1;
    return x->picture < y->picture ? -1 : x->picture > y->picture;
}

/* Keeps those whose size is there on both sides. */
static size_t keep_both_sides(candidate *all, size_t count) {
    size_t kept = 0;
    for (size_t i = 0, n; i < count; i += n) {
        bool train = false, test = false;
        for (n = 0; i + n < count && all[i + n].size == all[i].size; n++) {
            train = train || all[i + n].picture->part == FV_PART_TRAIN;
            test = test || all[i + n].picture->part == FV_PART_TEST;
        }
        for (size_t k = 0; train && test && k < n; k++) all[kept++] = all[i + k];
    }
    return kept;
}

static fv_status hash_all(fv_listing *l, candidate *all, size_t *count) {
    uint64_t bytes = 0;
    size_t kept = 0;
    for (size_t i = 0; i < *count && kept < FILES_MOST && bytes < BYTES_MOST; i++) {
        fv_arena scratch;
        fv__arena_init(&scratch, l->ctx);
        const char *path = fv__listing_path(&scratch, l->base, all[i].picture->name);
        const fv_status status = path ? fv__file_hash(l->ctx, path, &all[i].hash) : FV_EXHAUSTED;
        fv__arena_free(&scratch);
        bytes += all[i].size;
        if (status == FV_OK) all[kept++] = all[i];
        if (status == FV_EXHAUSTED) return status;
    }
    *count = kept;
    return FV_OK;
}

static fv_status report(fv_listing *l, const candidate *all, size_t count) {
    for (size_t i = 0, n; i < count; i += n) {
        for (n = 0;
             i + n < count && all[i + n].size == all[i].size && all[i + n].hash == all[i].hash;)
            n++;
        /* training stands before test */
        for (size_t k = 1; k < n; k++)
            if (all[i].picture->part != all[i + k].picture->part)
                FV_TRY(fv__listing_found(l, FV_FLAW_across_parts, all[i + k].picture->name,
                                         all[i].picture->name, NULL));
    }
    return FV_OK;
}

fv_status fv__listing_compare_parts(fv_listing *l) {
    size_t count = l->count;
    candidate *all = fv__alloc(l->ctx, (count + 1) * sizeof *all, "comparing a data set's parts");
    if (!all) return FV_EXHAUSTED;
    for (size_t i = 0; i < count; i++)
        all[i] = (candidate){l->pictures[i].size, 0, &l->pictures[i]};
    if (count) qsort(all, count, sizeof *all, by_size);
    count = keep_both_sides(all, count);
    fv_status status = hash_all(l, all, &count);
    if (count) qsort(all, count, sizeof *all, by_size);
    if (status == FV_OK) status = report(l, all, count);
    fv__free(all);
    return status;
}
