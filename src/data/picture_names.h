/* SPDX-License-Identifier: MIT */
/*
 * picture_names.h - what the names of files say of images: of those we read, of other programs'.
 */
#ifndef FV_DATA_PICTURE_NAMES_H
#define FV_DATA_PICTURE_NAMES_H

#include "data/image_format.h"

/* What the end of a file's name promises. */
typedef enum fv_name_kind {
    FV_NAME_OTHER,   /* no image */
    FV_NAME_PICTURE, /* of a format that we read */
    FV_NAME_FOREIGN  /* of one that we do not */
} fv_name_kind;
fv_name_kind fv__name_kind(const char *name);
/* The format that a name promises; NULL: none of ours. The one that bytes are of. */
const fv_image_format *fv__format_of_name(const char *name);
const fv_image_format *fv__format_of_bytes(const uint8_t *data, size_t size);

/* Whether programs and systems leave files or folders of this name behind, which nobody means:
   hidden ones, Thumbs.db, __MACOSX and the like. */
bool fv__name_hidden(const char *name);

#endif
