/* SPDX-License-Identifier: MIT */
/*
 * options.h - a table of fields as the public header shows it.
 */
#ifndef FV_API_OPTIONS_H
#define FV_API_OPTIONS_H

#include "base/field.h"

/* Field i of a table (NULL: none) into the caller's struct; 0 when there is none of that number. */
int fv__option_of(const fv_field *fields, int i, fv_option *out);

#endif
