/* SPDX-License-Identifier: MIT */
/*
 * dataset_class_folders.c - a folder with a folder of pictures for each class, in train and test or
 * without them.
 */
#include "data/listing.h"

static bool recognise(const char *name) {
    return fv__folder_exists(name);
}

static fv_status open_folder(fv_context *ctx, const char *name, const fv_set_options *options,
                             fv_dataset *train, fv_dataset *test) {
    fv_listing l;
    fv_status status = fv__listing_init(ctx, &l, name);
    if (status == FV_OK) status = fv__tree_read(&l, name);
    if (status == FV_OK && !l.count && !l.flaw_count)
        status = fv__dataset_unknown_folder(ctx, name);
    if (status == FV_OK) return fv__listing_open(&l, options, train, test);
    fv__listing_free(&l);
    return status;
}

const fv_dataset_kind fv__dataset_class_folders = {
    .name = "FOLDER",
    .help = "a folder with a folder of pictures for each class, or with such folders in train and "
            "test; without a test part a share of each class is set aside (split=0.2)",
    .by_path = true,
    .how = "a folder with a folder of pictures for each class",
    .holds = "pictures in a folder for each class",
    .recognise = recognise,
    .open = open_folder,
};
