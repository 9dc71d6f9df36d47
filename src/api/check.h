/* SPDX-License-Identifier: MIT */
/*
 * check.h - what every public function asks first: nonsense in the arguments is an error in words.
 */
#ifndef FV_API_CHECK_H
#define FV_API_CHECK_H

#include "base/error.h"

/* A context that fv_context_new made completely. */
static inline fv_status fv__check_context(fv_context *ctx) {
    if (!ctx) return FV_USAGE;
    if (!ctx->pool)
        return fv__fail(ctx, FV_USAGE,
                        "this context has no threads: fv_context_new failed, and its result may "
                        "only be asked for the error and freed");
    return FV_OK;
}

static inline fv_status fv__check_given(fv_context *ctx, const char *function, const char *name,
                                        const void *value) {
    if (value) return FV_OK;
    return fv__fail(ctx, FV_USAGE, "%s: '%s' is NULL", function, name);
}

/* In a public function: the context, then each pointer that must be there. */
#define FV_NEED_CONTEXT(ctx) FV_TRY(fv__check_context(ctx))
#define FV_NEED(ctx, value)  FV_TRY(fv__check_given(ctx, __func__, #value, value))

#endif
