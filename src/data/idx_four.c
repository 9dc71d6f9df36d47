/* SPDX-License-Identifier: MIT */
/*
 * idx_four.c - data sets of four IDX files: found in a folder, opened together.
 */
#include "data/sets.h"
#include <stdio.h>
#include <string.h>

static const char *const part[] = {"train", "train", "t10k", "t10k"};
static const char *const what[] = {"images", "labels", "images", "labels"};

const char *const fv__digit_names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", NULL};

/* One of the four: plain or .gz, with - or . before "idx". */
static bool find_one(const char *folder, int i, char out[FV_PATH_MAX]) {
    static const char *const before[] = {"-", "-", ".", "."}, *const after[] = {"", ".gz", "",
                                                                                ".gz"};
    for (int form = 0; form < 4; form++) {
        char name[64];
        snprintf(name, sizeof name, "%s-%s%sidx%d-ubyte%s", part[i], what[i], before[form],
                 i % 2 ? 1 : 3, after[form]);
        if (fv__path_put(out, folder, name) && fv__file_exists(out)) return true;
    }
    out[0] = 0;
    return false;
}

int fv__idx_find(const char *folder, fv_idx_four *out) {
    int found = 0;
    for (int i = 0; i < 4; i++) found += find_one(folder, i, out->path[i]);
    return found;
}

static fv_status check_all(fv_context *ctx, const char *folder, const fv_idx_four *f) {
    for (int i = 0; i < 4; i++)
        if (!f->path[i][0])
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s: the file %s-%s-idx%d-ubyte (or .gz) is missing beside the others",
                            folder, part[i], what[i], i % 2 ? 1 : 3);
    return FV_OK;
}

fv_status fv__idx_open(fv_context *ctx, const char *folder, const fv_idx_four *f, int64_t classes,
                       fv_dataset *train, fv_dataset *test) {
    FV_TRY(check_all(ctx, folder, f));
    if (train) FV_TRY(fv__idx_pair(ctx, f->path[0], f->path[1], classes, train));
    if (test) FV_TRY(fv__idx_pair(ctx, f->path[2], f->path[3], classes, test));
    if (!train || !test) return FV_OK;
    if (train->height != test->height || train->width != test->width)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the training images are %lldx%lld (height x width) and the test images "
                        "%lldx%lld; they do not belong together",
                        (long long)train->height, (long long)train->width, (long long)test->height,
                        (long long)test->width);
    int64_t most = train->classes > test->classes ? train->classes : test->classes;
    train->classes = test->classes = most;
    return FV_OK;
}

fv_status fv__idx_open_named(fv_context *ctx, const char *name, const char *source,
                             const char *installed, int64_t classes, fv_dataset *train,
                             fv_dataset *test) {
    fv_set_folders folders;
    fv_idx_four f;
    FV_TRY(fv__set_folders(ctx, name, installed, &folders));
    for (int i = 0; i < FV_SET_FOLDERS; i++)
        if (folders.path[i][0] && fv__idx_find(folders.path[i], &f))
            return fv__idx_open(ctx, folders.path[i], &f, classes, train, test);
    return fv__set_not_found(ctx, name, &folders, FV_IDX_FOUR ", each plain or as .gz,", source);
}
