/* SPDX-License-Identifier: MIT */
/*
 * idx.c - the IDX files of MNIST and its successors, plain or gzip.
 *
 * Two zero bytes, the type of a value (8: byte), the number of dimensions; each dimension as four
 * bytes, the high one first; the values. Images have three dimensions (2051 = 0x803), labels one
 * (2049 = 0x801). Source: http://yann.lecun.com/exdb/mnist/
 */
#include "data/gzip.h"
#include "data/sets.h"

#define IDX_SIDE 4096 /* most rows and columns of an image */

typedef struct idx {
    int dims; /* 1: labels, 3: images */
    int64_t dim[3];
    const uint8_t *values;
    size_t bytes;
} idx;

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static const char *kind_name(int dims) {
    return dims == 3 ? "images" : "labels";
}

static const char *kind_file(int dims) {
    return dims == 3 ? "an images file" : "a labels file";
}

/* The first four bytes: says what is wrong with them, the likely mistake first. */
static fv_status check_start(fv_context *ctx, const char *path, const uint8_t *h, size_t size,
                             int want) {
    bool idx_like = size >= 4 && h[0] == 0 && h[1] == 0;
    if (!size)
        return fv__fail(ctx, FV_BAD_INPUT, "%s: the file is empty; %s was expected: fetch it again",
                        path, kind_file(want));
    if (idx_like && h[2] == 8 && (h[3] == 1 || h[3] == 3) && h[3] != want)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: this is %s and %s was expected; were the two files swapped?", path,
                        kind_file(h[3]), kind_file(want));
    if (idx_like && h[2] >= 8 && h[2] <= 14 && (h[2] != 8 || h[3] != want))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: an IDX file with values of type 0x%02x in %d dimensions; %s are "
                        "bytes (0x08) in %d",
                        path, h[2], h[3], kind_name(want), want);
    FV_TRY(fv__refuse_lfs_pointer(ctx, path, h, size));
    if (idx_like && h[2] == 8) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: this is not an IDX file; %s starts with the bytes 0 0 8 %d", path,
                    kind_file(want), want);
}

static fv_status header(fv_context *ctx, const char *path, const uint8_t *h, size_t size, int want,
                        idx *out) {
    FV_TRY(check_start(ctx, path, h, size, want));
    size_t length = 4 + 4 * (size_t)want;
    if (size < length)
        return fv__fail(ctx, FV_BAD_INPUT, "%s: the file ends within its header of %zu bytes", path,
                        length);
    *out = (idx){.dims = want, .bytes = 1};
    const char *const what[] = {kind_name(want), "rows", "columns"};
    for (int i = 0; i < want; i++) {
        int64_t most = i == 0 ? UINT32_MAX : IDX_SIDE;
        out->dim[i] = big_endian(h + 4 + 4 * i);
        if (out->dim[i] == 0 || out->dim[i] > most)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s: the header says %lld %s; it must be between 1 and %lld", path,
                            (long long)out->dim[i], what[i], (long long)most);
        if (!fv__mul_size(out->bytes, (size_t)out->dim[i], &out->bytes))
            return fv__fail(ctx, FV_BAD_INPUT, "%s: the sizes in the header are too large", path);
    }
    return FV_OK;
}

static fv_status read_plain(fv_context *ctx, const char *path, const fv_bytes *file, int want,
                            idx *out) {
    FV_TRY(header(ctx, path, file->data, file->size, want, out));
    size_t start = 4 + 4 * (size_t)want, held = file->size - start;
    if (held < out->bytes)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: the header says %lld %s (%zu bytes), but only %zu bytes follow; the "
                        "file is cut short: fetch it again",
                        path, (long long)out->dim[0], kind_name(want), out->bytes, held);
    if (held > out->bytes)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: %zu bytes follow the %lld %s the header speaks of; they do not belong "
                        "there",
                        path, held - out->bytes, (long long)out->dim[0], kind_name(want));
    out->values = file->data + start;
    return FV_OK;
}

static fv_status read_gzip(fv_context *ctx, const char *path, const fv_bytes *file, int want,
                           fv_dataset *set, idx *out) {
    uint8_t head[16];
    size_t start = 4 + 4 * (size_t)want, got;
    FV_TRY(fv__gzip_start(ctx, path, file->data, file->size, head, start, &got));
    FV_TRY(header(ctx, path, head, got, want, out));
    /* Deflate makes data at most 1032 times smaller: checked before memory is asked for. */
    if (out->bytes / 1032 > file->size)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: the header says %lld %s (%zu bytes), which cannot be in a gzip file "
                        "of %zu bytes",
                        path, (long long)out->dim[0], kind_name(want), out->bytes, file->size);
    void *all;
    FV_TRY(fv__set_alloc(ctx, set, start + out->bytes, "a data set", &all));
    FV_TRY(fv__gzip_whole(ctx, path, file->data, file->size, all, start + out->bytes));
    out->values = (const uint8_t *)all + start;
    return FV_OK;
}

/* A file of the set: a plain one is kept as it is, a packed one released at once. */
static fv_status read_idx(fv_context *ctx, const char *path, int want, fv_dataset *set,
                          fv_bytes *file, idx *out) {
    if (!fv__is_gzip(file->data, file->size)) return read_plain(ctx, path, file, want, out);
    fv_status status = read_gzip(ctx, path, file, want, set, out);
    fv__file_release(file);
    *file = (fv_bytes){0};
    return status;
}

static fv_status take_labels(fv_context *ctx, const char *path, const idx *from, int64_t classes,
                             fv_dataset *set) {
    void *memory;
    size_t bytes;
    if (!fv__mul_size(from->bytes, sizeof(int32_t), &bytes))
        return fv__fail(ctx, FV_BAD_INPUT, "%s: too many labels", path);
    FV_TRY(fv__set_alloc(ctx, set, bytes, "labels", &memory));
    int32_t *labels = memory;
    int32_t most = 0;
    for (int64_t i = 0; i < from->dim[0]; i++) {
        labels[i] = from->values[i];
        if (labels[i] > most) most = labels[i];
        if (classes && labels[i] >= classes)
            return fv__fail(
                ctx, FV_BAD_INPUT, "%s: label %lld of %lld is %d, and the classes are 0 to %lld",
                path, (long long)i + 1, (long long)from->dim[0], labels[i], (long long)classes - 1);
    }
    set->labels = labels;
    set->classes = classes ? classes : most + 1;
    return FV_OK;
}

fv_status fv__idx_parse(fv_context *ctx, const char *images, const char *labels, int64_t classes,
                        fv_dataset *set) {
    idx pixels, numbers;
    FV_TRY(read_idx(ctx, images, 3, set, &set->files[0], &pixels));
    FV_TRY(read_idx(ctx, labels, 1, set, &set->files[1], &numbers));
    if (pixels.dim[0] != numbers.dim[0]) {
        char a[32], b[32];
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s holds %s images, but %s holds %s labels; they do not belong together",
                        images, fv__commas(a, pixels.dim[0]), labels,
                        fv__commas(b, numbers.dim[0]));
    }
    FV_TRY(take_labels(ctx, labels, &numbers, classes, set));
    set->pixels = pixels.values;
    set->count = pixels.dim[0];
    set->channels = 1;
    set->height = pixels.dim[1];
    set->width = pixels.dim[2];
    fv__set_in_memory(set);
    return FV_OK;
}

fv_status fv__idx_pair(fv_context *ctx, const char *images, const char *labels, int64_t classes,
                       fv_dataset *set) {
    FV_TRY(fv__file_read(ctx, images, 0, &set->files[0]));
    FV_TRY(fv__file_read(ctx, labels, 0, &set->files[1]));
    return fv__idx_parse(ctx, images, labels, classes, set);
}
