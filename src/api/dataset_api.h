/* SPDX-License-Identifier: MIT */
/*
 * dataset_api.h - samples chosen by number, as the public functions take them.
 */
#ifndef FV_API_DATASET_API_H
#define FV_API_DATASET_API_H

#include "data/data.h"

/* The samples' numbers as the loader wants them, to be freed, on failure too; NULL for `which`
   NULL, start … start+n-1. FV_USAGE: no such sample. */
FV_MUST_USE fv_status fv__take_order(fv_context *ctx, const fv_dataset *set, const int64_t *which,
                                     int64_t start, int64_t n, uint32_t **out);

#endif
