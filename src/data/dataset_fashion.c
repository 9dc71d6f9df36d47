/* SPDX-License-Identifier: MIT */
/*
 * dataset_fashion.c - Fashion-MNIST by name (Xiao, Rasul, Vollgraf 2017), the files that Debian's
 * package dataset-fashion-mnist installs included.
 */
#include "data/sets.h"
#include <string.h>

static const char *const names[] = {"T-shirt/top", "Trouser",    "Pullover", "Dress",
                                    "Coat",        "Sandal",     "Shirt",    "Sneaker",
                                    "Bag",         "Ankle boot", NULL};

static bool recognise(const char *name) {
    return strcmp(name, "fashion") == 0;
}

static fv_status open_fashion(fv_context *ctx, const char *name, const fv_set_options *options,
                              fv_dataset *train, fv_dataset *test) {
    (void)options;
    return fv__idx_open_named(ctx, name,
                              "https://github.com/zalandoresearch/fashion-mnist, or by Debian's "
                              "package dataset-fashion-mnist",
                              "/usr/share/datasets/fashion-mnist", 10, train, test);
}

const fv_dataset_kind fv__dataset_fashion = {
    .name = "fashion",
    .help = "60,000 + 10,000 images of clothes (Fashion-MNIST), 28x28 gray; four IDX files",
    .class_names = names,
    .recognise = recognise,
    .open = open_fashion,
};
