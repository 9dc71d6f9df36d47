/* SPDX-License-Identifier: MIT */
/*
 * context_api.c - the public context: threads, instruction set, memory, notes and the last error.
 */
#include "api/given.h"
#include "base/cpu_features.h"
#include "base/text.h"
#include "base/thread.h"
#include "cpu/cpu.h"
#include "device/tuning.h"
#include "kern/kern.h"
#include "op/added_op.h"
#include <stdio.h>
#include <string.h>

#define THREADS_MAX 1024

const char *fv_version(void) {
    return FOVEA_VERSION;
}

/* "fp32, strict or bf16" */
static const char *listed(const char *const *names, int count, char out[256]) {
    size_t at = 0;
    out[0] = '\0';
    for (int i = 0; i < count && at < 200; i++) {
        const char *before = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        at += (size_t)snprintf(out + at, 256 - at, "%s%s", before, names[i]);
    }
    return out;
}

/* Which of the names a word is; below 0: none, and the context says so. */
static int taken(fv_context *ctx, const char *what, const char *const *names, int count,
                 const char *word) {
    char all[256];
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], word) == 0) return i;
    const char *near = fv__nearest(word, names, (size_t)count);
    (void)fv__fail(ctx, FV_USAGE, "the %s is %s, not '%.64s'%s%s%s", what,
                   listed(names, count, all), word, near ? "; did you mean '" : "",
                   near ? near : "", near ? "'?" : "");
    return -1;
}

static fv_status take_isa(fv_context *ctx, const char *level) {
    const char *names[FV_ISAS];
    for (int i = 0; i < FV_ISAS; i++) names[i] = fv__isa_name(i);
    const int isa = taken(ctx, "instruction set", names, FV_ISAS, level);
    if (isa < 0) return FV_USAGE;
    if (!fv__isa_supported(isa))
        return fv__fail(ctx, FV_BAD_INPUT, "instruction set %s: this processor has %s at most",
                        level, fv__isa_name(fv__isa_best()));
    ctx->isa = isa;
    return FV_OK;
}

static fv_status take_precision(fv_context *ctx, const char *word) {
    const char *names[FV_PRECISIONS];
    for (int i = 0; i < FV_PRECISIONS; i++) names[i] = fv__precision_name(i);
    const int precision = taken(ctx, "precision", names, FV_PRECISIONS, word);
    if (precision < 0) return FV_USAGE;
    ctx->precision = precision;
    return FV_OK;
}

/* On failure the context is one that failed: without threads. */
static fv_status take_tuning(fv_context *ctx, const char *path) {
    fv_tuning_is is;
    fv_status status = fv__tuning_new(ctx, &ctx->tuning);
    if (status == FV_OK) status = fv__tuning_read(ctx, path, ctx->tuning, &is);
    if (status == FV_OK) return FV_OK;
    fv__pool_free(ctx->pool);
    ctx->pool = NULL;
    return status;
}

fv_status fv_context_new_with(const fv_context_options *given, fv_context **out) {
    fv_context_options options = {0};
    fv_context lender = {0}; /* the context's own memory comes from the caller's allocator, too */
    if (!out) return FV_USAGE;
    const fv_status read = fv__take_struct(&lender, __func__, given, &options, sizeof options);
    if (read == FV_OK && options.allocator.free) lender.allocator = options.allocator;
    fv_context *ctx = *out = fv__alloc(&lender, sizeof *ctx, "a context");
    if (!ctx) return FV_EXHAUSTED;
    ctx->isa = fv__isa_best();
    ctx->device = &fv__cpu_device;
    if (read != FV_OK) return fv__fail(ctx, read, "%s", lender.message);
    if (!options.allocator.alloc != !options.allocator.free)
        return fv__fail(ctx, FV_USAGE, "an allocator has both alloc and free, or neither");
    ctx->allocator = options.allocator;
    ctx->logger = (fv_logger){options.log, options.log_user};
    if (options.threads < 0 || options.threads > THREADS_MAX)
        return fv__fail(ctx, FV_USAGE,
                        "the number of threads must be 0 (one per processor) to %d, not %d",
                        THREADS_MAX, options.threads);
    if (options.isa) FV_TRY(take_isa(ctx, options.isa));
    if (options.precision) FV_TRY(take_precision(ctx, options.precision));
    FV_TRY(fv__pool_new(ctx, options.threads, &ctx->pool));
    return options.tuning ? take_tuning(ctx, options.tuning) : FV_OK;
}

fv_status fv_context_new(int threads, fv_context **out) {
    fv_context_options options = FV_INIT(fv_context_options);
    options.threads = threads;
    return fv_context_new_with(&options, out);
}

void fv_context_free(fv_context *ctx) {
    if (!ctx) return;
    if (ctx->pool) fv__pool_free(ctx->pool);
    fv__tuning_free(ctx->tuning);
    fv__added_ops_free(ctx);
    fv__free(ctx);
}

const char *fv_context_error(const fv_context *ctx) {
    if (!ctx)
        return "there is no context: memory for it was refused, or NULL was given instead of one "
               "from fv_context_new()";
    return ctx->message;
}

fv_status fv_context_fail(fv_context *ctx, fv_status status, const char *sentence) {
    return fv__fail(ctx, status, "%s", sentence ? sentence : "");
}

int fv_context_threads(const fv_context *ctx) {
    return ctx ? fv__pool_size(ctx->pool) : 0;
}

const char *fv_context_isa(const fv_context *ctx) {
    return ctx ? fv__isa_name(ctx->isa) : NULL;
}

const char *fv_context_precision(const fv_context *ctx) {
    return ctx ? fv__precision_name(ctx->precision) : NULL;
}
