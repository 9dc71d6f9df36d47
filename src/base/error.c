/* SPDX-License-Identifier: MIT */
/*
 * error.c - writes one sentence into the context.
 */
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Drops the beginning of a UTF-8 character that a cut left at the end. */
static void trim_cut(char *text, size_t length) {
    size_t i = length;
    while (i > 0 && length - i < 4 && ((unsigned char)text[i - 1] & 0xc0) == 0x80) i--;
    if (i > 0 && ((unsigned char)text[i - 1] & 0xc0) == 0xc0) {
        unsigned char lead = (unsigned char)text[i - 1];
        size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        if (length - (i - 1) < want) text[i - 1] = '\0';
    }
}

fv_status fv__fail(fv_context *ctx, fv_status status, const char *format, ...) {
    if (ctx == NULL) return status;
    /* Formatted aside first: the arguments may point into the old message. */
    char text[FV_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0) text[0] = '\0';
    if (n >= (int)sizeof text) trim_cut(text, sizeof text - 1);
    memcpy(ctx->message, text, strlen(text) + 1);
    ctx->status = status;
    return status;
}

fv_status fv__fail_in(fv_context *ctx, const char *format, ...) {
    if (ctx == NULL) return FV_FAILED;
    char text[FV_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0) text[0] = '\0';
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
    if (cut) trim_cut(ctx->message, prefix + rest);
    return ctx->status;
}

fv_status fv__fail_memory(fv_context *ctx, size_t bytes, const char *what) {
    return fv__fail(ctx, FV_EXHAUSTED,
                    "out of memory: %zu bytes for %s were refused; a smaller batch, network or "
                    "data set needs less",
                    bytes, what);
}
