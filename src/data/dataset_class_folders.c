/* SPDX-License-Identifier: MIT */
/*
 * dataset_class_folders.c - a folder with a folder of pictures for each class, in train and test or
 * without them.
 */
#include "data/listing.h"

static bool recognise(const char *name) {
    return fv__folder_exists(name);
}

/* A folder with nothing but empty folders is of no kind. */
static fv_status read_folder(fv_listing *l, const char *name) {
    FV_TRY(fv__tree_read(l, name));
    bool meant = l->count > 0;
    for (size_t i = 0; i < l->flaw_count; i++)
        meant = meant ||
                (l->flaws[i].kind != FV_FLAW_empty_class && l->flaws[i].kind != FV_FLAW_beside);
    return meant ? FV_OK : fv__dataset_unknown_folder(l->ctx, name);
}

const fv_dataset_kind fv__dataset_class_folders = {
    .name = "FOLDER",
    .help = "a folder with a folder of pictures for each class, or with such folders in train and "
            "test; without a test part a share of each class is set aside (split=0.2)",
    .by_path = true,
    .how = "a folder with a folder of pictures for each class",
    .holds = "pictures in a folder for each class",
    .recognise = recognise,
    .read = read_folder,
};
