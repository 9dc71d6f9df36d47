/* SPDX-License-Identifier: MIT */
/*
 * sample_fixture.h - what the tests of data sets made of a function share: a context, the set of a
 * program, an input. Include once, in the test's own file.
 */
#ifndef TEST_SAMPLE_FIXTURE_H
#define TEST_SAMPLE_FIXTURE_H

#include "sample_program.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context *ctx;

static inline int open_context(void **state) {
    (void)state;
    return fv_context_new(1, &ctx) == FV_OK ? 0 : 1;
}

static inline int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

static inline fv_dataset open_set(program *p) {
    fv_dataset set;
    fv_sample_source source = program_source(p);
    if (fv__dataset_from(ctx, &source, &set) != FV_OK) fail_msg("%s", ctx->message);
    return set;
}

static inline fv_input input(int64_t channels, int64_t height, int64_t width) {
    return (fv_input){.channels = channels, .height = height, .width = width, .scale = 1};
}

#endif
