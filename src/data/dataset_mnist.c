/* SPDX-License-Identifier: MIT */
/*
 * dataset_mnist.c - MNIST by name (LeCun, Cortes, Burges).
 */
#include "data/sets.h"
#include <string.h>

static bool recognise(const char *name) {
    return strcmp(name, "mnist") == 0;
}

static fv_status open_mnist(fv_context *ctx, const char *name, const fv_set_options *options,
                            fv_dataset *train, fv_dataset *test) {
    (void)options;
    return fv__idx_open_named(ctx, name, "https://ossci-datasets.s3.amazonaws.com/mnist/", NULL, 10,
                              train, test);
}

const fv_dataset_kind fv__dataset_mnist = {
    .name = "mnist",
    .help = "60,000 + 10,000 scanned handwritten digits, 28x28 gray; four IDX files",
    .class_names = fv__digit_names,
    .recognise = recognise,
    .open = open_mnist,
};
