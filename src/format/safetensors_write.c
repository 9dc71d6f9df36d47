/* SPDX-License-Identifier: MIT */
/*
 * safetensors_write.c - writing the model file; its layout is told in safetensors.c.
 *
 * Nothing but the arguments decides the bytes: no times, no sorting, numbers in one form. The
 * header is filled up with spaces so that the data begin at a multiple of 64 bytes: the format asks
 * for 8, and a mapped file is used as it lies where blocks of weights are aligned.
 */
#include "format/safetensors.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names must differ and be UTF-8; sorts them. */
static fv_status check_names(fv_context *ctx, const char **names, size_t count, const char *what) {
    for (size_t i = 0; i < count; i++) {
        if (!fv__utf8_valid(names[i], strlen(names[i])))
            return fv__fail(ctx, FV_USAGE, "the name of one of the %s is not UTF-8 text", what);
    }
    qsort(names, count, sizeof *names, by_text);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i - 1], names[i]) == 0)
            return fv__fail(ctx, FV_USAGE, "two of the %s are called '%s'", what, names[i]);
    }
    return FV_OK;
}

static fv_status check(fv_context *ctx, const fv_st_tensor *tensors, size_t count,
                       const fv_st_meta *metadata, size_t metadata_count) {
    fv_status status;
    size_t most = count > metadata_count ? count : metadata_count;
    const char **names = fv__alloc(ctx, (most + 1) * sizeof *names, "the names of tensors");
    if (!names) return FV_EXHAUSTED;
    for (size_t i = 0; i < metadata_count; i++) {
        names[i] = metadata[i].name;
        if (!fv__utf8_valid(metadata[i].value, strlen(metadata[i].value)))
            FV_GO(fv__fail(ctx, FV_USAGE, "the metadata '%s' is not UTF-8 text", names[i]));
    }
    FV_GO(check_names(ctx, names, metadata_count, "metadata entries"));
    for (size_t i = 0; i < count; i++) {
        names[i] = tensors[i].name;
        if (strcmp(names[i], "__metadata__") == 0)
            FV_GO(fv__fail(ctx, FV_USAGE, "a tensor may not be called __metadata__"));
    }
    FV_GO(check_names(ctx, names, count, "tensors"));
done:
    fv__free(names);
    return status;
}

const char *fv__st_type(fv_dtype dtype) {
    static const char *const names[FV_DTYPES] = {
        [FV_F32] = "F32", [FV_F64] = "F64", [FV_F16] = "F16", [FV_BF16] = "BF16", [FV_I32] = "I32",
        [FV_I64] = "I64", [FV_I8] = "I8",   [FV_U8] = "U8",   [FV_BOOL8] = "BOOL"};
    return names[dtype];
}

static fv_status tensor_bytes(fv_context *ctx, const fv_st_tensor *t, size_t *bytes) {
    size_t n = fv__dtype_bytes(t->dtype);
    for (int d = 0; d < t->shape.rank; d++) {
        int64_t dim = t->shape.dim[d];
        if (dim < 0 || (uint64_t)dim > SIZE_MAX || !fv__mul_size(n, (size_t)dim, &n))
            return fv__fail(ctx, FV_USAGE, "tensor '%s' is larger than any memory", t->name);
    }
    *bytes = n;
    return FV_OK;
}

/* The header behind its 8 bytes of length; *total receives the bytes of all tensors. */
static fv_status header(fv_context *ctx, const fv_st_tensor *tensors, size_t count,
                        const fv_st_meta *metadata, size_t metadata_count, fv_text *t) {
    size_t at = 0;
    fv_json_writer w = fv__json_writer(t, FV_JSON_COMPACT);
    fv__text_add(t, "        ");
    fv__json_open(&w, NULL, '{');
    if (metadata_count) fv__json_open(&w, "__metadata__", '{');
    for (size_t i = 0; i < metadata_count; i++)
        fv__json_add_text(&w, metadata[i].name, metadata[i].value);
    if (metadata_count) fv__json_close(&w);
    for (size_t i = 0; i < count; i++) {
        size_t bytes = 0, end;
        FV_TRY(tensor_bytes(ctx, &tensors[i], &bytes));
        if (!fv__add_size(at, bytes, &end))
            return fv__fail(ctx, FV_USAGE, "the tensors are larger than any memory");
        fv__json_open(&w, tensors[i].name, '{');
        fv__json_add_text(&w, "dtype", fv__st_type(tensors[i].dtype));
        fv__json_add_ints(&w, "shape", tensors[i].shape.dim, tensors[i].shape.rank);
        fv__json_add_ints(&w, "data_offsets", (const int64_t[]){(int64_t)at, (int64_t)end}, 2);
        fv__json_close(&w);
        at = end;
    }
    fv__json_close(&w);
    while (!t->failed && t->length % FV_ALIGN) fv__text_add(t, " ");
    FV_TRY(fv__text_done(ctx, t));
    uint64_t length = t->length - 8;
    for (int i = 0; i < 8; i++) t->data[i] = (char)(uint8_t)(length >> (8 * i));
    return FV_OK;
}

/* The numbers as the file has them: as they are on little-endian machines, else turned round in
 *copy, which the caller frees. NULL: no memory. */
static const void *little_endian(fv_context *ctx, const fv_st_tensor *t, size_t bytes,
                                 void **copy) {
    const uint8_t *from = t->data;
    if (FV_FLOATS_AS_IN_FILES) return from;
    const size_t each = fv__dtype_bytes(t->dtype);
    uint8_t *to = *copy = fv__alloc(ctx, bytes, "a tensor to be written");
    for (size_t i = 0; to && i < bytes; i++) to[i] = from[i / each * each + each - 1 - i % each];
    return to;
}

fv_status fv__safetensors_write(fv_context *ctx, const char *path, const fv_st_tensor *tensors,
                                size_t count, const fv_st_meta *metadata, size_t metadata_count) {
    fv_status status;
    fv_text text = {.ctx = ctx};
    fv_piece *pieces = NULL;
    void **copies = NULL;
    FV_TRY(check(ctx, tensors, count, metadata, metadata_count));
    FV_GO(header(ctx, tensors, count, metadata, metadata_count, &text));
    pieces = fv__alloc(ctx, (count + 1) * sizeof *pieces, "the pieces of a file");
    copies = fv__alloc(ctx, (count + 1) * sizeof *copies, "the pieces of a file");
    status = FV_EXHAUSTED;
    if (!pieces || !copies) goto done;
    pieces[0] = (fv_piece){text.data, text.length};
    for (size_t i = 0; i < count; i++) {
        FV_GO(tensor_bytes(ctx, &tensors[i], &pieces[i + 1].size));
        pieces[i + 1].data = little_endian(ctx, &tensors[i], pieces[i + 1].size, &copies[i]);
        status = FV_EXHAUSTED;
        if (!pieces[i + 1].data && pieces[i + 1].size) goto done;
    }
    status = fv__file_write_pieces(ctx, path, pieces, count + 1);
done:
    for (size_t i = 0; copies && i < count; i++) fv__free(copies[i]);
    fv__free(copies);
    fv__free(pieces);
    fv__text_free(&text);
    return status;
}
