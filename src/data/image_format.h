/* SPDX-License-Identifier: MIT */
/*
 * image_format.h - what an image format is to this room. A format is its own file, image_NAME.c,
 * and one line in image_formats.h; reading, messages, tests and fuzzing follow from that line.
 */
#ifndef FV_DATA_IMAGE_FORMAT_H
#define FV_DATA_IMAGE_FORMAT_H

#include "data/image.h"

typedef struct fv_image_format {
    const char *name;    /* "PNG" */
    const char *variety; /* which of them are read: "P2, P3, P5, P6"; NULL: the name says it all */
    const char *ends;    /* of its files' names, lower case, joined by blanks: "jpg jpeg" */
    const char *library; /* what it needs and this build has not: "libpng"; NULL: nothing */

    /* Whether these are the format's own first bytes. */
    bool (*recognise)(const uint8_t *data, size_t size);

    /* The pixels as they are stored. On failure `out` is empty. */
    fv_status (*decode)(fv_context *ctx, const char *name, const uint8_t *data, size_t size,
                        fv_image *out);

    /* Where the file's EXIF block lies, a TIFF header first; size 0: it has none. NULL: the format
       knows no EXIF. */
    const uint8_t *(*find_exif)(const uint8_t *data, size_t size, size_t *exif_size);

    /* A whole file that holds one white pixel, for the tests. */
    const uint8_t *example;
    size_t example_size;
} fv_image_format;

extern const fv_image_format *const fv__image_formats[]; /* NULL-ended */

/* Most pixels of an image: 2^28, a square of 16,384. Checked before memory is asked for. */
#define FV_IMAGE_PIXELS ((int64_t)1 << 28)

/* FV_BAD_INPUT when a size is zero or above the limit. */
FV_MUST_USE fv_status fv__image_size(fv_context *ctx, const char *name, int64_t width,
                                     int64_t height);
/* The same, and asks for the pixels. */
FV_MUST_USE fv_status fv__image_new(fv_context *ctx, const char *name, int64_t width,
                                    int64_t height, int channels, fv_image *out);

/* The one rounding from a value of 0 … white to 0 … 255: to the nearest, halves up. */
static inline uint8_t fv__to_byte(int64_t v, int64_t white) {
    return (uint8_t)(white == 255 ? v : (v * 255 + white / 2) / white);
}

/* EXIF's orientation, 1 … 8 as the standard counts; 1 (upright) where the block says nothing, or
   nothing that can be true. */
int fv__exif_orientation(const uint8_t *exif, size_t size);

/* Turns and mirrors an image so that it stands upright. */
FV_MUST_USE fv_status fv__image_upright(fv_context *ctx, fv_image *p, int orientation);

#endif
