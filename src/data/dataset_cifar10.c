/* SPDX-License-Identifier: MIT */
/*
 * dataset_cifar10.c - CIFAR-10 by name (Krizhevsky 2009).
 */
#include "data/sets.h"
#include <string.h>

static const char *const names[] = {"airplane", "automobile", "bird", "cat",   "deer", "dog",
                                    "frog",     "horse",      "ship", "truck", NULL};

const fv_cifar fv__cifar10 = {
    .title = "CIFAR-10",
    .label_bytes = 1,
    .classes = 10,
    .training = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                 "data_batch_5.bin"},
    .test = "test_batch.bin",
    .meta = "batches.meta.txt",
    .python = "data_batch_1",
    .inner = {"cifar-10-batches-bin", "cifar-10-batches-py"},
    .files = "data_batch_1.bin to data_batch_5.bin and test_batch.bin",
    .names = names,
};

static bool recognise(const char *name) {
    return strcmp(name, "cifar10") == 0;
}

static fv_status open_cifar10(fv_context *ctx, const char *name, const fv_set_options *options,
                              fv_dataset *train, fv_dataset *test) {
    (void)options;
    return fv__cifar_open_named(ctx, &fv__cifar10, name, train, test);
}

const fv_dataset_kind fv__dataset_cifar10 = {
    .name = "cifar10",
    .help = "50,000 + 10,000 photos of ten kinds, 32x32 colour; CIFAR-10's binary files",
    .class_names = names,
    .recognise = recognise,
    .open = open_cifar10,
};
