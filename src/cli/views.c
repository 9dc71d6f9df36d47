/* SPDX-License-Identifier: MIT */
/*
 * views.c - the words for the views of an image.
 */
#include "cli/views.h"

const char *const fv__cli_views[] = {
    [FV_VIEWS_ONE] = "one", [FV_VIEWS_FLIP] = "flip", [FV_VIEWS_TEN] = "ten", NULL};
