/* SPDX-License-Identifier: MIT */
/*
 * lfs.c - Git LFS pointers (declared in file.h): the small texts that a repository holds in place
 * of its large files until `git lfs pull` fetches those. Taken for data, such a text gives the
 * strangest messages. Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
 */
#include "base/file.h"

#include <string.h>

/* The specification wants `version` first and says that a pointer is shorter than 1024 bytes. */
bool fv__is_lfs_pointer(const void *data, size_t size) {
    static const char start[] = "version https://git-lfs.github.com/spec/";
    return size >= sizeof start - 1 && size < 1024 && memcmp(data, start, sizeof start - 1) == 0;
}

fv_status fv__refuse_lfs_pointer(fv_context *ctx, const char *path, const void *data, size_t size) {
    if (!fv__is_lfs_pointer(data, size)) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: this is a Git LFS pointer, not the file itself; run `git lfs pull` in its "
                    "repository to fetch it",
                    path);
}
