/* SPDX-License-Identifier: MIT */
/*
 * given.h - what every public function asks first: nonsense in the arguments is an error in words.
 */
#ifndef FV_API_GIVEN_H
#define FV_API_GIVEN_H

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

/* A caller's struct that begins with its size, into `known`, ours of `bytes` bytes, zeroed before:
   what only one of the two has is left out or stays 0. NULL leaves all at 0. FV_USAGE: no size, or
   something in a part that this library does not know. */
FV_MUST_USE fv_status fv__take_struct(fv_context *ctx, const char *function, const void *given,
                                      void *known, size_t bytes);
/* And back, for a struct that the library fills: what the caller's has room for. */
FV_MUST_USE fv_status fv__give_struct(fv_context *ctx, const char *function, const void *known,
                                      size_t bytes, void *given);

#define FV_TAKE(ctx, given, known)                                                                 \
    FV_TRY(fv__take_struct(ctx, __func__, given, &(known), sizeof(known)))
#define FV_GIVE(ctx, known, given)                                                                 \
    FV_TRY(fv__give_struct(ctx, __func__, &(known), sizeof(known), given))

#endif
