/* SPDX-License-Identifier: MIT */
/*
 * file.h - whole files in, whole files out.
 *
 * A file is either there complete or not at all: writing goes to a temporary beside it, fsync,
 * rename, fsync of the folder.
 */
#ifndef FV_BASE_FILE_H
#define FV_BASE_FILE_H

#include "base/checksum.h"
#include "base/text.h"

/* A file's bytes: mapped where the system can, read otherwise. */
typedef struct fv_bytes {
    const uint8_t *data; /* one byte past the end is NOT readable */
    size_t size;
    bool mapped;
    void *owner;
} fv_bytes;

/* "cannot write runs/a: no permission" by errno, with the status that it asks for. */
fv_status fv__file_failed(fv_context *ctx, const char *verb, const char *path, fv_status otherwise);

/* FV_BAD_INPUT when missing, a folder, or larger than `limit` (0: no limit); names path and cause.
 */
FV_MUST_USE fv_status fv__file_read(fv_context *ctx, const char *path, size_t limit, fv_bytes *out);
void fv__file_release(fv_bytes *bytes);
/* How many bytes can be read: of mapped ones to the end of the last page, zeros behind the file's.
 */
size_t fv__file_mapped_size(const fv_bytes *bytes);
/* Gives back the memory of mapped bytes that nobody changed: whole pages of a range, which come
   from the file again when they are read. */
void fv__file_forget(const void *from, size_t bytes);
/* Lets mapped bytes be changed in memory; the file stays as it is (copy on write). False: they are
   not mapped, or the system does not allow it. */
bool fv__file_writable(fv_bytes *bytes);

/* Whether these bytes are a whole Git LFS pointer: a small text in place of a file that was not
   fetched. The second says so, FV_BAD_INPUT, and how to fetch it; FV_OK when they are none. */
bool fv__is_lfs_pointer(const void *data, size_t size);
FV_MUST_USE fv_status fv__refuse_lfs_pointer(fv_context *ctx, const char *path, const void *data,
                                             size_t size);

/* Atomic, as above. FV_EXHAUSTED on a full disk, FV_FAILED otherwise; the old file is untouched. */
FV_MUST_USE fv_status fv__file_write(fv_context *ctx, const char *path, const void *data,
                                     size_t size);
/* Several pieces one after the other (a header and a large block). */
typedef struct fv_piece {
    const void *data;
    size_t size;
} fv_piece;
FV_MUST_USE fv_status fv__file_write_pieces(fv_context *ctx, const char *path,
                                            const fv_piece *pieces, size_t count);

/* At the end of a file, which is made where it is not there. Not atomic: after a crash it may hold
   a part of this. FV_EXHAUSTED on a full disk, FV_FAILED otherwise. */
FV_MUST_USE fv_status fv__file_append(fv_context *ctx, const char *path, const void *data,
                                      size_t size);

/* "folder/name", in the arena; "" and slashes at the folder's end are taken as they are meant. NULL
   when memory is refused. */
char *fv__path_in(fv_arena *arena, const char *folder, const char *name);

/* How many bytes a file has; 0 when it is not there. */
uint64_t fv__file_size(const char *path);
bool fv__file_exists(const char *path);
bool fv__folder_exists(const char *path);
FV_MUST_USE fv_status fv__folder_make(fv_context *ctx, const char *path); /* and its parents */
FV_MUST_USE fv_status fv__file_rename(fv_context *ctx, const char *from, const char *to);
FV_MUST_USE fv_status fv__file_remove(fv_context *ctx, const char *path); /* or an empty folder */

#endif
