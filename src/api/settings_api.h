/* SPDX-License-Identifier: MIT */
/*
 * settings_api.h - tables of fields as the public header shows them, and settings given as text.
 */
#ifndef FV_API_SETTINGS_API_H
#define FV_API_SETTINGS_API_H

#include "net/settings.h"

/* Field i of a table (NULL: none) into the caller's struct; 0 when there is none of that number. */
int fv__option_of(const fv_field *fields, int i, fv_option *out);

/* Changes the recipe as "lr=0.01 momentum=0.9" says; NULL changes nothing. */
FV_MUST_USE fv_status fv__recipe_change(fv_context *ctx, const char *settings, fv_recipe *recipe);

#endif
