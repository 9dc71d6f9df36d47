/* SPDX-License-Identifier: MIT */
/*
 * picture_cache.h - pictures decoded once: their pixels in a folder, a file each.
 *
 * What is kept is the picture as it was decoded, before anything an input line or an augmentation
 * does to it: these sample the original, so a smaller copy would give other bytes. So one folder
 * serves every network and every setting, and a training's bytes do not depend on it.
 *
 * A file counts if it is whole and of this picture: path, size and time of change, and the version
 * that decoded it. What does not is decoded and written anew.
 */
#ifndef FV_DATA_PICTURE_CACHE_H
#define FV_DATA_PICTURE_CACHE_H

#include "data/data.h"

typedef struct fv_picture_cache fv_picture_cache;

/* In `folder`, which is made when the first picture is kept. `fixed`: what is there is read, and
   nothing is written. */
FV_MUST_USE fv_status fv__picture_cache_new(fv_context *ctx, const char *folder, bool fixed,
                                            fv_picture_cache **out);
void fv__picture_cache_free(fv_picture_cache *c); /* NULL is allowed */

/* As fv__image_read. May be called by several threads at once, each with a context of its own. What
   cannot be written is no failure: from then on nothing is. */
FV_MUST_USE fv_status fv__picture_cache_read(fv_context *ctx, fv_picture_cache *c, const char *path,
                                             fv_image *out);
/* Tells the log, once, that nothing more is written, and why. NULL is allowed. */
void fv__picture_cache_tell(const fv_context *ctx, fv_picture_cache *c);

/* About how many bytes the pictures of a set would take, from a few of them. */
FV_MUST_USE fv_status fv__picture_cache_forecast(fv_context *ctx, const fv_dataset *set,
                                                 size_t *out);

#endif
