/* SPDX-License-Identifier: MIT */
/*
 * find_net.c - a network by its name in the zoo, or by the path of its text.
 */
#include "base/file.h"
#include "lang/syntax.h"
#include <stdio.h>
#include <string.h>

const fv_zoo_network *fv__zoo_find(const char *name) {
    for (const fv_zoo_network *z = fv__zoo; z->name != NULL; z++)
        if (strcmp(z->name, name) == 0) return z;
    return NULL;
}

fv_status fv__net_read(fv_context *ctx, const char *path, const fv_setting *settings,
                       size_t setting_count, fv_graph **out, fv_recipe *recipe) {
    fv_bytes bytes = {0};
    *out = NULL;
    FV_TRY(fv__file_read(ctx, path, FV_TEXT_MAX, &bytes));
    fv_status status = fv__refuse_lfs_pointer(ctx, path, bytes.data, bytes.size);
    if (status == FV_OK)
        status = fv__net_parse(ctx, path, (const char *)bytes.data, bytes.size, settings,
                               setting_count, out, recipe);
    fv__file_release(&bytes);
    return status;
}

/* The zoo's network nearest to a name: a typo, or else the longest common beginning. */
static const char *nearest(const char *name) {
    const char *names[256] = {NULL}, *best = NULL;
    size_t count = 0, length = 2;
    for (const fv_zoo_network *z = fv__zoo; z->name != NULL && count < 256; z++)
        names[count++] = z->name;
    best = fv__nearest(name, names, count);
    for (size_t i = 0; i < count && best == NULL; i++) {
        size_t n = 0;
        while (name[n] != 0 && name[n] == names[i][n]) n++;
        if (n > length) length = n, best = names[i];
    }
    return best;
}

fv_status fv__net_find(fv_context *ctx, const char *name_or_path, const fv_setting *settings,
                       size_t setting_count, fv_graph **out, fv_recipe *recipe) {
    const char *name = name_or_path;
    *out = NULL;
    const fv_zoo_network *z = fv__zoo_find(name);
    if (z != NULL) {
        char file[128]; /* as people can open it: zoo/lenet5.net */
        snprintf(file, sizeof file, "zoo/%s.net", name);
        return fv__net_parse(ctx, file, z->text, strlen(z->text), settings, setting_count, out,
                             recipe);
    }
    if (fv__ends_with(name, ".net") || strchr(name, '/') != NULL || fv__file_exists(name))
        return fv__net_read(ctx, name, settings, setting_count, out, recipe);
    const char *near = nearest(name);
    if (near != NULL)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "no network '%.200s'; did you mean '%s'? `fovea zoo` lists them all; the "
                        "path of a text of your own ends in .net",
                        name, near);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "no network '%.200s'; `fovea zoo` lists those built in, and the path of a text "
                    "of your own ends in .net",
                    name);
}
