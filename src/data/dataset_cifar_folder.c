/* SPDX-License-Identifier: MIT */
/*
 * dataset_cifar_folder.c - a folder with the binary files of CIFAR-10 or CIFAR-100, or with files
 * of one's own in the same formats (batches.meta.txt or fine_label_names.txt names their classes).
 */
#include "data/sets.h"

/* Which of them is there; NULL: none. */
static const fv_cifar *find(const char *name, char folder[FV_PATH_MAX]) {
    if (!fv__folder_exists(name)) return NULL;
    if (fv__cifar_find(&fv__cifar10, name, folder)) return &fv__cifar10;
    return fv__cifar_find(&fv__cifar100, name, folder) ? &fv__cifar100 : NULL;
}

static bool recognise(const char *name) {
    char folder[FV_PATH_MAX];
    return find(name, folder) != NULL;
}

static fv_status open_folder(fv_context *ctx, const char *name, const fv_set_options *options,
                             fv_dataset *train, fv_dataset *test) {
    (void)options;
    char folder[FV_PATH_MAX];
    const fv_cifar *kind = find(name, folder);
    if (kind) return fv__cifar_open(ctx, kind, folder, train, test);
    return fv__fail(ctx, FV_BAD_INPUT, "%s: its files are gone", name);
}

const fv_dataset_kind fv__dataset_cifar_folder = {
    .name = "FOLDER",
    .help = "a folder with CIFAR-10's binary files, data_batch_1.bin and so on, or CIFAR-100's, "
            "train.bin and test.bin",
    .by_path = true,
    .how = "a folder with CIFAR-10's or CIFAR-100's binary files",
    .holds = "CIFAR-10's binary files data_batch_1.bin to data_batch_5.bin and test_batch.bin, or "
             "CIFAR-100's, train.bin and test.bin",
    .recognise = recognise,
    .open = open_folder,
};
