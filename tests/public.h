/* SPDX-License-Identifier: MIT */
/*
 * public.h - what the tests of the public functions share. They include fovea.h and nothing else of
 * the library, as a program does.
 */
#ifndef FV_TESTS_PUBLIC_H
#define FV_TESTS_PUBLIC_H

#include "fovea.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A call that must succeed. */
#define OK(ctx, call)                                                                              \
    do {                                                                                           \
        fv_status status_ = (call);                                                                \
        if (status_ != FV_OK)                                                                      \
            fail_msg("%s gave %d: %s", #call, (int)status_, fv_context_error(ctx));                \
    } while (0)

/* A call that must fail like that, with these words in its sentence. */
#define SAYS(ctx, call, want, words)                                                               \
    do {                                                                                           \
        fv_status status_ = (call);                                                                \
        if (status_ != (want) || !strstr(fv_context_error(ctx), words))                            \
            fail_msg("%s gave %d: %s\n  expected %d: %s", #call, (int)status_,                     \
                     fv_context_error(ctx), (int)(want), words);                                   \
    } while (0)

static inline int public_setup(void **state) {
    fv_context *ctx;
    const fv_status status = fv_context_new(2, &ctx);
    *state = ctx;
    return (int)status;
}

static inline int public_teardown(void **state) {
    fv_context_free(*state);
    return 0;
}

/* Is it a PNG file of at least so many bytes? */
static inline void assert_png(const fv_blob *blob, size_t least) {
    assert_non_null(fv_blob_data(blob));
    assert_memory_equal(fv_blob_data(blob), "\x89PNG\r\n\x1a\n", 8);
    assert_true(fv_blob_size(blob) >= least);
}

#endif
