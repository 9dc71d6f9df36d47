/* SPDX-License-Identifier: MIT */
/*
 * gzip.h - unpacking gzip files (RFC 1952) into memory of known size.
 */
#ifndef FV_DATA_GZIP_H
#define FV_DATA_GZIP_H

#include "base/memory.h"

/* Whether these bytes are gzip's. */
bool fv__is_gzip(const uint8_t *data, size_t size);

/* Unpacks the first `size` bytes of a gzip file; *got says how many there were (fewer, when the
   unpacked data is shorter). Damage on the way is FV_BAD_INPUT; an early end is too. */
FV_MUST_USE fv_status fv__gzip_start(fv_context *ctx, const char *name, const uint8_t *data,
                                     size_t packed, uint8_t *out, size_t size, size_t *got);

/* Unpacks the whole of it, which must be exactly `size` bytes. */
FV_MUST_USE fv_status fv__gzip_whole(fv_context *ctx, const char *name, const uint8_t *data,
                                     size_t packed, uint8_t *out, size_t size);

#endif
