/* SPDX-License-Identifier: MIT */
/*
 * decode.h - what the files of this room share about decoding: the picture formats behind
 * fv__picture_decode, the limit on size, and unpacking gzip.
 */
#ifndef FV_DATA_DECODE_H
#define FV_DATA_DECODE_H

#include "data/data.h"

/* Most pixels of a picture: 2^28, a square of 16,384. Checked before memory is asked for. */
#define FV_PICTURE_PIXELS ((int64_t)1 << 28)

/* FV_BAD_INPUT when a size is zero or above the limit. */
FV_MUST_USE fv_status fv__picture_size(fv_context *ctx, const char *name, int64_t width,
                                       int64_t height);
/* The same, and asks for the pixels. */
FV_MUST_USE fv_status fv__picture_new(fv_context *ctx, const char *name, int64_t width,
                                      int64_t height, int channels, fv_picture *out);

/* One per format; `data` starts with the format's own first bytes. On failure `out` is empty. */
FV_MUST_USE fv_status fv__decode_pnm(fv_context *ctx, const char *name, const uint8_t *data,
                                     size_t size, fv_picture *out);
FV_MUST_USE fv_status fv__decode_png(fv_context *ctx, const char *name, const uint8_t *data,
                                     size_t size, fv_picture *out);
FV_MUST_USE fv_status fv__decode_jpeg(fv_context *ctx, const char *name, const uint8_t *data,
                                      size_t size, fv_picture *out);

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
