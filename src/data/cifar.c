/* SPDX-License-Identifier: MIT */
/*
 * cifar.c - the binary versions of CIFAR-10 and CIFAR-100: records of one label byte (CIFAR-100: a
 * coarse one and a fine one, which counts) and 3072 pixel bytes, the red, green and blue plane of
 * 32x32 each. Source: https://www.cs.toronto.edu/~kriz/cifar.html
 */
#include "data/sets.h"
#include <stdio.h>
#include <string.h>

#define PIXELS       3072
#define CLASSES_MOST 100

static size_t record(const fv_cifar *kind) {
    return (size_t)kind->label_bytes + PIXELS;
}

static fv_status check_file(fv_context *ctx, const fv_cifar *kind, const char *path,
                            const fv_bytes *file) {
    if (file->size && file->size % record(kind) == 0) return FV_OK;
    FV_TRY(fv__refuse_lfs_pointer(ctx, path, file->data, file->size));
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: %zu bytes are not a whole number of records of %zu bytes (%s and "
                    "32x32x3 pixels); the file is cut short or not %s's binary version",
                    path, file->size, record(kind),
                    kind->label_bytes == 1 ? "a label" : "two labels", kind->title);
}

/* Appends a file's records at *count. */
static fv_status take(fv_context *ctx, const fv_cifar *kind, const char *path, const fv_bytes *file,
                      uint8_t *pixels, int32_t *labels, int64_t *count) {
    for (size_t at = 0; at < file->size; at += record(kind), ++*count) {
        const uint8_t *from = file->data + at + kind->label_bytes;
        const int label = from[-1];
        if (label >= kind->classes)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s: the label of record %zu is %d, and the classes are 0 to %d", path,
                            at / record(kind) + 1, label, kind->classes - 1);
        labels[*count] = label;
        memcpy(pixels + (size_t)*count * PIXELS, from, PIXELS);
    }
    return FV_OK;
}

/* The class names of a file, when there are as many as classes; otherwise the known ones stay. */
static fv_status class_names(fv_context *ctx, const fv_cifar *kind, const char *folder,
                             fv_dataset *set) {
    char path[FV_PATH_MAX];
    fv_bytes file = {0};
    FV_TRY(fv__path_join(ctx, path, folder, kind->meta));
    if (!fv__file_exists(path)) return FV_OK;
    FV_TRY(fv__file_read(ctx, path, 1 << 16, &file));
    char *text = fv__alloc(ctx, file.size + 1, "class names");
    fv_status status = text ? FV_OK : FV_EXHAUSTED;
    const char *names[CLASSES_MOST];
    int lines = 0;
    if (status == FV_OK && file.size) memcpy(text, file.data, file.size);
    if (status == FV_OK && strlen(text) == file.size)
        for (char *at = text; *at; at += strcspn(at, "\r\n")) {
            while (*at == '\r' || *at == '\n') *at++ = 0;
            if (!*at) break;
            if (lines < CLASSES_MOST) names[lines] = at;
            lines++;
        }
    if (lines == kind->classes) status = fv__set_class_names(ctx, set, names, lines);
    fv__file_release(&file);
    fv__free(text);
    return status;
}

static fv_status read_part(fv_context *ctx, const fv_cifar *kind, const char *folder, bool test,
                           fv_dataset *set) {
    const char *const *files = test ? &kind->test : kind->training;
    int n = 0;
    while (n < (test ? 1 : FV_CIFAR_FILES) && files[n]) n++;
    char path[FV_CIFAR_FILES][FV_PATH_MAX];
    fv_bytes file[FV_CIFAR_FILES] = {{0}};
    size_t total = 0;
    void *pixels, *labels;
    fv_status status = FV_OK;
    for (int i = 0; i < n; i++) {
        FV_GO(fv__path_join(ctx, path[i], folder, files[i]));
        FV_GO(fv__file_read(ctx, path[i], (size_t)1 << 30, &file[i]));
        FV_GO(check_file(ctx, kind, path[i], &file[i]));
        total += file[i].size / record(kind);
    }
    FV_GO(fv__set_alloc(ctx, set, total * PIXELS, "a data set", &pixels));
    FV_GO(fv__set_alloc(ctx, set, total * sizeof(int32_t), "labels", &labels));
    for (int i = 0; i < n; i++)
        FV_GO(take(ctx, kind, path[i], &file[i], pixels, labels, &set->count));
    set->class_names = kind->names;
    set->pixels = pixels;
    set->labels = labels;
    set->channels = 3;
    set->height = set->width = 32;
    set->classes = kind->classes;
    FV_GO(class_names(ctx, kind, folder, set));
    fv__set_in_memory(set);
done:
    for (int i = 0; i < n; i++) fv__file_release(&file[i]);
    return status;
}

/* Whether one of the files is in this folder, or the Python version's where a name is its own. */
static bool holds(const fv_cifar *kind, const char *folder) {
    const char *const some[] = {kind->test, kind->training[0], kind->python};
    char path[FV_PATH_MAX];
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
        if (fv__path_put(path, folder, some[i]) && fv__file_exists(path)) return true;
    return false;
}

bool fv__cifar_find(const fv_cifar *kind, const char *folder, char out[FV_PATH_MAX]) {
    int n = snprintf(out, FV_PATH_MAX, "%s", folder);
    if (n >= 0 && n < FV_PATH_MAX && holds(kind, folder)) return true;
    for (size_t i = 0; i < sizeof kind->inner / sizeof kind->inner[0]; i++)
        if (fv__path_put(out, folder, kind->inner[i]) && holds(kind, out)) return true;
    return false;
}

fv_status fv__cifar_open(fv_context *ctx, const fv_cifar *kind, const char *folder,
                         fv_dataset *train, fv_dataset *test) {
    char path[FV_PATH_MAX], python[FV_PATH_MAX];
    FV_TRY(fv__path_join(ctx, path, folder, kind->test));
    FV_TRY(fv__path_join(ctx, python, folder, kind->python));
    if (!fv__file_exists(path) && fv__file_exists(python))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: this is the Python version of %s; the binary version is read "
                        "(%s), from https://www.cs.toronto.edu/~kriz/cifar.html",
                        folder, kind->title, kind->files);
    if (train) FV_TRY(read_part(ctx, kind, folder, false, train));
    if (test) FV_TRY(read_part(ctx, kind, folder, true, test));
    return FV_OK;
}

fv_status fv__cifar_open_named(fv_context *ctx, const fv_cifar *kind, const char *name,
                               fv_dataset *train, fv_dataset *test) {
    fv_set_folders folders;
    char folder[FV_PATH_MAX];
    FV_TRY(fv__set_folders(ctx, name, NULL, &folders));
    for (int i = 0; i < FV_SET_FOLDERS; i++)
        if (folders.path[i][0] && fv__cifar_find(kind, folders.path[i], folder))
            return fv__cifar_open(ctx, kind, folder, train, test);
    return fv__set_not_found(ctx, name, &folders, kind->files,
                             "https://www.cs.toronto.edu/~kriz/cifar.html, the binary version");
}
