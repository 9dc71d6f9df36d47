/* SPDX-License-Identifier: MIT */
/*
 * settings_api.c - tables of fields as the public header shows them, and settings given as text.
 */
#include "api/settings_api.h"
#include "api/given.h"
#include <stdio.h>

int fv__option_of(const fv_field *fields, int i, fv_option *out) {
    fv_option option = {0};
    fv_text takes = {0};
    if (!fields || i < 0 || i >= fv__field_count(fields) || !out) return 0;
    const fv_field *f = &fields[i];
    fv__field_kind_words(&takes, f);
    snprintf(option.takes, sizeof option.takes, "%s", takes.data ? takes.data : "");
    fv__text_free(&takes);
    option.name = f->name;
    option.help = f->help;
    option.initial = f->initial ? f->initial : "";
    option.positional = (f->flags & FV_POSITIONAL) != 0;
    option.required = (f->flags & FV_REQUIRED) != 0;
    return fv__give_struct(NULL, __func__, &option, sizeof option, out) == FV_OK;
}

fv_status fv__recipe_change(fv_context *ctx, const char *settings, fv_recipe *recipe) {
    fv_arena arena;
    fv_setting *list;
    size_t count;
    fv__arena_init(&arena, ctx);
    fv_status status = fv__settings_split(ctx, &arena, settings, &list, &count);
    if (status == FV_OK) status = fv__recipe_apply(ctx, list, count, recipe, NULL);
    fv__arena_free(&arena);
    return status;
}
