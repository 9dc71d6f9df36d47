/* SPDX-License-Identifier: MIT */
/*
 * views.h - the key `views` of the commands that read images: a field, and what is said of it.
 */
#ifndef FV_CLI_VIEWS_H
#define FV_CLI_VIEWS_H

#include "cli/cli.h"

/* The names of fv_views, in their order; NULL-ended. */
extern const char *const fv__cli_views[];

#define FV_CLI_VIEWS(at)                                                                           \
    {                                                                                              \
        "views", "what is averaged: the image; and its mirror image; or ten, with its corners",    \
            FV_CHOICE, (at), "one", 0, 0, 0, fv__cli_views, NULL                                   \
    }

#endif
