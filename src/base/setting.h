/* SPDX-License-Identifier: MIT */
/*
 * setting.h - name=value, as on the command line, in a file's metadata and in the API.
 */
#ifndef FV_BASE_SETTING_H
#define FV_BASE_SETTING_H

#include "base/memory.h"

typedef struct fv_setting {
    const char *name, *value;
} fv_setting;

/* "classes=10 growth=12" (white space between) as a list; names and values live in the arena. NULL
   or "": none. FV_USAGE when something else stands there. */
FV_MUST_USE fv_status fv__settings_split(fv_context *ctx, fv_arena *arena, const char *text,
                                         fv_setting **out, size_t *count);

#endif
