/* SPDX-License-Identifier: MIT */
/*
 * picture_cache.c - pictures decoded once.
 *
 * DIR/ab/cdef0123456789.pixels, called by FNV-1a of the picture's path: nine numbers of 64 bits as
 * this machine has them (another machine's are no match), the path, the pixels. The last number is
 * a checksum of all else, so nothing needs to be forced onto the disk.
 */
#include "data/picture_cache.h"
#include "base/folder.h"
#include "base/loose_file.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAGIC     0x3173756c65786976u /* "vixelus1" */
#define LOOKED_AT 16                  /* pictures, for a forecast */

enum { NONE, BEING_SAID, TO_TELL, TOLD }; /* of what went wrong with writing */

struct fv_picture_cache {
    char *folder, *where; /* relative paths are meant from `where` */
    bool fixed;
    atomic_int trouble;
    char why[FV_MESSAGE_MAX];
};

enum { KIND, VERSION, SIZE, MODIFIED, PATH, CHANNELS, HEIGHT, WIDTH, CHECKSUM, NUMBERS };

/* One picture in its file. */
typedef struct leaf {
    fv_text path;  /* of the picture, from the root */
    fv_text place; /* of the file */
    size_t folder; /* as many letters of it are its folder's */
    uint64_t number[NUMBERS];
} leaf;

static char *copy(fv_context *ctx, const char *text) {
    const size_t n = strlen(text) + 1;
    char *out = fv__alloc(ctx, n, "a cache");
    if (out) memcpy(out, text, n);
    return out;
}

fv_status fv__picture_cache_new(fv_context *ctx, const char *folder, bool fixed,
                                fv_picture_cache **out) {
    char here[4096];
    fv_picture_cache *c = *out = fv__alloc(ctx, sizeof *c, "a cache");
    if (!c) return FV_EXHAUSTED;
    c->fixed = fixed;
    atomic_init(&c->trouble, NONE);
    c->folder = copy(ctx, folder);
    c->where = copy(ctx, getcwd(here, sizeof here) ? here : "");
    if (c->folder && c->where) return FV_OK;
    fv__picture_cache_free(c);
    *out = NULL;
    return FV_EXHAUSTED;
}

void fv__picture_cache_free(fv_picture_cache *c) {
    if (!c) return;
    fv__free(c->folder);
    fv__free(c->where);
    fv__free(c);
}

/* FNV-1a over words of eight bytes: eight times as fast as over bytes, and as good at noticing that
   something is not what it was. */
static uint64_t sum_words(uint64_t sum, const void *data, size_t size) {
    const uint8_t *at = data;
    for (; size > 0; at += 8) {
        uint64_t word = 0;
        const size_t n = size < 8 ? size : 8;
        memcpy(&word, at, n);
        sum = (sum ^ word) * 0x100000001b3u;
        size -= n;
    }
    return sum;
}

static uint64_t checksum_of(const leaf *l, const void *pixels, size_t size) {
    uint64_t sum = sum_words(FV_FNV_START, l->number, CHECKSUM * sizeof l->number[0]);
    sum = sum_words(sum, l->path.data, l->path.length);
    return sum_words(sum, pixels, size);
}

/* --- one file --------------------------------------------------------------------------------- */

static void free_leaf(leaf *l) {
    fv__text_free(&l->path);
    fv__text_free(&l->place);
}

static fv_status find_leaf(fv_context *ctx, const fv_picture_cache *c, const char *path,
                           const fv_entry *entry, leaf *l) {
    *l = (leaf){.path.ctx = ctx, .place.ctx = ctx};
    fv__text_addf(&l->path, "%s%s%s", path[0] == '/' ? "" : c->where, path[0] == '/' ? "" : "/",
                  path);
    FV_TRY(fv__text_done(ctx, &l->path));
    const uint64_t key = fv__fnv64(FV_FNV_START, l->path.data, l->path.length);
    fv__text_addf(&l->place, "%s/%02x", c->folder, (unsigned)(key >> 56));
    l->folder = l->place.length;
    fv__text_addf(&l->place, "/%014llx.pixels", (unsigned long long)(key & 0xffffffffffffffu));
    FV_TRY(fv__text_done(ctx, &l->place));
    l->number[KIND] = MAGIC;
    l->number[VERSION] = fv__fnv64(FV_FNV_START, FOVEA_VERSION, strlen(FOVEA_VERSION));
    l->number[SIZE] = entry->size;
    l->number[MODIFIED] = (uint64_t)entry->modified;
    l->number[PATH] = l->path.length;
    return FV_OK;
}

/* The pixels in a file's bytes, if they are those of this picture; the leaf gets its size. */
static const uint8_t *pixels_in(leaf *l, const fv_bytes *bytes, size_t *size) {
    uint64_t number[NUMBERS];
    size_t row;
    const size_t head = sizeof number + l->path.length;
    if (bytes->size < head) return NULL;
    memcpy(number, bytes->data, sizeof number);
    if (memcmp(number, l->number, CHANNELS * sizeof number[0]) != 0) return NULL;
    if (memcmp(bytes->data + sizeof number, l->path.data, l->path.length) != 0) return NULL;
    if (number[CHANNELS] < 1 || number[CHANNELS] > 4 || number[WIDTH] > INT32_MAX ||
        number[HEIGHT] > INT32_MAX)
        return NULL;
    if (!fv__mul_size((size_t)number[WIDTH], (size_t)number[CHANNELS], &row) ||
        !fv__mul_size(row, (size_t)number[HEIGHT], size) || *size != bytes->size - head)
        return NULL;
    memcpy(l->number, number, CHECKSUM * sizeof number[0]);
    const uint8_t *pixels = bytes->data + head;
    return checksum_of(l, pixels, *size) == number[CHECKSUM] ? pixels : NULL;
}

/* *out stays empty where there is nothing that counts. */
static fv_status read_leaf(fv_context *ctx, leaf *l, fv_image *out) {
    fv_bytes bytes;
    size_t size;
    if (!fv__file_exists(l->place.data)) return FV_OK;
    const fv_status status = fv__file_read(ctx, l->place.data, 0, &bytes);
    if (status != FV_OK) return status == FV_EXHAUSTED ? status : FV_OK;
    const uint8_t *pixels = pixels_in(l, &bytes, &size);
    uint8_t *own = pixels ? fv__alloc(ctx, size, "a picture") : NULL;
    if (own) {
        memcpy(own, pixels, size);
        out->width = (int64_t)l->number[WIDTH];
        out->height = (int64_t)l->number[HEIGHT];
        out->channels = (int)l->number[CHANNELS];
        out->pixels = own;
    }
    fv__file_release(&bytes);
    return own || !pixels ? FV_OK : FV_EXHAUSTED;
}

static fv_status write_leaf(fv_context *ctx, leaf *l, const fv_image *image) {
    const size_t size = (size_t)image->width * (size_t)image->height * (size_t)image->channels;
    l->number[CHANNELS] = (uint64_t)image->channels;
    l->number[HEIGHT] = (uint64_t)image->height;
    l->number[WIDTH] = (uint64_t)image->width;
    l->number[CHECKSUM] = checksum_of(l, image->pixels, size);
    const fv_piece pieces[] = {
        {l->number, sizeof l->number}, {l->path.data, l->path.length}, {image->pixels, size}};
    l->place.data[l->folder] = 0;
    const fv_status made =
        fv__folder_exists(l->place.data) ? FV_OK : fv__folder_make(ctx, l->place.data);
    l->place.data[l->folder] = '/';
    FV_TRY(made);
    return fv__loose_write(ctx, l->place.data, pieces, sizeof pieces / sizeof *pieces);
}

/* --- reading through it ----------------------------------------------------------------------- */

static void give_up(const fv_context *ctx, fv_picture_cache *c) {
    int none = NONE;
    if (!atomic_compare_exchange_strong(&c->trouble, &none, BEING_SAID)) return;
    snprintf(c->why, sizeof c->why, "%s", ctx->message);
    atomic_store(&c->trouble, TO_TELL);
}

void fv__picture_cache_tell(const fv_context *ctx, fv_picture_cache *c) {
    int expected = TO_TELL;
    if (!c || !atomic_compare_exchange_strong(&c->trouble, &expected, TOLD)) return;
    fv__log(ctx, FV_LOG_WARNING,
            "the cache of pictures gets no more of them, and training goes on without: %s", c->why);
}

fv_status fv__picture_cache_read(fv_context *ctx, fv_picture_cache *c, const char *path,
                                 fv_image *out) {
    fv_entry entry;
    leaf l;
    *out = (fv_image){0};
    if (!fv__entry_at(path, &entry) || entry.kind != FV_ENTRY_FILE)
        return fv__image_read(ctx, path, out); /* which says what is wrong with it */
    fv_status status = find_leaf(ctx, c, path, &entry, &l);
    if (status == FV_OK) status = read_leaf(ctx, &l, out);
    if (status == FV_OK && !out->pixels) {
        status = fv__image_read(ctx, path, out);
        if (status == FV_OK && !c->fixed && atomic_load(&c->trouble) == NONE &&
            write_leaf(ctx, &l, out) != FV_OK)
            give_up(ctx, c);
    }
    free_leaf(&l);
    return status;
}

/* --- how much it would be --------------------------------------------------------------------- */

static fv_status bytes_of(fv_context *ctx, const fv_dataset *set, int64_t i, double *out) {
    fv_arena scratch;
    fv_sample sample;
    fv__arena_init(&scratch, ctx);
    const fv_status status = fv__dataset_sample(ctx, set, i, &scratch, &sample);
    const fv_image_view *v = &sample.image;
    const char *file = fv__dataset_file(set, i);
    if (status == FV_OK)
        *out += (double)v->width * (double)v->height * v->channels + NUMBERS * sizeof(uint64_t) +
                (file ? (double)strlen(file) : 0);
    fv__arena_free(&scratch);
    return status;
}

fv_status fv__picture_cache_forecast(fv_context *ctx, const fv_dataset *set, size_t *out) {
    const int64_t count = set->count < LOOKED_AT ? set->count : LOOKED_AT;
    double bytes = 0;
    *out = 0;
    if (!set->file || !count) return FV_OK;
    for (int64_t k = 0; k < count; k++)
        FV_TRY(bytes_of(ctx, set, (set->count - 1) * k / (count > 1 ? count - 1 : 1), &bytes));
    *out = (size_t)(bytes / (double)count * (double)set->count);
    return FV_OK;
}
