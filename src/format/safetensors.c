/* SPDX-License-Identifier: MIT */
/*
 * safetensors.c - reading the model file.
 *
 * Layout (https://github.com/huggingface/safetensors, "Format"): 8 bytes, the header's length N as
 * an unsigned little-endian number; N bytes of JSON that begin with '{' and may end in spaces; then
 * the tensors' bytes, little-endian, row-major, without holes. Each header entry is
 *     "name": {"dtype": "F32", "shape": [6,1,5,5], "data_offsets": [begin, end]}
 * with offsets counted from the end of the header. "__metadata__" maps texts to texts.
 *
 * A file comes from anywhere, so nothing in it is believed: every number is checked against the
 * size of the file before it is used, and the memory taken depends on the header alone.
 */
#include "format/safetensors.h"
#include "base/utf8.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A tree of JSON takes 16 times its text at worst ("[0,0,0,"), so the text is limited: 16 MiB
   describe more than 100,000 tensors. */
#define HEADER_MAX ((size_t)16 << 20)

/* Whole numbers up to 2^53 are exact in a double, which is how JSON numbers are read. */
#define EXACT_MAX 9007199254740992.0

/* A JSON number that is a whole number from 0 to `max`. */
static bool whole(const fv_json *v, double max, int64_t *out) {
    if (v->kind != FV_JSON_NUMBER || !(v->number >= 0 && v->number <= max)) return false;
    if (floor(v->number) != v->number) return false;
    *out = (int64_t)v->number;
    return true;
}

static fv_status read_shape(fv_context *ctx, const fv_json *item, fv_tensor_entry *e,
                            size_t *count) {
    const fv_json *list = fv__json_get(item, "shape");
    if (!list || list->kind != FV_JSON_ARRAY)
        return fv__fail(ctx, FV_BAD_INPUT, "tensor '%s' has no list \"shape\"", e->name);
    if (list->count > FV_RANK_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "tensor '%s' has %d dimensions; at most %d can be read",
                        e->name, list->count, FV_RANK_MAX);
    *count = 1;
    for (const fv_json *v = list->child; v; v = v->next) {
        int64_t d;
        if (!whole(v, EXACT_MAX, &d))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "tensor '%s' has a dimension that is no whole number from 0 to 2^53",
                            e->name);
        e->shape.dim[e->shape.rank++] = d;
        if ((uint64_t)d > SIZE_MAX || !fv__mul_size(*count, (size_t)d, count))
            return fv__fail(ctx, FV_BAD_INPUT, "tensor '%s' is larger than any memory", e->name);
    }
    return FV_OK;
}

/* One entry of the header, its range checked against the `size` bytes that follow the header. */
static fv_status read_entry(fv_context *ctx, const fv_json *item, const uint8_t *body, size_t size,
                            fv_tensor_entry *e) {
    e->name = item->name;
    if (item->kind != FV_JSON_OBJECT)
        return fv__fail(ctx, FV_BAD_INPUT, "tensor '%s' is not described by an object {…}",
                        e->name);
    const char *dtype = fv__json_string(item, "dtype", NULL);
    if (!dtype) return fv__fail(ctx, FV_BAD_INPUT, "tensor '%s' has no \"dtype\"", e->name);
    e->type = fv__file_type(dtype);
    if (!e->type)
        return fv__fail(ctx, FV_BAD_INPUT, "tensor '%s' has the unknown dtype \"%.32s\"", e->name,
                        dtype);
    size_t count = 0, bytes = 0;
    FV_TRY(read_shape(ctx, item, e, &count));
    const fv_json *range = fv__json_get(item, "data_offsets");
    int64_t begin, end;
    if (!range || range->kind != FV_JSON_ARRAY || range->count != 2 ||
        !whole(range->child, EXACT_MAX, &begin) || !whole(range->child->next, EXACT_MAX, &end) ||
        end < begin)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "tensor '%s' has no \"data_offsets\" of the form [begin, end]", e->name);
    if ((uint64_t)end > size)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "tensor '%s' should end at byte %lld of the data, but only %zu are there: "
                        "the file is cut short",
                        e->name, (long long)end, size);
    char dims[FV_SHAPE_TEXT];
    if (!fv__mul_size(count, e->type->bytes, &bytes) || bytes != (size_t)(end - begin))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "tensor '%s' of %s %s does not fit its %lld bytes of data", e->name,
                        e->type->name, fv__dims_text(dims, &e->shape), (long long)(end - begin));
    e->data = body + begin;
    e->bytes = bytes;
    return FV_OK;
}

static int by_place(const void *a, const void *b) {
    const fv_tensor_entry *x = a, *y = b;
    if (x->data != y->data) return x->data < y->data ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Sorts the entries by their bytes, which must follow each other without gap from first to last. */
static fv_status check_ranges(fv_context *ctx, fv_tensor_file *st, const uint8_t *body,
                              size_t size) {
    qsort(st->entries, st->count, sizeof *st->entries, by_place);
    const uint8_t *at = body;
    for (size_t i = 0; i < st->count; i++) {
        const fv_tensor_entry *e = &st->entries[i];
        if (e->data < at)
            return fv__fail(ctx, FV_BAD_INPUT, "tensors '%s' and '%s' overlap",
                            st->entries[i - 1].name, e->name);
        if (e->data > at)
            return fv__fail(ctx, FV_BAD_INPUT, "%lld bytes before tensor '%s' belong to no tensor",
                            (long long)(e->data - at), e->name);
        at += e->bytes;
    }
    if (at != body + size)
        return fv__fail(ctx, FV_BAD_INPUT, "the last %lld bytes belong to no tensor",
                        (long long)(body + size - at));
    return FV_OK;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static fv_status check_metadata(fv_context *ctx, fv_tensor_file *st, const fv_json *meta) {
    if (st->metadata) return fv__fail(ctx, FV_BAD_INPUT, "__metadata__ is there twice");
    if (meta->kind != FV_JSON_OBJECT)
        return fv__fail(ctx, FV_BAD_INPUT, "__metadata__ is not an object of texts");
    st->metadata = meta;
    const char **names = fv__arena_alloc(&st->arena, sizeof *names * ((size_t)meta->count + 1));
    if (!names) return FV_EXHAUSTED;
    size_t n = 0;
    for (const fv_json *v = meta->child; v; v = v->next) {
        if (v->kind != FV_JSON_STRING)
            return fv__fail(ctx, FV_BAD_INPUT, "__metadata__ entry '%s' is not a text", v->name);
        names[n++] = v->name;
    }
    qsort(names, n, sizeof *names, by_text);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(names[i - 1], names[i]) == 0)
            return fv__fail(ctx, FV_BAD_INPUT, "__metadata__ entry '%s' is there twice", names[i]);
    }
    return FV_OK;
}

/* The header's text, its length in *length; everything but its JSON is checked. */
static fv_status find_header(fv_context *ctx, const uint8_t *data, size_t size, size_t *length) {
    if (size < 8)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%zu bytes are too short for a safetensors file, which begins with the "
                        "8-byte length of its header",
                        size);
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--) n = n << 8 | data[i];
    if (n > size - 8)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "not a safetensors file, or one that is cut short: it announces a header "
                        "of %llu bytes and has %zu",
                        (unsigned long long)n, size - 8);
    if (n > HEADER_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "a header of %llu bytes is too long; at most %zu",
                        (unsigned long long)n, HEADER_MAX);
    *length = (size_t)n;
    if (n < 2 || data[8] != '{')
        return fv__fail(ctx, FV_BAD_INPUT,
                        "not a safetensors file: its header does not begin with '{'");
    if (!fv__utf8_valid((const char *)data + 8, *length))
        return fv__fail(ctx, FV_BAD_INPUT, "the header is not UTF-8 text");
    return FV_OK;
}

static fv_status parse(fv_context *ctx, const uint8_t *data, size_t size, fv_tensor_file *st) {
    size_t length = 0;
    FV_TRY(find_header(ctx, data, size, &length));
    fv_json *root;
    if (fv__json_parse(ctx, &st->arena, (const char *)data + 8, length, &root) != FV_OK)
        return fv__fail_in(ctx, "in the header: ");
    if (root->kind != FV_JSON_OBJECT)
        return fv__fail(ctx, FV_BAD_INPUT, "the header is not a JSON object");
    const uint8_t *body = data + 8 + length;
    size_t body_size = size - 8 - length;
    /* At least one item each, so that an empty file needs no case of its own. */
    size_t most = (size_t)root->count + 1;
    st->entries = fv__arena_alloc(&st->arena, most * sizeof *st->entries);
    if (!st->entries) return FV_EXHAUSTED;
    for (const fv_json *v = root->child; v; v = v->next) {
        if (strcmp(v->name, "__metadata__") == 0) {
            FV_TRY(check_metadata(ctx, st, v));
        } else {
            FV_TRY(read_entry(ctx, v, body, body_size, &st->entries[st->count]));
            st->count++;
        }
    }
    FV_TRY(check_ranges(ctx, st, body, body_size));
    return fv__tensor_file_sort(ctx, st);
}

fv_status fv__safetensors_parse(fv_context *ctx, const char *name, const void *data, size_t size,
                                fv_tensor_file *out) {
    memset(out, 0, sizeof *out);
    FV_TRY(fv__refuse_lfs_pointer(ctx, name, data, size));
    fv__arena_init(&out->arena, ctx);
    const fv_status status = parse(ctx, data, size, out);
    if (status == FV_OK) return FV_OK;
    fv__tensor_file_close(out);
    if (status == FV_BAD_INPUT)
        return fv__fail(ctx, status, "%s: %s; fetch or write the file again", name, ctx->message);
    return fv__fail_in(ctx, "%s: ", name);
}

fv_status fv__safetensors_open(fv_context *ctx, const char *path, fv_tensor_file *out) {
    fv_bytes file;
    memset(out, 0, sizeof *out);
    FV_TRY(fv__file_read(ctx, path, 0, &file));
    fv_status status = fv__safetensors_parse(ctx, path, file.data, file.size, out);
    if (status != FV_OK) {
        fv__file_release(&file);
        return status;
    }
    out->file = file;
    return FV_OK;
}
