/* SPDX-License-Identifier: MIT */
/*
 * tensor_file.c - named tensors of a file: found by name, copied as float32.
 */
#include "format/tensor_file.h"
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b) {
    return strcmp((*(const fv_tensor_entry *const *)a)->name,
                  (*(const fv_tensor_entry *const *)b)->name);
}

fv_status fv__tensor_file_sort(fv_context *ctx, fv_tensor_file *file) {
    /* at least one, so that an empty file needs no case of its own */
    file->by_name = fv__arena_alloc(&file->arena, (file->count + 1) * sizeof *file->by_name);
    if (!file->by_name) return FV_EXHAUSTED;
    for (size_t i = 0; i < file->count; i++) file->by_name[i] = &file->entries[i];
    qsort(file->by_name, file->count, sizeof *file->by_name, by_name);
    for (size_t i = 1; i < file->count; i++) {
        if (strcmp(file->by_name[i - 1]->name, file->by_name[i]->name) == 0)
            return fv__fail(ctx, FV_BAD_INPUT, "tensor '%s' is there twice",
                            file->by_name[i]->name);
    }
    return FV_OK;
}

void fv__tensor_file_close(fv_tensor_file *file) {
    fv__arena_free(&file->arena);
    if (file->file.data) fv__file_release(&file->file);
    memset(file, 0, sizeof *file);
}

const fv_tensor_entry *fv__tensor_file_find(const fv_tensor_file *file, const char *name) {
    size_t low = 0, high = file->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, file->by_name[middle]->name);
        if (order == 0) return file->by_name[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* Rows along the last dimension, one after the other; `index` counts through those before it. */
static void gather(const fv_tensor_entry *e, float *out) {
    const int last = e->shape.rank - 1;
    const size_t row = (size_t)e->shape.dim[last], step = (size_t)e->stride[last];
    int64_t index[FV_RANK_MAX] = {0};
    size_t at = 0;
    for (;;) {
        const uint8_t *from = e->data + at * e->type->bytes;
        if (step == 1)
            e->type->to_floats(from, row, out);
        else
            for (size_t i = 0; i < row; i++)
                e->type->to_floats(from + i * step * e->type->bytes, 1, out + i);
        out += row;
        int d = last - 1;
        for (; d >= 0; d--) {
            at += (size_t)e->stride[d];
            if (++index[d] < e->shape.dim[d]) break;
            at -= (size_t)e->stride[d] * (size_t)e->shape.dim[d];
            index[d] = 0;
        }
        if (d < 0) return;
    }
}

fv_status fv__tensor_file_floats(fv_context *ctx, const fv_tensor_entry *e, float *out) {
    if (!e->type->to_floats)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "tensor '%s' is of dtype %s; weights are F32, F64, F16 or BF16", e->name,
                        e->type->name);
    if (!e->strided || !e->bytes)
        e->type->to_floats(e->data, e->bytes / e->type->bytes, out);
    else
        gather(e, out);
    return FV_OK;
}
