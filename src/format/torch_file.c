/* SPDX-License-Identifier: MIT */
/*
 * torch_file.c - the two forms of PyTorch's files (torch/serialization.py).
 *
 * Since 1.6: a ZIP archive whose files are stored as they are,
 *     NAME/data.pkl      the pickle
 *     NAME/data/KEY      a storage's numbers
 *     NAME/byteorder     "little" or "big"; older ones have none and are little
 * Before: pickles of a magic number, of the protocol (1001), of what the system was, and of the
 * object; then a pickle with the list of all storages' keys; then for each of them in that order
 * how many numbers it has, 8 bytes, and these.
 */
#include "format/torch_file.h"
#include "format/torch_tensors.h"
#include "format/zip.h"
#include <stdlib.h>
#include <string.h>

/* 0x1950a86a20f9469cfc6c, pickled. */
static const uint8_t magic[] = {0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c, 0x46,
                                0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
#define PROTOCOL 1001

static bool is_legacy(const uint8_t *data, size_t size) {
    return size >= sizeof magic && memcmp(data, magic, sizeof magic) == 0;
}

bool fv__torch_recognise(const uint8_t *data, size_t size) {
    return fv__is_zip(data, size) || is_legacy(data, size);
}

static fv_status big_endian(fv_context *ctx) {
    return fv__fail(ctx, FV_BAD_INPUT,
                    "its numbers were written by a big-endian machine; save it again on another");
}

/* One fv_torch_storage for each of the pickle's references, in their order; *count: of them. */
static fv_status list_storages(fv_context *ctx, fv_arena *arena, const fv_pickle *pickle,
                               fv_torch_storage **out, size_t *count) {
    *count = 0;
    for (const fv_pickle_list *p = pickle->persistent; p; p = p->next) ++*count;
    fv_torch_storage *s = *out = fv__arena_alloc(arena, (*count + 1) * sizeof *s);
    if (!s) return FV_EXHAUSTED;
    for (fv_pickle_list *p = pickle->persistent; p; p = p->next, s++) {
        FV_TRY(fv__torch_storage_of(ctx, p, s));
        p->found = s;
    }
    return FV_OK;
}

static fv_status too_small(fv_context *ctx, const fv_torch_storage *s) {
    return fv__fail(ctx, FV_BAD_INPUT,
                    "storage '%.*s' should have %llu numbers of %s, and the file does not hold "
                    "them: it is cut short or damaged",
                    s->length < 64 ? (int)s->length : 64, s->key, (unsigned long long)s->count,
                    s->type->name);
}

/* ------------------------------------------------------------------------------- the archive ---
 */

/* The folder in the archive, with its slash: what stands before "data.pkl". */
static fv_status find_folder(fv_context *ctx, const fv_zip *zip, const char **folder,
                             size_t *length) {
    static const char name[] = "data.pkl";
    const size_t n = sizeof name - 1;
    const fv_zip_entry *found = NULL;
    for (size_t i = 0; i < zip->count; i++) {
        const fv_zip_entry *e = &zip->entries[i];
        if (e->length < n || memcmp(e->name + e->length - n, name, n) != 0) continue;
        if (e->length > n && e->name[e->length - n - 1] != '/') continue;
        if (found) return fv__fail(ctx, FV_BAD_INPUT, "the archive has two files data.pkl");
        found = e;
    }
    if (!found)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "a ZIP archive, but none of PyTorch: there is no data.pkl in it");
    *folder = found->name;
    *length = found->length - n;
    if (!fv__zip_find(zip, *folder, *length, "constants.pkl", 13)) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "a TorchScript program, not a state dictionary; save the latter: "
                    "torch.save(model.state_dict(), FILE)");
}

static fv_status check_order(fv_context *ctx, const fv_zip *zip, const char *folder,
                             size_t length) {
    const fv_zip_entry *e = fv__zip_find(zip, folder, length, "byteorder", 9);
    const uint8_t *text;
    if (!e) return FV_OK;
    FV_TRY(fv__zip_bytes(ctx, zip, e, &text));
    return e->bytes >= 3 && memcmp(text, "big", 3) == 0 ? big_endian(ctx) : FV_OK;
}

/* The storage's file, "NAME/data/KEY". */
static fv_status find_stored(fv_context *ctx, const fv_zip *zip, const char *folder, size_t length,
                             fv_torch_storage *s) {
    const fv_zip_entry *e = NULL;
    char name[72] = "data/";
    if (s->length <= sizeof name - 6) {
        memcpy(name + 5, s->key, s->length);
        e = fv__zip_find(zip, folder, length, name, s->length + 5);
    }
    if (!e) return too_small(ctx, s);
    FV_TRY(fv__zip_bytes(ctx, zip, e, &s->data));
    return s->count > e->bytes / s->type->bytes ? too_small(ctx, s) : FV_OK;
}

static fv_status parse_archive(fv_context *ctx, fv_arena *arena, const uint8_t *data, size_t size,
                               fv_tensor_file *out) {
    fv_zip zip;
    fv_pickle pickle;
    fv_torch_storage *storages;
    const char *folder = NULL;
    size_t length = 0, count;
    const uint8_t *text;
    FV_TRY(fv__zip_read(ctx, arena, data, size, &zip));
    FV_TRY(find_folder(ctx, &zip, &folder, &length));
    FV_TRY(check_order(ctx, &zip, folder, length));
    const fv_zip_entry *e = fv__zip_find(&zip, folder, length, "data.pkl", 8);
    FV_TRY(fv__zip_bytes(ctx, &zip, e, &text));
    FV_TRY(fv__pickle_read(ctx, arena, text, (size_t)e->bytes, fv__torch_names, &pickle));
    FV_TRY(list_storages(ctx, arena, &pickle, &storages, &count));
    for (size_t i = 0; i < count; i++) FV_TRY(find_stored(ctx, &zip, folder, length, &storages[i]));
    return fv__torch_tensors(ctx, &pickle.value, size, out);
}

/* ------------------------------------------------------------------------------- before 1.6 --- */

/* The next of the pickles that stand one after the other. */
static fv_status next_pickle(fv_context *ctx, fv_arena *arena, const uint8_t *data, size_t size,
                             size_t *at, fv_pickle *out) {
    FV_TRY(fv__pickle_read(ctx, arena, data + *at, size - *at, fv__torch_names, out));
    *at += out->size;
    return FV_OK;
}

static int by_key(const void *a, const void *b) {
    const fv_torch_storage *x = a, *y = b;
    if (x->length != y->length) return x->length < y->length ? -1 : 1;
    return x->length ? memcmp(x->key, y->key, x->length) : 0;
}

/* Each storage once, sorted by key: references to one must agree. */
static fv_status unite(fv_context *ctx, fv_torch_storage *s, size_t *count) {
    size_t n = 0;
    qsort(s, *count, sizeof *s, by_key);
    for (size_t i = 0; i < *count; i++) {
        if (!n || by_key(&s[n - 1], &s[i]) != 0)
            s[n++] = s[i];
        else if (s[n - 1].type != s[i].type || s[n - 1].count != s[i].count)
            return fv__fail(ctx, FV_BAD_INPUT, "two tensors see storage '%.*s' differently",
                            s[i].length < 64 ? (int)s[i].length : 64, s[i].key);
    }
    *count = n;
    return FV_OK;
}

/* The numbers of the storages, in the order of their keys in the file's list. */
static fv_status find_numbers(fv_context *ctx, const fv_pickle_value *keys, const uint8_t *data,
                              size_t size, size_t at, fv_torch_storage *s, size_t count) {
    if (keys->kind != FV_PICKLE_LIST)
        return fv__fail(ctx, FV_BAD_INPUT, "the list of its storages is missing");
    for (size_t i = 0; i < keys->list->count; i++) {
        const fv_pickle_value *key = &keys->list->items[i];
        const fv_torch_storage wanted = {.key = key->text, .length = key->length};
        fv_torch_storage *found = NULL;
        if (key->kind == FV_PICKLE_TEXT) found = bsearch(&wanted, s, count, sizeof *s, by_key);
        if (!found || found->data)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "the list of its storages names one twice, or one of no tensor");
        uint64_t numbers = 0;
        if (size - at < 8) return too_small(ctx, found);
        for (int b = 7; b >= 0; b--) numbers = numbers << 8 | data[at + (size_t)b];
        at += 8;
        if (numbers != found->count || numbers > (size - at) / found->type->bytes)
            return too_small(ctx, found);
        found->data = data + at;
        at += (size_t)numbers * found->type->bytes;
    }
    return FV_OK;
}

/* What each reference means: a whole storage or a piece of it. */
static fv_status resolve(fv_context *ctx, fv_arena *arena, const fv_pickle *pickle,
                         const fv_torch_storage *united, size_t united_count) {
    fv_torch_storage *each;
    size_t count;
    FV_TRY(list_storages(ctx, arena, pickle, &each, &count));
    for (fv_pickle_list *p = pickle->persistent; p; p = p->next, each++) {
        const fv_torch_storage *whole = bsearch(each, united, united_count, sizeof *united, by_key);
        if (!whole || !whole->data) return too_small(ctx, each);
        *each = *whole;
        FV_TRY(fv__torch_storage_cut(ctx, p, each));
    }
    return FV_OK;
}

static fv_status parse_legacy(fv_context *ctx, fv_arena *arena, const uint8_t *data, size_t size,
                              fv_tensor_file *out) {
    fv_pickle protocol, system, object, keys;
    fv_torch_storage *united;
    size_t at = sizeof magic, count;
    FV_TRY(next_pickle(ctx, arena, data, size, &at, &protocol));
    if (protocol.value.kind != FV_PICKLE_INT || protocol.value.whole != PROTOCOL)
        return fv__fail(ctx, FV_BAD_INPUT, "a PyTorch file of another protocol than %d", PROTOCOL);
    FV_TRY(next_pickle(ctx, arena, data, size, &at, &system));
    const fv_pickle_value *little = fv__pickle_get(&system.value, "little_endian");
    if (little && little->kind == FV_PICKLE_BOOL && !little->whole) return big_endian(ctx);
    FV_TRY(next_pickle(ctx, arena, data, size, &at, &object));
    FV_TRY(next_pickle(ctx, arena, data, size, &at, &keys));
    FV_TRY(list_storages(ctx, arena, &object, &united, &count));
    FV_TRY(unite(ctx, united, &count));
    FV_TRY(find_numbers(ctx, &keys.value, data, size, at, united, count));
    FV_TRY(resolve(ctx, arena, &object, united, count));
    return fv__torch_tensors(ctx, &object.value, size, out);
}

/* ---------------------------------------------------------------------------------- opening --- */

static fv_status parse(fv_context *ctx, const uint8_t *data, size_t size, fv_tensor_file *out) {
    fv_arena arena; /* of the values: tensors are all that is kept */
    fv_status status;
    fv__arena_init(&arena, ctx);
    if (fv__is_zip(data, size))
        status = parse_archive(ctx, &arena, data, size, out);
    else if (is_legacy(data, size))
        status = parse_legacy(ctx, &arena, data, size, out);
    else
        status = fv__fail(ctx, FV_BAD_INPUT,
                          "not a file of PyTorch: it begins neither as an archive nor with the "
                          "number that older ones begin with");
    fv__arena_free(&arena);
    return status == FV_OK ? fv__tensor_file_sort(ctx, out) : status;
}

fv_status fv__torch_parse(fv_context *ctx, const char *name, const void *data, size_t size,
                          fv_tensor_file *out) {
    memset(out, 0, sizeof *out);
    FV_TRY(fv__refuse_lfs_pointer(ctx, name, data, size));
    fv__arena_init(&out->arena, ctx);
    if (parse(ctx, data, size, out) == FV_OK) return FV_OK;
    fv__tensor_file_close(out);
    return fv__fail_in(ctx, "%s: ", name);
}

fv_status fv__torch_open(fv_context *ctx, const char *path, fv_tensor_file *out) {
    fv_bytes file;
    memset(out, 0, sizeof *out);
    FV_TRY(fv__file_read(ctx, path, 0, &file));
    const fv_status status = fv__torch_parse(ctx, path, file.data, file.size, out);
    if (status == FV_OK)
        out->file = file;
    else
        fv__file_release(&file);
    return status;
}
