/* SPDX-License-Identifier: MIT */
/*
 * file_append.c - bytes at the end of a file.
 */
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool write_to_end(int fd, const char *data, size_t size) {
    while (size > 0) {
        const ssize_t n = write(fd, data, size);
        if (n < 0 && errno != EINTR) return false;
        if (n > 0) {
            data += n;
            size -= (size_t)n;
        }
    }
    return true;
}

/* On the disk, where the file is one that can be. */
static bool settle(int fd) {
    int r;
    do {
        r = fsync(fd);
    } while (r != 0 && errno == EINTR);
    return r == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP;
}

fv_status fv__file_append(fv_context *ctx, const char *path, const void *data, size_t size) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) return fv__file_failed(ctx, "write", path, FV_FAILED);
    fv_status status = FV_OK;
    if (!write_to_end(fd, data, size) || !settle(fd))
        status = fv__file_failed(ctx, "write", path, FV_FAILED);
    if (close(fd) != 0 && status == FV_OK) status = fv__file_failed(ctx, "write", path, FV_FAILED);
    return status;
}
