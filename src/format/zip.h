/* SPDX-License-Identifier: MIT */
/*
 * zip.h - the files of a ZIP archive in memory, where they lie stored, as PyTorch writes them.
 */
#ifndef FV_FORMAT_ZIP_H
#define FV_FORMAT_ZIP_H

#include "base/memory.h"

typedef struct fv_zip_entry {
    const char *name; /* `length` bytes of the archive, not ended by 0 */
    size_t length;
    uint64_t header;        /* where its own header lies */
    uint64_t packed, bytes; /* in the archive, and unpacked */
    unsigned method, flags; /* 0: stored */
} fv_zip_entry;

typedef struct fv_zip {
    const uint8_t *data;
    size_t size;
    fv_zip_entry *entries; /* sorted by name */
    size_t count;
} fv_zip;

bool fv__is_zip(const uint8_t *data, size_t size);
/* The list at the archive's end, in the arena; FV_BAD_INPUT: none, or one that lies. */
FV_MUST_USE fv_status fv__zip_read(fv_context *ctx, fv_arena *arena, const uint8_t *data,
                                   size_t size, fv_zip *out);
/* The one called `folder` followed by `name`; NULL: none. */
const fv_zip_entry *fv__zip_find(const fv_zip *zip, const char *folder, size_t folder_length,
                                 const char *name, size_t name_length);
/* Its `bytes` bytes. FV_BAD_INPUT: packed, encrypted, outside of the archive. */
FV_MUST_USE fv_status fv__zip_bytes(fv_context *ctx, const fv_zip *zip, const fv_zip_entry *e,
                                    const uint8_t **out);

#endif
