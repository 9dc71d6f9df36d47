/* SPDX-License-Identifier: MIT */
/*
 * setting.c - "name=value name=value" taken apart.
 */
#include "base/setting.h"

static bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

fv_status fv__settings_split(fv_context *ctx, fv_arena *arena, const char *text, fv_setting **out,
                             size_t *count) {
    *out = NULL;
    *count = 0;
    if (!text) return FV_OK;
    size_t most = 0;
    for (const char *p = text; *p; p++) most += *p == '=';
    fv_setting *list = fv__arena_alloc(arena, (most + 1) * sizeof *list);
    if (!list) return fv__fail_memory(ctx, (most + 1) * sizeof *list, "settings");
    for (const char *p = text;;) {
        while (blank(*p)) p++;
        if (!*p) break;
        const char *start = p, *equals = NULL;
        for (; *p && !blank(*p); p++) {
            if (*p == '=' && !equals) equals = p;
        }
        if (!equals || equals == start)
            return fv__fail(ctx, FV_USAGE,
                            "expected NAME=VALUE in the settings, found '%.*s'; write them as in "
                            "\"classes=10 growth=12\"",
                            (int)(p - start < 64 ? p - start : 64), start);
        fv_setting *s = &list[(*count)++];
        s->name = fv__arena_textn(arena, start, (size_t)(equals - start));
        s->value = fv__arena_textn(arena, equals + 1, (size_t)(p - equals - 1));
        if (!s->name || !s->value) return fv__fail_memory(ctx, (size_t)(p - start), "settings");
    }
    *out = list;
    return FV_OK;
}
