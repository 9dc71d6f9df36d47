/* SPDX-License-Identifier: MIT */
/*
 * hold.c - files held by a shared lock of flock, which belongs to the open file: several may hold
 * one, and who asks tries for it alone.
 */
#define _DARWIN_C_SOURCE 1 /* flock on macOS; glibc and musl always show it */
#include "base/hold.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#if !defined(__wasi__)
#include <sys/file.h>
#endif

#ifndef O_CLOEXEC
#define O_CLOEXEC 0
#endif

#if !defined(__wasi__)
static int lock(int fd, int how) {
    int r;
    do {
        r = flock(fd, how);
    } while (r != 0 && errno == EINTR);
    return r;
}
#endif

int fv__file_hold(const char *path) {
#if defined(__wasi__)
    (void)path;
    return -1;
#else
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    if (lock(fd, LOCK_SH) == 0) return fd;
    close(fd);
    return -1;
#endif
}

void fv__file_let_go(int hold) {
    if (hold >= 0) close(hold);
}

bool fv__file_held(const char *path) {
#if defined(__wasi__)
    (void)path;
    return false;
#else
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool held = lock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return held;
#endif
}
