/* SPDX-License-Identifier: MIT */
/*
 * memory.c - allocation and arenas.
 *
 * Everything comes from one place, the context's allocator or calloc, so a test can refuse it.
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1 /* madvise */
#endif
#include "base/memory.h"
#include "base/number.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#ifdef FV_HAVE_MMAP
#include <sys/mman.h>
#endif

#define HUGE_PAGE ((size_t)2 << 20)
#define HUGE_FROM (2 * HUGE_PAGE) /* bytes of a block that is worth them */

/* Before every block: who takes it back. The context may be gone by then, and models outlive it. */
typedef struct header {
    void *start; /* as it came from the allocator */
    void (*free)(void *user, void *p);
    void *user;
} header;

/* Large pages where the system gives them: weights and maps are read from end to end, and a page of
   2 MB is one entry of the processor's table and one fault where 512 small ones were. A large block
   begins and ends with such a page, so that no thread's memory lies in small ones; what is never
   touched of it costs nothing. Whether the system follows the advice
   makes no difference to anybody. */
#if defined(FV_HAVE_MMAP) && defined(MADV_HUGEPAGE)
static size_t page_for(const fv_allocator *from, size_t bytes) {
    return from == NULL && bytes >= HUGE_FROM ? HUGE_PAGE : FV_ALIGN;
}
static void advise(void *p, size_t bytes, size_t page) {
    if (page == HUGE_PAGE) (void)madvise(p, (bytes + page - 1) / page * page, MADV_HUGEPAGE);
}
#else
static size_t page_for(const fv_allocator *from, size_t bytes) {
    (void)from;
    (void)bytes;
    return FV_ALIGN;
}
static void advise(void *p, size_t bytes, size_t page) {
    (void)p;
    (void)bytes;
    (void)page;
}
#endif

/* The system's memory comes zeroed: large blocks are not touched before they are used. */
static void *take(const fv_allocator *from, size_t bytes) {
    if (from == NULL || from->alloc == NULL) return calloc(1, bytes);
    void *p = from->alloc(from->user, bytes, FV_ALIGN);
    if (p != NULL) memset(p, 0, bytes);
    return p;
}

void *fv__alloc(fv_context *ctx, size_t bytes, const char *what) {
    const fv_allocator *from = ctx != NULL && ctx->allocator.alloc ? &ctx->allocator : NULL;
    const size_t page = page_for(from, bytes), behind = page > FV_ALIGN ? page : 0;
    const size_t more = sizeof(header) + page - 1;
    size_t whole;
    char *start = NULL;
    if (fv__add_size(bytes ? bytes : 1, more + behind, &whole) && whole <= PTRDIFF_MAX)
        start = take(from, whole);
    if (start == NULL) {
        fv__fail_memory(ctx, bytes, what);
        return NULL;
    }
    char *p = start + more - (uintptr_t)(start + more) % page;
    advise(p, bytes, page);
    const header h = {start, from ? from->free : NULL, from ? from->user : NULL};
    memcpy(p - sizeof h, &h, sizeof h);
    return p;
}

void fv__free(void *p) {
    if (p == NULL) return;
    header h;
    memcpy(&h, (char *)p - sizeof h, sizeof h);
    if (h.free != NULL)
        h.free(h.user, h.start);
    else
        free(h.start);
}

fv_status fv__grow(fv_context *ctx, void **items, size_t *capacity, size_t need, size_t item_bytes,
                   const char *what) {
    if (need <= *capacity) return FV_OK;
    size_t count = *capacity + *capacity / 2;
    if (count < need) count = need;
    if (count < 8) count = 8;
    size_t bytes;
    if (!fv__mul_size(count, item_bytes, &bytes)) return fv__fail_memory(ctx, SIZE_MAX, what);
    void *grown = fv__alloc(ctx, bytes, what);
    if (grown == NULL) return FV_EXHAUSTED;
    if (*capacity > 0) memcpy(grown, *items, *capacity * item_bytes);
    fv__free(*items);
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
    void *adopted;     /* a block that came from elsewhere */
} fv_arena_block;

/* The header takes a whole number of alignments, so that what follows is aligned. */
#define HEADER ((sizeof(fv_arena_block) + ITEM_ALIGN - 1) / ITEM_ALIGN * ITEM_ALIGN)

void fv__arena_init(fv_arena *arena, fv_context *ctx) {
    *arena = (fv_arena){.ctx = ctx};
}

void fv__arena_limit(fv_arena *arena, size_t bytes) {
    arena->limited = true;
    arena->left = bytes;
}

static bool within(fv_arena *arena, size_t bytes) {
    if (!arena->limited) return true;
    if (bytes > arena->left) {
        arena->overdrawn = true;
        fv__fail_memory(arena->ctx, bytes, "an arena with a limit");
        return false;
    }
    arena->left -= bytes;
    return true;
}

void fv__arena_free(fv_arena *arena) {
    fv_arena_block *b = arena->blocks;
    while (b != NULL) {
        fv_arena_block *next = b->next;
        fv__free(b->adopted);
        fv__free(b);
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
        if (!fv__add_size(size, HEADER, &whole)) whole = SIZE_MAX;
        b = within(arena, size) ? fv__alloc(arena->ctx, whole, "an arena") : NULL;
        if (b == NULL) return NULL;
        b->size = size;
        b->next = arena->blocks;
        arena->blocks = b;
    }
    void *p = (char *)b + HEADER + b->used;
    b->used += rounded;
    return p;
}

/* Behind the first block, which is the one that is being filled. */
fv_status fv__arena_adopt(fv_arena *arena, void *block) {
    fv_arena_block *b = fv__alloc(arena->ctx, sizeof *b, "an arena");
    if (b == NULL) {
        fv__free(block);
        return FV_EXHAUSTED;
    }
    b->adopted = block;
    if (arena->blocks == NULL) {
        arena->blocks = b;
    } else {
        b->next = arena->blocks->next;
        arena->blocks->next = b;
    }
    return FV_OK;
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
    int n = fv__vformat(NULL, 0, format, args);
    va_end(args);
    char *p = n < 0 ? NULL : fv__arena_alloc(arena, (size_t)n + 1);
    if (p != NULL) fv__vformat(p, (size_t)n + 1, format, again);
    va_end(again);
    return p;
}
