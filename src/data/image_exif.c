/* SPDX-License-Identifier: MIT */
/*
 * image_exif.c - how the camera was held: EXIF's orientation, and images turned upright by it.
 *
 * An EXIF block is a small TIFF file: the byte order twice ("II" low byte first, "MM" high byte
 * first), 42, the offset of a directory; there a count and entries of twelve bytes: tag, type,
 * count, and a value that fits into four bytes or the offset of one. Orientation is tag 0x112, one
 * SHORT (type 3; some write a LONG, type 4). A block that lies about any of this is as good as
 * none: the pixels are whole. Source: CIPA DC-008 (Exif 2.32), 4.6.2 and 4.6.4.
 */
#include "data/image_format.h"
#include <string.h>

#define ORIENTATION 0x112

/* `bytes` bytes at `at` as a number; the caller has checked that they are there. */
static uint32_t number(const uint8_t *at, int bytes, bool low_first) {
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++) v = v << 8 | at[low_first ? bytes - 1 - i : i];
    return v;
}

int fv__exif_orientation(const uint8_t *exif, size_t size) {
    if (size < 10 || (memcmp(exif, "II*\0", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0)) return 1;
    bool low = exif[0] == 'I';
    size_t at = number(exif + 4, 4, low);
    if (at > size - 2) return 1;
    uint32_t entries = number(exif + at, 2, low);
    for (at += 2; entries > 0 && size - at >= 12; entries--, at += 12) {
        const uint8_t *entry = exif + at;
        uint32_t type = number(entry + 2, 2, low);
        if (number(entry, 2, low) != ORIENTATION) continue;
        if ((type != 3 && type != 4) || number(entry + 4, 4, low) != 1) return 1;
        uint32_t v = number(entry + 8, type == 3 ? 2 : 4, low);
        return v >= 1 && v <= 8 ? (int)v : 1;
    }
    return 1;
}

/* Where the upright image's pixel (x, y) is stored: EXIF's numbers say where the stored image's
   first row and column belong. 1 top left, 2 top right, 3 bottom right, 4 bottom left; 5 to 8 the
   same with rows and columns swapped. */
static const struct {
    bool swap, from_right, from_bottom;
} turns[9] = {
    [2] = {false, true, false}, [3] = {false, true, true}, [4] = {false, false, true},
    [5] = {true, false, false}, [6] = {true, false, true}, [7] = {true, true, true},
    [8] = {true, true, false},
};

fv_status fv__image_upright(fv_context *ctx, fv_image *p, int orientation) {
    if (orientation < 2 || orientation > 8) return FV_OK;
    bool swap = turns[orientation].swap;
    fv_image up;
    FV_TRY(fv__image_new(ctx, "an image", swap ? p->height : p->width, swap ? p->width : p->height,
                         p->channels, &up));
    uint8_t *to = up.pixels;
    for (int64_t y = 0; y < up.height; y++)
        for (int64_t x = 0; x < up.width; x++) {
            int64_t column = swap ? y : x, row = swap ? x : y;
            if (turns[orientation].from_right) column = p->width - 1 - column;
            if (turns[orientation].from_bottom) row = p->height - 1 - row;
            const uint8_t *from = p->pixels + (row * p->width + column) * p->channels;
            for (int c = 0; c < p->channels; c++) *to++ = from[c];
        }
    fv__image_free(p);
    *p = up;
    return FV_OK;
}
