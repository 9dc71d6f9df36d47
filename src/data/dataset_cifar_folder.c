/* SPDX-License-Identifier: MIT */
/*
 * dataset_cifar_folder.c - a folder with CIFAR-10's binary files, or with files of one's own in the
 * same format (batches.meta.txt names their ten classes).
 */
#include "data/sets.h"

static bool recognise(const char *name) {
    char folder[FV_PATH_MAX];
    return fv__folder_exists(name) && fv__cifar10_find(name, folder);
}

static fv_status open_folder(fv_context *ctx, const char *name, const fv_set_options *options,
                             fv_dataset *train, fv_dataset *test) {
    (void)options;
    char folder[FV_PATH_MAX];
    if (fv__cifar10_find(name, folder)) return fv__cifar10_open(ctx, folder, train, test);
    return fv__fail(ctx, FV_BAD_INPUT, "%s: its files are gone", name);
}

const fv_dataset_kind fv__dataset_cifar_folder = {
    .name = "FOLDER",
    .help = "a folder with CIFAR-10's binary files, " FV_CIFAR10_FILES,
    .by_path = true,
    .how = "a folder with CIFAR-10's binary files",
    .holds = "CIFAR-10's binary files " FV_CIFAR10_FILES,
    .class_names = fv__cifar10_names,
    .recognise = recognise,
    .open = open_folder,
};
