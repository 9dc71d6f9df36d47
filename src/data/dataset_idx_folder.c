/* SPDX-License-Identifier: MIT */
/*
 * dataset_idx_folder.c - a folder with four IDX files under MNIST's names.
 */
#include "data/sets.h"

static bool recognise(const char *name) {
    fv_idx_four f;
    return fv__folder_exists(name) && fv__idx_find(name, &f);
}

static fv_status open_folder(fv_context *ctx, const char *name, const fv_set_options *options,
                             fv_dataset *train, fv_dataset *test) {
    (void)options;
    fv_idx_four f;
    fv__idx_find(name, &f);
    return fv__idx_open(ctx, name, &f, 0, train, test);
}

const fv_dataset_kind fv__dataset_idx_folder = {
    .name = "FOLDER",
    .help = "a folder with four IDX files under MNIST's names, plain or .gz",
    .by_path = true,
    .how = "a folder with the four IDX files under MNIST's names",
    .holds = "the four IDX files " FV_IDX_FOUR " (each plain or as .gz)",
    .recognise = recognise,
    .open = open_folder,
};
