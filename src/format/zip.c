/* SPDX-License-Identifier: MIT */
/*
 * zip.c - reading ZIP archives (PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3), stored files alone.
 *
 * An archive is read from its end: there an end record says where the list of files is, which says
 * where each file has its own header, behind which its bytes lie. What does not fit into 32 bits is
 * all ones there and stands in a further record (ZIP64). Every number is checked against the size
 * of the archive before it is used.
 */
#include "format/zip.h"
#include <stdlib.h>
#include <string.h>

#define END_BYTES     22 /* of the end record, without its comment */
#define COMMENT_MAX   65535
#define LOCATOR_BYTES 20 /* that says where the end record of ZIP64 is */
#define END64_BYTES   56
#define ENTRY_BYTES   46 /* of the list's entry, and of a file's own header, without names */
#define HEADER_BYTES  30
#define FULL16        0xffffu
#define FULL32        0xffffffffu

static uint64_t number(const uint8_t *p, int bytes) {
    uint64_t v = 0;
    for (int i = bytes - 1; i >= 0; i--) v = v << 8 | p[i];
    return v;
}

bool fv__is_zip(const uint8_t *data, size_t size) {
    return size >= 4 && memcmp(data, "PK\3\4", 4) == 0;
}

static bool within(const fv_zip *zip, uint64_t at, uint64_t bytes) {
    return at <= zip->size && bytes <= zip->size - at;
}

/* Where the list lies, and how many files it names. */
typedef struct list {
    uint64_t at, bytes, count;
} list;

/* The end record, which a comment may follow. */
static const uint8_t *find_end(const fv_zip *zip) {
    if (zip->size < END_BYTES) return NULL;
    const size_t most = zip->size - END_BYTES < COMMENT_MAX ? zip->size - END_BYTES : COMMENT_MAX;
    for (size_t comment = 0; comment <= most; comment++) {
        const uint8_t *p = zip->data + zip->size - END_BYTES - comment;
        if (memcmp(p, "PK\5\6", 4) == 0 && number(p + 20, 2) == comment) return p;
    }
    return NULL;
}

static fv_status find_list(fv_context *ctx, const fv_zip *zip, list *out) {
    const uint8_t *end = find_end(zip);
    if (!end)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "a ZIP archive without its end: the file is cut short or damaged");
    *out = (list){number(end + 16, 4), number(end + 12, 4), number(end + 10, 2)};
    const size_t before = (size_t)(end - zip->data);
    const bool full = out->at == FULL32 || out->bytes == FULL32 || out->count == FULL16;
    if (full && before >= LOCATOR_BYTES && memcmp(end - LOCATOR_BYTES, "PK\6\7", 4) == 0) {
        const uint64_t at = number(end - LOCATOR_BYTES + 8, 8);
        if (!within(zip, at, END64_BYTES) || memcmp(zip->data + at, "PK\6\6", 4) != 0)
            return fv__fail(ctx, FV_BAD_INPUT, "the ZIP archive's end record is not where it says");
        const uint8_t *end64 = zip->data + at;
        *out = (list){number(end64 + 48, 8), number(end64 + 40, 8), number(end64 + 32, 8)};
    }
    if (!within(zip, out->at, out->bytes) || out->count > out->bytes / ENTRY_BYTES)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the ZIP archive's list of %llu files lies outside of the file",
                        (unsigned long long)out->count);
    return FV_OK;
}

/* The numbers that did not fit into their 32 bits, from the entry's further fields. */
static void widen(fv_zip_entry *e, const uint8_t *p, size_t left) {
    uint64_t *const wanted[] = {&e->bytes, &e->packed, &e->header};
    for (size_t size; left >= 4; p += size, left -= size) {
        size = (size_t)number(p + 2, 2);
        if (size > left - 4) return;
        p += 4;
        left -= 4;
        if (number(p - 4, 2) != 1) continue;
        size_t used = 0;
        for (int i = 0; i < 3; i++) {
            if (*wanted[i] != FULL32 || size - used < 8) continue;
            *wanted[i] = number(p + used, 8);
            used += 8;
        }
        return;
    }
}

/* The entry at p, of which `left` bytes are there; *size: its own. */
static fv_status read_entry(fv_context *ctx, const uint8_t *p, size_t left, fv_zip_entry *e,
                            size_t *size) {
    if (left < ENTRY_BYTES || memcmp(p, "PK\1\2", 4) != 0)
        return fv__fail(ctx, FV_BAD_INPUT, "the ZIP archive's list of files is damaged");
    const size_t name = (size_t)number(p + 28, 2), more = (size_t)number(p + 30, 2);
    *size = ENTRY_BYTES + name + more + (size_t)number(p + 32, 2);
    if (*size > left)
        return fv__fail(ctx, FV_BAD_INPUT, "the ZIP archive's list of files is cut short");
    *e = (fv_zip_entry){.name = (const char *)p + ENTRY_BYTES,
                        .length = name,
                        .header = number(p + 42, 4),
                        .packed = number(p + 20, 4),
                        .bytes = number(p + 24, 4),
                        .method = (unsigned)number(p + 10, 2),
                        .flags = (unsigned)number(p + 8, 2)};
    widen(e, p + ENTRY_BYTES + name, more);
    return FV_OK;
}

/* The order of names: as bytes, the shorter first. `a` is in two parts. */
static int order(const char *folder, size_t folder_length, const char *name, size_t name_length,
                 const fv_zip_entry *e) {
    const size_t length = folder_length + name_length;
    if (length != e->length) return length < e->length ? -1 : 1;
    const int first = folder_length ? memcmp(folder, e->name, folder_length) : 0;
    if (first || !name_length) return first;
    return memcmp(name, e->name + folder_length, name_length);
}

static int by_name(const void *a, const void *b) {
    const fv_zip_entry *x = a;
    return order(x->name, x->length, "", 0, b);
}

fv_status fv__zip_read(fv_context *ctx, fv_arena *arena, const uint8_t *data, size_t size,
                       fv_zip *out) {
    list files = {0};
    *out = (fv_zip){.data = data, .size = size};
    FV_TRY(find_list(ctx, out, &files));
    out->count = (size_t)files.count;
    out->entries = fv__arena_alloc(arena, (out->count + 1) * sizeof *out->entries);
    if (!out->entries) return FV_EXHAUSTED;
    const uint8_t *p = data + files.at;
    size_t left = (size_t)files.bytes, used = 0;
    for (size_t i = 0; i < out->count; i++, p += used, left -= used)
        FV_TRY(read_entry(ctx, p, left, &out->entries[i], &used));
    qsort(out->entries, out->count, sizeof *out->entries, by_name);
    for (size_t i = 1; i < out->count; i++)
        if (by_name(&out->entries[i - 1], &out->entries[i]) == 0)
            return fv__fail(ctx, FV_BAD_INPUT, "the ZIP archive has two files of one name");
    return FV_OK;
}

const fv_zip_entry *fv__zip_find(const fv_zip *zip, const char *folder, size_t folder_length,
                                 const char *name, size_t name_length) {
    size_t low = 0, high = zip->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int at = order(folder, folder_length, name, name_length, &zip->entries[middle]);
        if (at == 0) return &zip->entries[middle];
        if (at < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

fv_status fv__zip_bytes(fv_context *ctx, const fv_zip *zip, const fv_zip_entry *e,
                        const uint8_t **out) {
    const int length = e->length < 256 ? (int)e->length : 256;
    if (e->flags & 1)
        return fv__fail(ctx, FV_BAD_INPUT, "'%.*s' in the archive is encrypted", length, e->name);
    if (e->method || e->packed != e->bytes)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "'%.*s' in the archive is packed; PyTorch stores its files as they are: "
                        "unpack the archive and make it anew without packing (zip -0)",
                        length, e->name);
    if (within(zip, e->header, HEADER_BYTES) && memcmp(zip->data + e->header, "PK\3\4", 4) == 0) {
        const uint8_t *p = zip->data + e->header;
        const uint64_t at = e->header + HEADER_BYTES + number(p + 26, 2) + number(p + 28, 2);
        *out = p + (at - e->header);
        if (within(zip, at, e->bytes)) return FV_OK;
    }
    return fv__fail(ctx, FV_BAD_INPUT, "'%.*s' in the archive lies outside of the file", length,
                    e->name);
}
