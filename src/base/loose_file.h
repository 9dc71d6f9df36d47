/* SPDX-License-Identifier: MIT */
/*
 * loose_file.h - files that may be lost: what can be made again, and is checked when it is read.
 */
#ifndef FV_BASE_LOOSE_FILE_H
#define FV_BASE_LOOSE_FILE_H

#include "base/file.h"

/* As fv__file_write_pieces, through NAME.tmp and a rename, but nothing is forced onto the disk:
   after a power cut the file may hold other bytes than were written. Where somebody else is writing
   this very file, it is left to him. */
FV_MUST_USE fv_status fv__loose_write(fv_context *ctx, const char *path, const fv_piece *pieces,
                                      size_t count);

#endif
