/* SPDX-License-Identifier: MIT */
/*
 * dataset_memory.c - data sets whose images are bytes in memory, all of one size: IDX files,
 * CIFAR-10, drawn digits.
 */
#include "data/sets.h"
#include <string.h>

fv_status fv__set_alloc(fv_context *ctx, fv_dataset *set, size_t bytes, const char *what,
                        void **out) {
    *out = fv__alloc(ctx, bytes, what);
    if (!*out) return FV_EXHAUSTED;
    for (size_t i = 0; i < sizeof set->owned / sizeof set->owned[0]; i++) {
        if (set->owned[i]) continue;
        set->owned[i] = *out;
        return FV_OK;
    }
    fv__free(*out);
    *out = NULL;
    return fv__fail(ctx, FV_FAILED, "a data set of more than five pieces");
}

fv_status fv__set_class_names(fv_context *ctx, fv_dataset *set, const char *const *names,
                              int64_t count) {
    size_t table, bytes;
    if (!fv__mul_size((size_t)count, sizeof *names, &table))
        return fv__fail(ctx, FV_BAD_INPUT, "too many class names");
    bytes = table;
    for (int64_t i = 0; i < count; i++) bytes += strlen(names[i]) + 1;
    void *memory;
    FV_TRY(fv__set_alloc(ctx, set, bytes, "class names", &memory));
    const char **copy = memory;
    char *text = (char *)memory + table;
    for (int64_t i = 0; i < count; i++) {
        size_t n = strlen(names[i]) + 1;
        copy[i] = memcpy(text, names[i], n);
        text += n;
    }
    set->class_names = copy;
    return FV_OK;
}

static fv_status sample(fv_context *ctx, const fv_dataset *set, int64_t i, fv_arena *scratch,
                        fv_sample *out) {
    (void)ctx, (void)scratch;
    int64_t plane = set->height * set->width;
    out->image = (fv_image_view){.data = set->pixels + i * plane * set->channels,
                                 .dtype = FV_U8,
                                 .width = set->width,
                                 .height = set->height,
                                 .channels = (int)set->channels,
                                 .row = set->width,
                                 .column = 1,
                                 .plane = plane};
    out->targets = 1;
    out->target[0] = (fv_target){FV_TARGET_CLASS, FV_I32, {0}, set->labels + i};
    return FV_OK;
}

void fv__set_in_memory(fv_dataset *set) {
    set->target[0] = (fv_target_offer){FV_TARGET_CLASS, 0};
    set->targets = 1;
    set->dtype = FV_U8;
    set->one_size = true;
    set->sample = sample;
}

uint64_t fv__set_checksum(const fv_dataset *set) {
    size_t pixels = (size_t)(set->count * set->channels * set->height * set->width);
    uint64_t sum = fv__fnv64(FV_FNV_START, set->pixels, pixels);
    for (int64_t i = 0; i < set->count; i++) {
        /* Four bytes, the low one first, on every machine. */
        uint32_t v = (uint32_t)set->labels[i];
        uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
        sum = fv__fnv64(sum, b, sizeof b);
    }
    return sum;
}
