/* SPDX-License-Identifier: MIT */
/*
 * same_files.h - files of the same bytes, among those of a listing.
 */
#ifndef FV_DATA_SAME_FILES_H
#define FV_DATA_SAME_FILES_H

#include "data/listing.h"

/* FNV-1a over a file's bytes. FV_BAD_INPUT: it cannot be read. */
FV_MUST_USE fv_status fv__file_hash(fv_context *ctx, const char *path, uint64_t *out);

#endif
