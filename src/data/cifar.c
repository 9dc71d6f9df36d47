/* SPDX-License-Identifier: MIT */
/*
 * cifar.c - CIFAR-10's binary version: records of one label byte and 3072 pixel bytes, the red,
 * green and blue plane of 32x32 each. Source: https://www.cs.toronto.edu/~kriz/cifar.html
 */
#include "data/sets.h"
#include <stdio.h>
#include <string.h>

#define PIXELS  3072
#define RECORD  (1 + PIXELS)
#define CLASSES 10
#define TEST    "test_batch.bin"

const char *const fv__cifar10_names[] = {"airplane", "automobile", "bird", "cat",   "deer", "dog",
                                         "frog",     "horse",      "ship", "truck", NULL};

static fv_status check_file(fv_context *ctx, const char *path, const fv_bytes *file) {
    if (file->size && file->size % RECORD == 0) return FV_OK;
    FV_TRY(fv__refuse_lfs_pointer(ctx, path, file->data, file->size));
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: %zu bytes are not a whole number of records of %d bytes (a label and "
                    "32x32x3 pixels); the file is cut short or not CIFAR-10's binary version",
                    path, file->size, RECORD);
}

/* Appends a file's records at *count. */
static fv_status take(fv_context *ctx, const char *path, const fv_bytes *file, uint8_t *pixels,
                      int32_t *labels, int64_t *count) {
    for (size_t at = 0; at < file->size; at += RECORD, ++*count) {
        int label = file->data[at];
        if (label >= CLASSES)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s: the label of record %zu is %d, and the classes are 0 to %d", path,
                            at / RECORD + 1, label, CLASSES - 1);
        labels[*count] = label;
        memcpy(pixels + (size_t)*count * PIXELS, file->data + at + 1, PIXELS);
    }
    return FV_OK;
}

/* The class names of batches.meta.txt, when there are exactly ten; otherwise the known ones stay.
 */
static fv_status class_names(fv_context *ctx, const char *folder, fv_dataset *set) {
    char path[FV_PATH_MAX];
    fv_bytes file = {0};
    FV_TRY(fv__path_join(ctx, path, folder, "batches.meta.txt"));
    if (!fv__file_exists(path)) return FV_OK;
    FV_TRY(fv__file_read(ctx, path, 1 << 16, &file));
    char *text = fv__alloc(ctx, file.size + 1, "class names");
    fv_status status = text ? FV_OK : FV_EXHAUSTED;
    const char *names[CLASSES];
    int lines = 0;
    if (status == FV_OK && file.size) memcpy(text, file.data, file.size);
    if (status == FV_OK && strlen(text) == file.size)
        for (char *at = text; *at; at += strcspn(at, "\r\n")) {
            while (*at == '\r' || *at == '\n') *at++ = 0;
            if (!*at) break;
            if (lines < CLASSES) names[lines] = at;
            lines++;
        }
    if (lines == CLASSES) status = fv__set_class_names(ctx, set, names, CLASSES);
    fv__file_release(&file);
    fv__free(text);
    return status;
}

static fv_status read_part(fv_context *ctx, const char *folder, bool test, fv_dataset *set) {
    static const char *const training[] = {"data_batch_1.bin", "data_batch_2.bin",
                                           "data_batch_3.bin", "data_batch_4.bin",
                                           "data_batch_5.bin"};
    static const char *const testing[] = {TEST};
    const char *const *files = test ? testing : training;
    int n = test ? 1 : 5;
    char path[5][FV_PATH_MAX];
    fv_bytes file[5] = {{0}};
    size_t total = 0;
    void *pixels, *labels;
    fv_status status = FV_OK;
    for (int i = 0; i < n; i++) {
        FV_GO(fv__path_join(ctx, path[i], folder, files[i]));
        FV_GO(fv__file_read(ctx, path[i], (size_t)1 << 30, &file[i]));
        FV_GO(check_file(ctx, path[i], &file[i]));
        total += file[i].size / RECORD;
    }
    FV_GO(fv__set_alloc(ctx, set, total * PIXELS, "a data set", &pixels));
    FV_GO(fv__set_alloc(ctx, set, total * sizeof(int32_t), "labels", &labels));
    for (int i = 0; i < n; i++) FV_GO(take(ctx, path[i], &file[i], pixels, labels, &set->count));
    set->pixels = pixels;
    set->labels = labels;
    set->channels = 3;
    set->height = set->width = 32;
    set->classes = CLASSES;
    FV_GO(class_names(ctx, folder, set));
    fv__set_in_memory(set);
done:
    for (int i = 0; i < n; i++) fv__file_release(&file[i]);
    return status;
}

/* Whether one of the files is in this folder; "data_batch_1" is the Python version's. */
static bool holds(const char *folder) {
    static const char *const some[] = {TEST, "data_batch_1.bin", "data_batch_1"};
    char path[FV_PATH_MAX];
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
        if (fv__path_put(path, folder, some[i]) && fv__file_exists(path)) return true;
    return false;
}

bool fv__cifar10_find(const char *folder, char out[FV_PATH_MAX]) {
    static const char *const inner[] = {"cifar-10-batches-bin", "cifar-10-batches-py"};
    int n = snprintf(out, FV_PATH_MAX, "%s", folder);
    if (n >= 0 && n < FV_PATH_MAX && holds(folder)) return true;
    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++)
        if (fv__path_put(out, folder, inner[i]) && holds(out)) return true;
    return false;
}

fv_status fv__cifar10_open(fv_context *ctx, const char *folder, fv_dataset *train,
                           fv_dataset *test) {
    char path[FV_PATH_MAX], python[FV_PATH_MAX];
    FV_TRY(fv__path_join(ctx, path, folder, TEST));
    FV_TRY(fv__path_join(ctx, python, folder, "data_batch_1"));
    if (!fv__file_exists(path) && fv__file_exists(python))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: this is the Python version of CIFAR-10; the binary version is read "
                        "(%s), from https://www.cs.toronto.edu/~kriz/cifar.html",
                        folder, FV_CIFAR10_FILES);
    if (train) FV_TRY(read_part(ctx, folder, false, train));
    if (test) FV_TRY(read_part(ctx, folder, true, test));
    return FV_OK;
}
