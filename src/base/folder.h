/* SPDX-License-Identifier: MIT */
/*
 * folder.h - what is in a folder.
 */
#ifndef FV_BASE_FOLDER_H
#define FV_BASE_FOLDER_H

#include "base/memory.h"

typedef enum fv_entry_kind {
    FV_ENTRY_FILE,
    FV_ENTRY_FOLDER,
    FV_ENTRY_OTHER /* a pipe, a device, a link that leads nowhere or round in a circle */
} fv_entry_kind;

/* One name of a folder; what it is, links followed. */
typedef struct fv_entry {
    const char *name;
    fv_entry_kind kind;
    uint64_t size;          /* of a file, in bytes */
    int64_t modified;       /* nanoseconds since 1970 */
    uint64_t device, inode; /* which thing on the disk: a folder met again is a loop of links */
} fv_entry;

/* What is in a folder but "." and "..", in the order of the names' bytes, which is the same on
   every machine. Names lie in the arena, *out is to be freed. FV_BAD_INPUT: it cannot be read. */
FV_MUST_USE fv_status fv__folder_list(fv_context *ctx, fv_arena *arena, const char *path,
                                      fv_entry **out, size_t *count);
/* One path, whatever it is; false: there is nothing of that name. `name` stays NULL. */
bool fv__entry_at(const char *path, fv_entry *out);

#endif
