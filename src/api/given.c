/* SPDX-License-Identifier: MIT */
/*
 * given.c - structs that cross the border between a program and the library, which may be of
 * different ages: each says its own size, and what both know is copied.
 */
#include "api/given.h"
#include <string.h>

static fv_status check_size(fv_context *ctx, const char *function, size_t size) {
    if (size >= sizeof size) return FV_OK;
    return fv__fail(ctx, FV_USAGE,
                    "%s: a struct begins with its size; declare it as TYPE NAME = FV_INIT(TYPE)",
                    function);
}

fv_status fv__take_struct(fv_context *ctx, const char *function, const void *given, void *known,
                          size_t bytes) {
    if (!given) return FV_OK;
    size_t size;
    memcpy(&size, given, sizeof size);
    FV_TRY(check_size(ctx, function, size));
    const char *more = given;
    for (size_t i = bytes; i < size; i++)
        if (more[i])
            return fv__fail(ctx, FV_USAGE,
                            "%s: the program asks for something that this version of the library "
                            "(%s) does not know",
                            function, FOVEA_VERSION);
    memcpy(known, given, size < bytes ? size : bytes);
    return FV_OK;
}

fv_status fv__give_struct(fv_context *ctx, const char *function, const void *known, size_t bytes,
                          void *given) {
    size_t size;
    memcpy(&size, given, sizeof size);
    FV_TRY(check_size(ctx, function, size));
    char *to = given;
    memset(to + sizeof size, 0, size - sizeof size);
    memcpy(to + sizeof size, (const char *)known + sizeof size,
           (size < bytes ? size : bytes) - sizeof size);
    return FV_OK;
}
