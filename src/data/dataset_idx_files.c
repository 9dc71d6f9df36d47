/* SPDX-License-Identifier: MIT */
/*
 * dataset_idx_files.c - four IDX files by path, joined by commas. A path may hold commas itself:
 * then the four are those that are there.
 */
#include "data/sets.h"
#include <string.h>

static bool recognise(const char *name) {
    return strchr(name, ',') != NULL;
}

static bool take(const char *from, size_t n, char out[FV_PATH_MAX]) {
    if (n == 0 || n >= FV_PATH_MAX) return false;
    memcpy(out, from, n);
    out[n] = 0;
    return true;
}

/* Exactly three commas: whatever stands between them. */
static bool cut_plainly(const char *name, fv_idx_four *f) {
    for (int i = 0; i < 4; i++) {
        size_t n = strcspn(name, ",");
        if ((name[n] == ',') != (i < 3) || !take(name, n, f->path[i])) return false;
        name += n + 1;
    }
    return true;
}

/* Four files that are there, from path i on; each may reach over commas. */
static bool cut_by_files(const char *name, int i, fv_idx_four *f) {
    if (i == 3) return take(name, strlen(name), f->path[3]) && fv__file_exists(f->path[3]);
    for (const char *comma = strchr(name, ','); comma; comma = strchr(comma + 1, ','))
        if (take(name, (size_t)(comma - name), f->path[i]) && fv__file_exists(f->path[i]) &&
            cut_by_files(comma + 1, i + 1, f))
            return true;
    return false;
}

static fv_status open_files(fv_context *ctx, const char *name, const fv_set_options *options,
                            fv_dataset *train, fv_dataset *test) {
    (void)options;
    fv_idx_four f;
    if (cut_by_files(name, 0, &f) || cut_plainly(name, &f))
        return fv__idx_open(ctx, name, &f, 0, train, test);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "data set '%s': there is no folder of this name; four IDX files joined by "
                    "commas are expected: training images, training labels, test images, test "
                    "labels",
                    name);
}

const fv_dataset_kind fv__dataset_idx_files = {
    .name = "A,B,C,D",
    .help = "four IDX files: training images, training labels, test images, test labels",
    .by_path = true,
    .how = "four IDX files joined by commas",
    .recognise = recognise,
    .open = open_files,
};
