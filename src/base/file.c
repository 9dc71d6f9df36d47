/* SPDX-License-Identifier: MIT */
/*
 * file.c - whole files in, whole files out.
 *
 * A file NAME is written as NAME.tmp, which is locked meanwhile: two programs that write the same
 * file take turns, and what a killed one left behind is taken over by the next.
 */
#define _DARWIN_C_SOURCE 1 /* flock on macOS; glibc and musl always show it */
#define _DEFAULT_SOURCE  1 /* madvise */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef FV_HAVE_MMAP
#include <sys/mman.h>
#endif
#if !defined(__wasi__)
#include <sys/file.h>
#endif

#ifndef O_CLOEXEC
#define O_CLOEXEC 0
#endif

/* Smaller files are read: that is as fast, and they may change on the disk meanwhile. */
#define MAP_FROM ((size_t)1 << 20)

/* What errno says, in words of ours; FV_OK: the status is the caller's. */
static const struct cause {
    int number;
    fv_status status;
    const char *words;
} causes[] = {
    {ENOENT, FV_OK, "it does not exist"},
    {EACCES, FV_OK, "no permission"},
    {EPERM, FV_OK, "no permission"},
    {ENOSPC, FV_EXHAUSTED, "the disk is full; free some space or choose another place"},
#ifdef EDQUOT
    {EDQUOT, FV_EXHAUSTED, "your share of the disk is used up (quota); free some of it"},
#endif
    {EFBIG, FV_EXHAUSTED, "it would be larger than a file may be here (see ulimit -f)"},
    {ENOMEM, FV_EXHAUSTED, "out of memory"},
    {EROFS, FV_OK, "that disk can only be read; choose another place"},
    {ENOTDIR, FV_OK, "a part of this path is not a folder"},
    {EISDIR, FV_OK, "it is a folder"},
    {EEXIST, FV_OK, "it is there already"},
    {ENAMETOOLONG, FV_OK, "the name is too long"},
};

fv_status fv__file_failed(fv_context *ctx, const char *verb, const char *path,
                          fv_status otherwise) {
    int e = errno;
    char words[128] = "";
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (causes[i].number == e)
            return fv__fail(ctx, causes[i].status != FV_OK ? causes[i].status : otherwise,
                            "cannot %s %s: %s", verb, path, causes[i].words);
    if (strerror_r(e, words, sizeof words) != 0) snprintf(words, sizeof words, "error %d", e);
    return fv__fail(ctx, otherwise, "cannot %s %s: %s", verb, path, words);
}

/* ------------------------------------------------------------------------------------ read --- */

static int open_again(const char *path, int flags, mode_t mode) {
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static fv_status fail_limit(fv_context *ctx, const char *path, size_t limit) {
    return fv__fail(ctx, FV_BAD_INPUT, "%s is too large: more than %zu bytes", path, limit);
}

/* Reads to the end; what is no plain file (a pipe) says no size before. */
static fv_status read_all(fv_context *ctx, int fd, const char *path, size_t expected, size_t limit,
                          fv_bytes *out) {
    void *data = NULL;
    size_t size = 0, capacity = 0;
    fv_status status = fv__grow(ctx, &data, &capacity, expected + 1, 1, path);
    while (status == FV_OK) {
        if (size == capacity) {
            status = fv__grow(ctx, &data, &capacity, size + 1, 1, path);
            if (status != FV_OK) break;
        }
        size_t most = capacity - size < (1u << 30) ? capacity - size : (1u << 30);
        ssize_t n = read(fd, (char *)data + size, most);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) status = fv__file_failed(ctx, "read", path, FV_BAD_INPUT);
        if (n <= 0) break;
        size += (size_t)n;
        if (limit != 0 && size > limit) status = fail_limit(ctx, path, limit);
    }
    if (status != FV_OK) {
        fv__free(data);
        return status;
    }
    *out = (fv_bytes){data, size, false, data};
    return FV_OK;
}

fv_status fv__file_read(fv_context *ctx, const char *path, size_t limit, fv_bytes *out) {
    *out = (fv_bytes){NULL, 0, false, NULL};
    int fd = open_again(path, O_RDONLY, 0);
    if (fd < 0) return fv__file_failed(ctx, "read", path, FV_BAD_INPUT);
    struct stat st;
    fv_status status = FV_OK;
    size_t expected = 0;
    if (fstat(fd, &st) != 0) {
        status = fv__file_failed(ctx, "read", path, FV_BAD_INPUT);
    } else if (S_ISDIR(st.st_mode)) {
        status = fv__fail(ctx, FV_BAD_INPUT, "cannot read %s: it is a folder", path);
    } else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) { /* it may never end */
        status = fv__fail(ctx, FV_BAD_INPUT,
                          "cannot read %s: it is a device; give a file, or a pipe into /dev/stdin",
                          path);
    } else if (S_ISREG(st.st_mode) && st.st_size > 0) {
        if ((uintmax_t)st.st_size >= PTRDIFF_MAX)
            status = fail_limit(ctx, path, PTRDIFF_MAX);
        else if (limit != 0 && (uintmax_t)st.st_size > limit)
            status = fail_limit(ctx, path, limit);
        else
            expected = (size_t)st.st_size;
    }
    if (status != FV_OK) {
        close(fd);
        return status;
    }
#ifdef FV_HAVE_MMAP
    if (expected >= MAP_FROM) {
        void *p = mmap(NULL, expected, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p != MAP_FAILED) {
            close(fd);
            *out = (fv_bytes){p, expected, true, p};
            return FV_OK;
        }
    }
#endif
    status = read_all(ctx, fd, path, expected, limit, out);
    close(fd);
    return status;
}

void fv__file_release(fv_bytes *bytes) {
    if (bytes->owner == NULL) return;
#ifdef FV_HAVE_MMAP
    if (bytes->mapped)
        munmap(bytes->owner, bytes->size);
    else
        fv__free(bytes->owner);
#else
    fv__free(bytes->owner);
#endif
    *bytes = (fv_bytes){NULL, 0, false, NULL};
}

size_t fv__file_mapped_size(const fv_bytes *bytes) {
#ifdef FV_HAVE_MMAP
    const long page = sysconf(_SC_PAGESIZE);
    if (bytes->mapped && page > 0)
        return (bytes->size + (size_t)page - 1) / (size_t)page * (size_t)page;
#endif
    return bytes->size;
}

void fv__file_forget(const void *from, size_t bytes) {
#if defined(FV_HAVE_MMAP) && defined(MADV_DONTNEED)
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)from;
    const uintptr_t start = (at + page - 1) / page * page, end = (at + bytes) / page * page;
    if (start < end) (void)madvise((void *)start, end - start, MADV_DONTNEED);
#else
    (void)from;
    (void)bytes;
#endif
}

bool fv__file_writable(fv_bytes *bytes) {
#ifdef FV_HAVE_MMAP
    return bytes->mapped && mprotect(bytes->owner, bytes->size, PROT_READ | PROT_WRITE) == 0;
#else
    (void)bytes;
    return false;
#endif
}

/* ----------------------------------------------------------------------------------- write --- */

/* Writes all of it; false with errno set. */
static bool write_all(int fd, const fv_piece *pieces, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *p = pieces[i].data;
        size_t left = pieces[i].size;
        while (left > 0) {
            ssize_t n = write(fd, p, left < (1u << 30) ? left : (1u << 30));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) {
                if (n == 0) errno = ENOSPC;
                return false;
            }
            p += n;
            left -= (size_t)n;
        }
    }
    return true;
}

/* Onto the disk. Some file systems have no such thing and say EINVAL. */
static bool sync_file(int fd) {
    int r;
    do {
        r = fsync(fd);
    } while (r != 0 && errno == EINTR);
    return r == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP;
}

/* The folder that holds `path`: its entry is on the disk only when the folder is. Where a folder
   cannot be opened or synced, or has a longer name than this, the entry reaches the disk a little
   later. */
static void sync_folder(const char *path) {
    char folder[4096] = ".";
    const char *slash = strrchr(path, '/');
    if (slash != NULL) {
        const size_t n = slash == path ? 1 : (size_t)(slash - path);
        if (n >= sizeof folder) return;
        memcpy(folder, path, n);
        folder[n] = '\0';
    }
    int fd = open_again(folder, O_RDONLY, 0);
    if (fd < 0) return;
    sync_file(fd);
    close(fd);
}

/* Opens the temporary and locks it. A lock is worth something only if the name still means the
   locked file: the one who had it before may have renamed it away. */
static int open_temporary(const char *path) {
    for (;;) {
        int fd = open_again(path, O_RDWR | O_CREAT, 0666);
#if defined(__wasi__)
        return fd;
#else
        if (fd < 0) return fd;
        struct stat mine, named;
        int r;
        do {
            r = flock(fd, LOCK_EX);
        } while (r != 0 && errno == EINTR);
        /* Without locks on this file system two writers at once stay the caller's business. */
        if (fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino &&
            mine.st_dev == named.st_dev) {
            return fd;
        }
        close(fd);
#endif
    }
}

/* Through a temporary beside it. */
static fv_status write_beside(fv_context *ctx, const char *path, const struct stat *old,
                              const fv_piece *pieces, size_t count) {
    size_t n = strlen(path);
    char *temporary = fv__alloc(ctx, n + 5, "a file's name");
    if (temporary == NULL) return FV_EXHAUSTED;
    memcpy(temporary, path, n);
    strcpy(temporary + n, ".tmp");
    fv_status status = FV_OK;
    int fd = open_temporary(temporary);
    if (fd < 0) {
        if (errno == ENOENT) {
            status = fv__fail(ctx, FV_FAILED, "cannot write %s: its folder does not exist", path);
        } else {
            status = fv__file_failed(ctx, "write", path, FV_FAILED);
        }
        fv__free(temporary);
        return status;
    }
    bool ok = ftruncate(fd, 0) == 0 && write_all(fd, pieces, count) && sync_file(fd);
#if !defined(__wasi__)
    if (ok && old != NULL) ok = fchmod(fd, old->st_mode & 07777) == 0 || errno == EPERM;
#else
    (void)old;
#endif
    /* Renamed before it is closed: closing ends the lock. */
    if (ok) ok = rename(temporary, path) == 0;
    if (!ok) {
        status = fv__file_failed(ctx, "write", path, FV_FAILED);
        unlink(temporary);
    }
    close(fd);
    if (ok) sync_folder(path);
    fv__free(temporary);
    return status;
}

/* Into what is there: a device or a pipe, which a rename would replace. */
static fv_status write_into(fv_context *ctx, const char *path, const fv_piece *pieces,
                            size_t count) {
    int fd = open_again(path, O_WRONLY, 0);
    if (fd < 0) return fv__file_failed(ctx, "write", path, FV_FAILED);
    fv_status status = FV_OK;
    if (!write_all(fd, pieces, count)) status = fv__file_failed(ctx, "write", path, FV_FAILED);
    if (close(fd) != 0 && status == FV_OK) status = fv__file_failed(ctx, "write", path, FV_FAILED);
    return status;
}

fv_status fv__file_write_pieces(fv_context *ctx, const char *path, const fv_piece *pieces,
                                size_t count) {
    struct stat st;
    if (path[0] == '\0') return fv__fail(ctx, FV_FAILED, "cannot write a file without a name");
    bool there = stat(path, &st) == 0;
    if (there && S_ISDIR(st.st_mode)) {
        return fv__fail(ctx, FV_FAILED, "cannot write %s: it is a folder", path);
    }
    if (there && !S_ISREG(st.st_mode)) return write_into(ctx, path, pieces, count);
    return write_beside(ctx, path, there ? &st : NULL, pieces, count);
}

fv_status fv__file_write(fv_context *ctx, const char *path, const void *data, size_t size) {
    fv_piece piece = {data, size};
    return fv__file_write_pieces(ctx, path, &piece, 1);
}

/* ----------------------------------------------------------------------------- the folders --- */

char *fv__path_in(fv_arena *arena, const char *folder, const char *name) {
    size_t n = strlen(folder);
    if (n == 0) return fv__arena_text(arena, name);
    while (n > 0 && folder[n - 1] == '/') n--;
    return fv__arena_format(arena, "%.*s/%s", (int)n, folder, name);
}

uint64_t fv__file_size(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

bool fv__file_exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* A symbolic link whose target is not there. */
static bool dangles(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && stat(path, &st) != 0;
}

bool fv__folder_exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

fv_status fv__folder_make(fv_context *ctx, const char *path) {
    size_t n = strlen(path);
    if (n == 0) return fv__fail(ctx, FV_FAILED, "cannot make a folder without a name");
    char *part = fv__alloc(ctx, n + 1, "a folder's name");
    if (part == NULL) return FV_EXHAUSTED;
    fv_status status = FV_OK;
    for (size_t i = 1; i <= n && status == FV_OK; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (fv__folder_exists(part) || mkdir(part, 0777) == 0) continue;
        int e = errno;
        if (fv__folder_exists(part)) continue; /* another program made it just now */
        if (fv__file_exists(part)) {
            status = fv__fail(ctx, FV_FAILED,
                              "cannot make the folder %s: a file of that name is "
                              "there",
                              part);
        } else if (dangles(part)) {
            status = fv__fail(ctx, FV_FAILED,
                              "cannot make the folder %s: a link of that name is there, and it "
                              "leads nowhere; make its target, or remove it",
                              part);
        } else {
            errno = e;
            status = fv__file_failed(ctx, "make the folder", part, FV_FAILED);
        }
    }
    fv__free(part);
    return status;
}

fv_status fv__file_rename(fv_context *ctx, const char *from, const char *to) {
    if (rename(from, to) != 0) return fv__file_failed(ctx, "rename", from, FV_FAILED);
    sync_folder(to);
    return FV_OK;
}

fv_status fv__file_remove(fv_context *ctx, const char *path) {
    if (remove(path) != 0) return fv__file_failed(ctx, "remove", path, FV_FAILED);
    return FV_OK;
}
