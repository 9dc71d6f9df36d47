/* SPDX-License-Identifier: MIT */
/*
 * dataset_cifar10.c - CIFAR-10 by name (Krizhevsky 2009).
 */
#include "data/sets.h"
#include <string.h>

static bool recognise(const char *name) {
    return strcmp(name, "cifar10") == 0;
}

static fv_status open_cifar10(fv_context *ctx, const char *name, const fv_set_options *options,
                              fv_dataset *train, fv_dataset *test) {
    (void)options;
    fv_set_folders folders;
    char folder[FV_PATH_MAX];
    FV_TRY(fv__set_folders(ctx, name, &folders));
    for (int i = 0; i < 2; i++)
        if (folders.path[i][0] && fv__cifar10_find(folders.path[i], folder))
            return fv__cifar10_open(ctx, folder, train, test);
    return fv__set_not_found(ctx, name, &folders, FV_CIFAR10_FILES,
                             "https://www.cs.toronto.edu/~kriz/cifar.html, the binary version");
}

const fv_dataset_kind fv__dataset_cifar10 = {
    .name = "cifar10",
    .help = "50,000 + 10,000 photos of ten kinds, 32x32 colour; CIFAR-10's binary files",
    .class_names = fv__cifar10_names,
    .recognise = recognise,
    .open = open_cifar10,
};
