/* SPDX-License-Identifier: MIT */
/*
 * name_table.h - names with a number each, found fast.
 */
#ifndef FV_BASE_NAME_TABLE_H
#define FV_BASE_NAME_TABLE_H

#include "base/memory.h"

typedef struct fv_names {
    struct fv_name_slot *slots;
    size_t capacity, count;
} fv_names;

/* Where the number of a name is, or NULL. */
int *fv__names_get(const fv_names *names, const char *name);
/* Adds a name that is not there yet; `name` must outlive the table. */
FV_MUST_USE fv_status fv__names_add(fv_context *ctx, fv_names *names, const char *name, int number);
void fv__names_free(fv_names *names);

#endif
