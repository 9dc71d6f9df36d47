/* SPDX-License-Identifier: MIT */
/*
 * safetensors_write.c - writing the model file; its layout is told in safetensors.c.
 *
 * Nothing but the arguments decides the bytes: no times, no sorting, numbers in one form. The
 * header is filled up with spaces so that the data begin at a multiple of 64 bytes: the format asks
 * for 8, and a mapped file is used as it lies where blocks of weights are aligned.
 */
#include "format/safetensors.h"
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

static fv_status tensor_bytes(fv_context *ctx, const fv_st_tensor *t, size_t *bytes) {
    size_t n = sizeof(float);
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
    fv__text_addn(t, "        {", 9);
    if (metadata_count) {
        fv__text_add(t, "\"__metadata__\":{");
        for (size_t i = 0; i < metadata_count; i++) {
            if (i) fv__text_add(t, ",");
            fv__text_json(t, metadata[i].name);
            fv__text_add(t, ":");
            fv__text_json(t, metadata[i].value);
        }
        fv__text_add(t, "}");
    }
    for (size_t i = 0; i < count; i++) {
        size_t bytes = 0, end;
        FV_TRY(tensor_bytes(ctx, &tensors[i], &bytes));
        if (!fv__add_size(at, bytes, &end))
            return fv__fail(ctx, FV_USAGE, "the tensors are larger than any memory");
        if (i || metadata_count) fv__text_add(t, ",");
        fv__text_json(t, tensors[i].name);
        fv__text_add(t, ":{\"dtype\":\"F32\",\"shape\":[");
        for (int d = 0; d < tensors[i].shape.rank; d++)
            fv__text_addf(t, d ? ",%lld" : "%lld", (long long)tensors[i].shape.dim[d]);
        fv__text_addf(t, "],\"data_offsets\":[%zu,%zu]}", at, end);
        at = end;
    }
    fv__text_add(t, "}");
    while (!t->failed && t->length % FV_ALIGN) fv__text_add(t, " ");
    FV_TRY(fv__text_done(ctx, t));
    uint64_t length = t->length - 8;
    for (int i = 0; i < 8; i++) t->data[i] = (char)(uint8_t)(length >> (8 * i));
    return FV_OK;
}

/* The floats as the file has them: as they are on little-endian machines, else turned round in
 *copy, which the caller frees. NULL: no memory. */
static const void *little_endian(fv_context *ctx, const float *data, size_t bytes, void **copy) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    (void)ctx, (void)bytes, (void)copy;
    return data;
#else
    uint8_t *to = *copy = fv__alloc(ctx, bytes, "a tensor to be written");
    for (size_t i = 0; to && i < bytes / 4; i++) {
        uint32_t v;
        memcpy(&v, data + i, 4);
        for (int k = 0; k < 4; k++) to[4 * i + (size_t)k] = (uint8_t)(v >> (8 * k));
    }
    return to;
#endif
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
        pieces[i + 1].data = little_endian(ctx, tensors[i].data, pieces[i + 1].size, &copies[i]);
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
