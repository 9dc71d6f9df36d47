/* SPDX-License-Identifier: MIT */
/*
 * memory.h - allocation, arenas, sizes that cannot overflow.
 *
 * Three lifetimes: an arena (a net and its names), a plan's and run's blocks, the caller's own.
 */
#ifndef FV_BASE_MEMORY_H
#define FV_BASE_MEMORY_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

#define FV_ALIGN 64 /* one cache line, one AVX-512 register */

/* 64-byte aligned, zeroed, from the context's allocator; NULL with the context's message set when
   refused. bytes 0 is allowed. */
void *fv__alloc(fv_context *ctx, size_t bytes, const char *what);
void fv__free(
    void *p); /* of fv__alloc and fv__grow alike, to where it came from; NULL is allowed */

/* Grows *items (capacity in items at *capacity) to hold at least `need`; FV_EXHAUSTED on refusal
   (the old block stays valid). */
FV_MUST_USE fv_status fv__grow(fv_context *ctx, void **items, size_t *capacity, size_t need,
                               size_t item_bytes, const char *what);

/* Multiplication and addition that say when they do not fit. */
static inline bool fv__mul_size(size_t a, size_t b, size_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}
static inline bool fv__add_size(size_t a, size_t b, size_t *out) {
    return !__builtin_add_overflow(a, b, out);
}
static inline bool fv__mul_i64(int64_t a, int64_t b, int64_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}

/* An arena: grows, is released at once. All memory is zeroed. */
typedef struct fv_arena {
    struct fv_arena_block *blocks;
    fv_context *ctx; /* whose message is set when memory is refused */
    bool limited;    /* refuses what would take more than */
    size_t left;     /* so many bytes more */
    bool overdrawn;  /* it has refused something for that reason */
} fv_arena;

void fv__arena_init(fv_arena *arena, fv_context *ctx);
void fv__arena_free(fv_arena *arena);
/* From now on it takes `bytes` more and no further: of readers whose files could ask for any amount
   in a few words. */
void fv__arena_limit(fv_arena *arena, size_t bytes);
void *fv__arena_alloc(fv_arena *arena, size_t bytes); /* NULL: refused */
/* Takes over a block of fv__alloc: it goes with the arena, and on failure at once. */
FV_MUST_USE fv_status fv__arena_adopt(fv_arena *arena, void *block);
char *fv__arena_text(fv_arena *arena, const char *text);            /* a copy; NULL: refused */
char *fv__arena_textn(fv_arena *arena, const char *text, size_t n); /* of n bytes, 0-ended */
char *fv__arena_format(fv_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
