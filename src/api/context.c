/* SPDX-License-Identifier: MIT */
/*
 * context.c - the public context: threads and the last error.
 */
#include "base/cpu_features.h"
#include "base/memory.h"
#include "base/thread.h"

#define THREADS_MAX 1024

const char *fv_version(void) {
    return FOVEA_VERSION;
}

fv_status fv_context_new(int threads, fv_context **out) {
    if (!out) return FV_USAGE;
    fv_context *ctx = *out = fv__alloc(NULL, sizeof *ctx, "a context");
    if (!ctx) return FV_EXHAUSTED;
    ctx->isa = (int)fv__cpu_isa();
    if (threads < 0 || threads > THREADS_MAX)
        return fv__fail(ctx, FV_USAGE,
                        "the number of threads must be 0 (one per processor) to %d, not %d",
                        THREADS_MAX, threads);
    return fv__pool_new(ctx, threads, &ctx->pool);
}

void fv_context_free(fv_context *ctx) {
    if (!ctx) return;
    if (ctx->pool) fv__pool_free(ctx->pool);
    fv__free(ctx);
}

const char *fv_context_error(const fv_context *ctx) {
    if (!ctx)
        return "there is no context: memory for it was refused, or NULL was given instead of one "
               "from fv_context_new()";
    return ctx->message;
}

int fv_context_threads(const fv_context *ctx) {
    return ctx ? fv__pool_size(ctx->pool) : 0;
}
