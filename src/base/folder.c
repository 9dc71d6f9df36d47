/* SPDX-License-Identifier: MIT */
/*
 * folder.c - what is in a folder.
 */
#include "base/folder.h"
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef __APPLE__
#define st_mtim st_mtimespec
#endif

static bool look(const char *path, fv_entry *e) {
    struct stat st;
    e->kind = FV_ENTRY_OTHER;
    if (stat(path, &st) != 0) return lstat(path, &st) == 0;
    if (S_ISDIR(st.st_mode)) e->kind = FV_ENTRY_FOLDER;
    if (S_ISREG(st.st_mode)) e->kind = FV_ENTRY_FILE;
    e->size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
    e->modified = (int64_t)st.st_mtim.tv_sec * 1000000000 + (int64_t)st.st_mtim.tv_nsec;
    e->device = (uint64_t)st.st_dev;
    e->inode = (uint64_t)st.st_ino;
    return true;
}

bool fv__entry_at(const char *path, fv_entry *out) {
    *out = (fv_entry){0};
    return look(path, out);
}

typedef struct list {
    fv_entry *entries;
    size_t count, capacity;
} list;

static fv_status add(fv_context *ctx, fv_arena *arena, const char *folder, const char *name,
                     list *l) {
    void *items = l->entries;
    fv_status status =
        fv__grow(ctx, &items, &l->capacity, l->count + 1, sizeof *l->entries, "a folder's names");
    l->entries = items;
    FV_TRY(status);
    fv_entry *e = &l->entries[l->count];
    *e = (fv_entry){.name = fv__arena_text(arena, name)};
    fv_text path = {.ctx = ctx};
    fv__text_addf(&path, "%s/%s", folder, name);
    if (e->name && !path.failed && look(path.data, e)) l->count++; /* or it is gone already */
    status = e->name ? fv__text_done(ctx, &path) : FV_EXHAUSTED;
    fv__text_free(&path);
    return status;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const fv_entry *)a)->name, ((const fv_entry *)b)->name);
}

fv_status fv__folder_list(fv_context *ctx, fv_arena *arena, const char *path, fv_entry **out,
                          size_t *count) {
    list l = {0};
    *out = NULL;
    *count = 0;
    DIR *folder = opendir(path);
    if (!folder) return fv__file_failed(ctx, "read the folder", path, FV_BAD_INPUT);
    fv_status status = FV_OK;
    while (status == FV_OK) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry && errno) status = fv__file_failed(ctx, "read the folder", path, FV_BAD_INPUT);
        if (!entry) break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = add(ctx, arena, path, entry->d_name, &l);
    }
    closedir(folder);
    if (status != FV_OK) {
        fv__free(l.entries);
        return status;
    }
    if (l.count) qsort(l.entries, l.count, sizeof *l.entries, by_name);
    *out = l.entries;
    *count = l.count;
    return FV_OK;
}
