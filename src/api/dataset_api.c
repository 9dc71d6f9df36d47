/* SPDX-License-Identifier: MIT */
/*
 * dataset_api.c - public: labelled samples by name and from files.
 */
#include "api/given.h"
#include "data/data.h"
#include "net/net.h"
#include <stdio.h>
#include <string.h>

int fv_dataset_kinds(void) {
    int count = 0;
    while (fv__dataset_kinds[count].name) count++;
    return count;
}

const char *fv_dataset_kind_name(int i) {
    return i >= 0 && i < fv_dataset_kinds() ? fv__dataset_kinds[i].name : NULL;
}

const char *fv_dataset_kind_help(int i) {
    return i >= 0 && i < fv_dataset_kinds() ? fv__dataset_kinds[i].help : NULL;
}

/* Memory for a part that is wanted. */
static fv_status make_room(fv_context *ctx, fv_dataset **part) {
    if (!part) return FV_OK;
    *part = fv__alloc(ctx, sizeof **part, "a data set");
    return *part ? FV_OK : FV_EXHAUSTED;
}

fv_status fv_dataset_open(fv_context *ctx, const char *word, uint64_t seed, fv_dataset **train,
                          fv_dataset **test) {
    if (train) *train = NULL;
    if (test) *test = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, word);
    if (!train && !test)
        return fv__fail(ctx, FV_USAGE, "%s: neither part of '%s' is wanted", __func__, word);
    fv_status status = make_room(ctx, train);
    if (status == FV_OK) status = make_room(ctx, test);
    if (status == FV_OK)
        status = fv__dataset_open(ctx, word, seed, train ? *train : NULL, test ? *test : NULL);
    if (status == FV_OK) return FV_OK;
    if (train) fv__free(*train);
    if (test) fv__free(*test);
    if (train) *train = NULL;
    if (test) *test = NULL;
    return status;
}

void fv_dataset_free(fv_dataset *set) {
    if (!set) return;
    fv__dataset_close(set);
    fv__free(set);
}

const char *fv_dataset_name(const fv_dataset *set) {
    return set ? set->name : NULL;
}

int64_t fv_dataset_count(const fv_dataset *set) {
    return set ? set->count : 0;
}

void fv_dataset_image(const fv_dataset *set, int64_t dims[3]) {
    dims[0] = set ? set->channels : 0;
    dims[1] = set ? set->height : 0;
    dims[2] = set ? set->width : 0;
}

int64_t fv_dataset_classes(const fv_dataset *set) {
    return set ? set->classes : 0;
}

uint64_t fv_dataset_checksum(const fv_dataset *set) {
    return set ? set->checksum : 0;
}
