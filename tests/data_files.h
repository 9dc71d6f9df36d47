/* SPDX-License-Identifier: MIT */
/*
 * data_files.h - makes small files of every kind the tests of images and data sets need, byte by
 * byte, so that a test can also make them lie.
 */
#ifndef TEST_DATA_FILES_H
#define TEST_DATA_FILES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file in the making; holds at most 1 MB. */
typedef struct made {
    uint8_t *data;
    size_t size;
} made;

made made_new(void);
void made_free(made *m);
void made_add(made *m, const void *bytes, size_t n);
void made_byte(made *m, int v);
void made_u32(made *m, uint32_t v); /* high byte first */
void made_write(const made *m, const char *path);

/* The same for a text. */
void write_text(const char *path, const char *text);

/* A gray picture of w x h (PGM), whose pixels are `value`; its folder is made. */
void write_gray(fv_context *ctx, const char *path, int w, int h, int value);

/* IDX: dims 1 or 3; bytes are i * 7 + 3, labels i % classes. */
made made_labels(uint32_t count, uint32_t classes);
made made_images(uint32_t count, uint32_t rows, uint32_t columns);

/* gzip with stored blocks: needs no zlib. */
made made_gzip(const made *plain);

/* PNG with stored blocks. `rows`: height rows, each a filter byte and row_bytes bytes. */
typedef struct png_request {
    uint32_t width, height;
    int depth, colour; /* colour: 0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGBA */
    const uint8_t *rows;
    size_t row_bytes;
    const uint8_t *palette; /* 3 bytes each */
    size_t palette_bytes;
    const uint8_t *alpha; /* tRNS */
    size_t alpha_bytes;
    const char *extra_type; /* one chunk more, before the pixels or behind them; NULL: none */
    const uint8_t *extra;
    size_t extra_bytes;
    bool extra_last;
} png_request;
made made_png(const png_request *request);
/* An EXIF block: a directory of some other tag and the orientation. */
made made_exif(bool low_first, int orientation);
/* Makes the sums of all chunks right again, after bytes were changed. */
void png_mend(made *m);

#ifdef FV_HAVE_JPEG
/* JPEG by libjpeg: left dark, right bright; each channel a little brighter; CMYK: 100 more. */
typedef struct jpeg_request {
    int width, height;
    int channels; /* 1 gray, 3 RGB, 4 CMYK */
    int h, v;     /* sampling of the first channel; 0: the usual 2x2 */
    bool progressive, arithmetic;
    int restart;         /* rows of blocks between restart markers; 0: none */
    bool no_adobe;       /* no Adobe marker, though libjpeg would write one for CMYK */
    const uint8_t *gray; /* width*height, in place of the above */
    const made *exif;    /* an EXIF block for it */
} jpeg_request;
made made_jpeg(const jpeg_request *request);
#endif

#endif
