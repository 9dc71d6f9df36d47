/* SPDX-License-Identifier: MIT */
/*
 * dataset_folders.c - where the files of data sets known by name are looked for.
 */
#include "data/sets.h"
#include <stdio.h>
#include <stdlib.h>

bool fv__path_put(char out[FV_PATH_MAX], const char *folder, const char *name) {
    int n = snprintf(out, FV_PATH_MAX, "%s/%s", folder, name);
    return n >= 0 && n < FV_PATH_MAX;
}

fv_status fv__path_join(fv_context *ctx, char out[FV_PATH_MAX], const char *folder,
                        const char *name) {
    if (fv__path_put(out, folder, name)) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT, "the path of %s is longer than %d bytes", name,
                    FV_PATH_MAX - 1);
}

fv_status fv__set_folders(fv_context *ctx, const char *name, const char *installed,
                          fv_set_folders *out) {
    const char *data = getenv("FOVEA_DATA"), *home = getenv("HOME");
    for (int i = 0; i < FV_SET_FOLDERS; i++) out->path[i][0] = 0;
    if (data && *data) FV_TRY(fv__path_join(ctx, out->path[0], data, name));
    if (installed) snprintf(out->path[2], FV_PATH_MAX, "%s", installed);
    if (!home || !*home) return FV_OK;
    char cache[FV_PATH_MAX];
    FV_TRY(fv__path_join(ctx, cache, home, ".cache/fovea"));
    return fv__path_join(ctx, out->path[1], cache, name);
}

fv_status fv__set_not_found(fv_context *ctx, const char *name, const fv_set_folders *folders,
                            const char *files, const char *source) {
    const char *data = folders->path[0], *cache = folders->path[1], *installed = folders->path[2];
    if (!*data && !*cache)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "data set %s: there is nowhere to look for its files, as neither "
                        "FOVEA_DATA nor HOME is set. Put %s into a folder %s (from %s), and name "
                        "the folder above it in FOVEA_DATA",
                        name, files, name, source);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "data set %s: its files are not in %s%s%s%s%s%s. Put %s there (from %s), or "
                    "name another folder in FOVEA_DATA. The data set 'digits' needs no file",
                    name, data, *data && *cache ? " nor in " : "", cache,
                    *data ? "" : " (FOVEA_DATA is not set)", *installed ? " nor in " : "",
                    installed, files, source);
}
