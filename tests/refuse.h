/* SPDX-License-Identifier: MIT */
/*
 * refuse.h - memory refused on request, for the tests with "alloc" in their name.
 *
 * The linker puts these in place of malloc and its relatives (--wrap, cmake/tests.cmake). Include
 * once, in the test's own file.
 */
#ifndef FV_TESTS_REFUSE_H
#define FV_TESTS_REFUSE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **p, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **p, size_t alignment, size_t size);

static long requests;    /* so far; set to 0 to count anew */
static long refuse_at;   /* the request to refuse, from 1; 0: none */
static bool refuse_rest; /* all after it too */

static bool refused(void) {
    requests++;
    return refuse_at > 0 && (requests == refuse_at || (refuse_rest && requests > refuse_at));
}

void *__wrap_malloc(size_t size) {
    return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size) {
    return refused() ? NULL : __real_realloc(p, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return refused() ? NULL : __real_aligned_alloc(alignment, size);
}

int __wrap_posix_memalign(void **p, size_t alignment, size_t size) {
    return refused() ? ENOMEM : __real_posix_memalign(p, alignment, size);
}

#endif
