/* SPDX-License-Identifier: MIT */
/*
 * dataset_list_file.c - a list of pictures with their classes, as .csv or .tsv.
 */
#include "data/listing.h"
#include <string.h>

static bool recognise(const char *name) {
    if (!fv__ends_with(name, ".csv") && !fv__ends_with(name, ".tsv")) return false;
    return fv__file_exists(name) || !strchr(name, ',');
}

const fv_dataset_kind fv__dataset_list_file = {
    .name = "LIST.csv",
    .help = "a list of pictures, a line each: file,label or file,label,part (train, test, val); "
            "LIST.tsv has tabs for commas",
    .by_path = true,
    .how = "a list of pictures, LIST.csv or LIST.tsv",
    .recognise = recognise,
    .read = fv__list_read,
};
