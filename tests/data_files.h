/* SPDX-License-Identifier: MIT */
/*
 * data_files.h - makes small files of every kind the tests of images and data sets need, byte by
 * byte, so that a test can also make them lie.
 */
#ifndef TEST_DATA_FILES_H
#define TEST_DATA_FILES_H

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

/* IDX: dims 1 or 3; bytes are i * 7 + 3, labels i % classes. */
made made_labels(uint32_t count, uint32_t classes);
made made_images(uint32_t count, uint32_t rows, uint32_t columns);

/* gzip with stored blocks: needs no zlib. */
made made_gzip(const made *plain);

/* PNG with stored blocks. `rows`: height rows, each a filter byte and row_bytes bytes. */
typedef struct png_ask {
    uint32_t width, height;
    int depth, colour; /* colour: 0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGBA */
    const uint8_t *rows;
    size_t row_bytes;
    const uint8_t *palette; /* 3 bytes each */
    size_t palette_bytes;
    const uint8_t *alpha; /* tRNS */
    size_t alpha_bytes;
} png_ask;
made made_png(const png_ask *ask);
/* Makes the sums of all chunks right again, after bytes were changed. */
void png_mend(made *m);

#endif
