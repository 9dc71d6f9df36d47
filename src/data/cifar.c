/* SPDX-License-Identifier: MIT */
/*
 * cifar.c - CIFAR-10's binary version: records of one label byte and 3072 pixel bytes, the red,
 * green and blue plane of 32x32 each. Source: https://www.cs.toronto.edu/~kriz/cifar.html
 */
#include "data/sets.h"
#include <string.h>

#define PIXELS  3072
#define RECORD  (1 + PIXELS)
#define CLASSES 10

static const char names[] = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck";

static fv_status check_file(fv_context *ctx, const char *path, const fv_bytes *file) {
    if (file->size && file->size % RECORD == 0) return FV_OK;
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

/* The class names of batches.meta.txt, when there are exactly ten; otherwise the known ones. */
static fv_status class_names(fv_context *ctx, const char *folder, fv_dataset *set) {
    char path[FV_PATH_MAX];
    fv_bytes file = {0};
    fv_text text = {0};
    FV_TRY(fv__path_join(ctx, path, folder, "batches.meta.txt"));
    int lines = 0;
    if (fv__file_exists(path)) {
        FV_TRY(fv__file_read(ctx, path, 1 << 16, &file));
        for (size_t i = 0, from = 0; i <= file.size; i++) {
            if (i < file.size && file.data[i] != '\n' && file.data[i] != '\r') continue;
            if (i > from) {
                if (lines++) fv__text_add(&text, "\n");
                fv__text_addn(&text, (const char *)file.data + from, i - from);
            }
            from = i + 1;
        }
        fv__file_release(&file);
    }
    bool good = lines == CLASSES && text.data && strlen(text.data) == text.length;
    void *memory = NULL;
    fv_status status = fv__text_done(ctx, &text);
    size_t bytes = good ? text.length + 1 : sizeof names;
    if (status == FV_OK) status = fv__set_alloc(ctx, set, bytes, "class names", &memory);
    if (status == FV_OK) set->class_names = memcpy(memory, good ? text.data : names, bytes);
    fv__text_free(&text);
    return status;
}

fv_status fv__cifar10_part(fv_context *ctx, const char *folder, bool test, fv_dataset *set) {
    static const char *const training[] = {"data_batch_1.bin", "data_batch_2.bin",
                                           "data_batch_3.bin", "data_batch_4.bin",
                                           "data_batch_5.bin"};
    static const char *const testing[] = {"test_batch.bin"};
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
done:
    for (int i = 0; i < n; i++) fv__file_release(&file[i]);
    return status;
}
