/* SPDX-License-Identifier: MIT */
/*
 * memory.c - allocation and arenas.
 *
 * Everything comes from malloc's family, so that fv__free() is free() and a test can refuse it.
 */
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *fv__alloc(fv_context *ctx, size_t bytes, const char *what) {
    /* aligned_alloc wants a multiple of the alignment. */
    size_t rounded;
    if (!fv__add_size(bytes, FV_ALIGN - 1, &rounded)) {
        fv__fail_memory(ctx, bytes, what);
        return NULL;
    }
    rounded &= ~(size_t)(FV_ALIGN - 1);
    if (rounded == 0) rounded = FV_ALIGN;
    void *p = rounded <= PTRDIFF_MAX ? aligned_alloc(FV_ALIGN, rounded) : NULL;
    if (p == NULL) {
        fv__fail_memory(ctx, bytes, what);
        return NULL;
    }
    memset(p, 0, rounded);
    return p;
}

void fv__free(void *p) {
    free(p);
}

fv_status fv__grow(fv_context *ctx, void **items, size_t *capacity, size_t need, size_t item_bytes,
                   const char *what) {
    if (need <= *capacity) return FV_OK;
    size_t count = *capacity + *capacity / 2;
    if (count < need) count = need;
    if (count < 8) count = 8;
    size_t bytes;
    if (!fv__mul_size(count, item_bytes, &bytes) || bytes > PTRDIFF_MAX) {
        return fv__fail_memory(ctx, SIZE_MAX, what);
    }
    char *grown = realloc(*items, bytes);
    if (grown == NULL) return fv__fail_memory(ctx, bytes, what);
    size_t old = *capacity * item_bytes;
    memset(grown + old, 0, bytes - old);
    *items = grown;
    *capacity = count;
    return FV_OK;
}

/* ---------------------------------------------------------------------------------- arenas --- */

#define BLOCK_FIRST 4096          /* bytes of the first block */
#define BLOCK_MOST  (1024 * 1024) /* later blocks double up to this */
#define ITEM_ALIGN  16            /* enough for any C type */

typedef struct fv_arena_block {
    struct fv_arena_block *next;
    size_t used, size; /* of the bytes behind this header */
} fv_arena_block;

/* The header takes a whole number of alignments, so that what follows is aligned. */
#define HEADER ((sizeof(fv_arena_block) + ITEM_ALIGN - 1) / ITEM_ALIGN * ITEM_ALIGN)

void fv__arena_init(fv_arena *arena, fv_context *ctx) {
    arena->blocks = NULL;
    arena->ctx = ctx;
}

void fv__arena_free(fv_arena *arena) {
    fv_arena_block *b = arena->blocks;
    while (b != NULL) {
        fv_arena_block *next = b->next;
        free(b);
        b = next;
    }
    arena->blocks = NULL;
}

void *fv__arena_alloc(fv_arena *arena, size_t bytes) {
    size_t rounded;
    if (!fv__add_size(bytes, ITEM_ALIGN - 1, &rounded)) {
        fv__fail_memory(arena->ctx, bytes, "an arena");
        return NULL;
    }
    rounded &= ~(size_t)(ITEM_ALIGN - 1);
    if (rounded == 0) rounded = ITEM_ALIGN;
    fv_arena_block *b = arena->blocks;
    if (b == NULL || b->size - b->used < rounded) {
        size_t size = b == NULL ? BLOCK_FIRST : b->size < BLOCK_MOST / 2 ? b->size * 2 : BLOCK_MOST;
        if (size < rounded) size = rounded;
        size_t whole;
        b = fv__add_size(size, HEADER, &whole) && whole <= PTRDIFF_MAX ? malloc(whole) : NULL;
        if (b == NULL) {
            fv__fail_memory(arena->ctx, bytes, "an arena");
            return NULL;
        }
        memset(b, 0, whole);
        b->size = size;
        b->next = arena->blocks;
        arena->blocks = b;
    }
    void *p = (char *)b + HEADER + b->used;
    b->used += rounded;
    return p;
}

char *fv__arena_textn(fv_arena *arena, const char *text, size_t n) {
    size_t bytes;
    if (!fv__add_size(n, 1, &bytes)) {
        fv__fail_memory(arena->ctx, n, "a text");
        return NULL;
    }
    char *p = fv__arena_alloc(arena, bytes);
    if (p == NULL) return NULL;
    if (n > 0) memcpy(p, text, n);
    return p;
}

char *fv__arena_text(fv_arena *arena, const char *text) {
    return fv__arena_textn(arena, text, strlen(text));
}

char *fv__arena_format(fv_arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = n < 0 ? NULL : fv__arena_alloc(arena, (size_t)n + 1);
    if (p != NULL) vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return p;
}
