/* SPDX-License-Identifier: MIT */
/*
 * error.c - writes one sentence into the context.
 */
#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>

/* Formats, and cuts what is too long before a character rather than within it. */
static void format_cut(char text[FV_MESSAGE_MAX], const char *format, va_list args) {
    const int n = fv__vformat(text, FV_MESSAGE_MAX, format, args);
    if (n < 0) text[0] = '\0';
    if (n >= FV_MESSAGE_MAX) text[fv__utf8_whole(text, FV_MESSAGE_MAX - 1)] = '\0';
}

fv_status fv__fail(fv_context *ctx, fv_status status, const char *format, ...) {
    if (ctx == NULL) return status;
    /* Formatted aside first: the arguments may point into the old message. */
    char text[FV_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    format_cut(text, format, args);
    va_end(args);
    memcpy(ctx->message, text, strlen(text) + 1);
    ctx->status = status;
    return status;
}

fv_status fv__fail_in(fv_context *ctx, const char *format, ...) {
    if (ctx == NULL) return FV_FAILED;
    char text[FV_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    format_cut(text, format, args);
    va_end(args);
    size_t prefix = strlen(text);
    size_t rest = strlen(ctx->message);
    bool cut = false;
    if (prefix + rest >= FV_MESSAGE_MAX) {
        rest = FV_MESSAGE_MAX - 1 - prefix;
        cut = true;
    }
    memmove(ctx->message + prefix, ctx->message, rest);
    memcpy(ctx->message, text, prefix);
    ctx->message[prefix + rest] = '\0';
    if (cut) ctx->message[fv__utf8_whole(ctx->message, prefix + rest)] = '\0';
    return ctx->status;
}

fv_status fv__fail_memory(fv_context *ctx, size_t bytes, const char *what) {
    if (what == NULL) return FV_EXHAUSTED;
    return fv__fail(ctx, FV_EXHAUSTED,
                    "out of memory: %zu bytes for %s were refused; a smaller batch, network or "
                    "data set needs less",
                    bytes, what);
}

void fv__log(const fv_context *ctx, fv_log_level level, const char *format, ...) {
    if (ctx == NULL || ctx->logger.log == NULL) return;
    char text[FV_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    format_cut(text, format, args);
    va_end(args);
    ctx->logger.log(ctx->logger.user, level, text);
}
