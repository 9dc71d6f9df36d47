/* SPDX-License-Identifier: MIT */
/*
 * op_memory.c - memory between guards. A block begins at a multiple of 64: its length, the front
 * guard, `off` more bytes of it, the memory, the guard behind.
 */
#include "op_memory.h"
#include "base/memory.h"

#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED
#endif
#endif
#ifdef WATCHED
#include <sanitizer/asan_interface.h>
#define FORBID(from, bytes) __asan_poison_memory_region(from, bytes)
#define ALLOW(from, bytes)  __asan_unpoison_memory_region(from, bytes)
#define UNWATCHED           __attribute__((no_sanitize("address")))
#else
#define FORBID(from, bytes) ((void)(from), (void)(bytes))
#define ALLOW(from, bytes)  ((void)(from), (void)(bytes))
#define UNWATCHED
#endif

#define GUARD_BYTE 0x5c /* what stands in guards */

static unsigned char *block_of(const void *memory) {
    return (unsigned char *)((uintptr_t)memory & ~(uintptr_t)(OP_GUARD - 1)) - 2 * OP_GUARD;
}

void *op_lend(size_t bytes, size_t off) {
    const size_t all = 3 * OP_GUARD + off + bytes + OP_GUARD;
    unsigned char *block = fv__alloc(NULL, all, NULL);
    if (block == NULL) return NULL;
    unsigned char *front = block + OP_GUARD, *memory = front + OP_GUARD + off;
    memcpy(block, &all, sizeof all);
    memset(front, GUARD_BYTE, OP_GUARD + off);
    memset(memory + bytes, GUARD_BYTE, OP_GUARD);
    FORBID(front, OP_GUARD + off);
    FORBID(memory + bytes, all - (size_t)(memory + bytes - block));
    return memory;
}

/* Reads what is forbidden to everybody else. */
UNWATCHED static bool untouched(const volatile unsigned char *from, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        if (from[i] != GUARD_BYTE) return false;
    return true;
}

bool op_guarded(const void *memory, size_t bytes) {
    if (memory == NULL) return true;
    const unsigned char *front = block_of(memory) + OP_GUARD, *at = memory;
    return untouched(front, (size_t)(at - front)) && untouched(at + bytes, OP_GUARD);
}

void op_give_back(void *memory) {
    if (memory == NULL) return;
    unsigned char *block = block_of(memory);
    size_t all;
    memcpy(&all, block, sizeof all);
    ALLOW(block, all);
    fv__free(block);
}
