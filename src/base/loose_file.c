/* SPDX-License-Identifier: MIT */
/*
 * loose_file.c - files that may be lost, written quickly. The temporary is locked meanwhile, and
 * what a killed writer left of it the next one takes over.
 */
#define _DARWIN_C_SOURCE 1 /* flock on macOS; glibc and musl always show it */
#include "base/loose_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#if !defined(__wasi__)
#include <sys/file.h>
#endif

#ifndef O_CLOEXEC
#define O_CLOEXEC 0
#endif

/* Whether the temporary is ours: locked, and still what the name means. */
static bool take(int fd, const char *temporary) {
#if defined(__wasi__)
    (void)fd, (void)temporary;
    return true;
#else
    struct stat mine, named;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
    return fstat(fd, &mine) == 0 && stat(temporary, &named) == 0 && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
#endif
}

static bool write_piece(int fd, const fv_piece *piece) {
    const char *at = piece->data;
    size_t left = piece->size;
    while (left > 0) {
        const ssize_t n = write(fd, at, left < (1u << 30) ? left : (1u << 30));
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = ENOSPC;
        if (n <= 0) return false;
        at += n;
        left -= (size_t)n;
    }
    return true;
}

static fv_status write_through(fv_context *ctx, const char *temporary, const char *path,
                               const fv_piece *pieces, size_t count) {
    int fd;
    do {
        fd = open(temporary, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return fv__file_failed(ctx, "write", path, FV_FAILED);
    if (!take(fd, temporary)) {
        close(fd);
        return FV_OK;
    }
    bool ok = ftruncate(fd, 0) == 0;
    for (size_t i = 0; ok && i < count; i++) ok = write_piece(fd, &pieces[i]);
    if (ok) ok = rename(temporary, path) == 0; /* before the lock ends */
    const fv_status status = ok ? FV_OK : fv__file_failed(ctx, "write", path, FV_FAILED);
    if (!ok) unlink(temporary);
    close(fd);
    return status;
}

fv_status fv__loose_write(fv_context *ctx, const char *path, const fv_piece *pieces, size_t count) {
    fv_text temporary = {.ctx = ctx};
    fv__text_addf(&temporary, "%s.tmp", path);
    fv_status status = fv__text_done(ctx, &temporary);
    if (status == FV_OK) status = write_through(ctx, temporary.data, path, pieces, count);
    fv__text_free(&temporary);
    return status;
}
