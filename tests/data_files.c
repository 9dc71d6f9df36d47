/* SPDX-License-Identifier: MIT */
/*
 * data_files.c - small files, byte by byte (data_files.h).
 */
#include "data_files.h"
#include "base/file.h"
#include "base/folder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef FV_HAVE_JPEG
#include <jpeglib.h>
#endif

#define ROOM (1 << 20)

made made_new(void) {
    return (made){calloc(1, ROOM), 0};
}

void made_free(made *m) {
    free(m->data);
    *m = (made){0};
}

void made_add(made *m, const void *bytes, size_t n) {
    if (m->size + n > ROOM) abort();
    if (n) memcpy(m->data + m->size, bytes, n);
    m->size += n;
}

void made_byte(made *m, int v) {
    uint8_t b = (uint8_t)v;
    made_add(m, &b, 1);
}

void made_u32(made *m, uint32_t v) {
    for (int shift = 24; shift >= 0; shift -= 8) made_byte(m, (int)(v >> shift & 255));
}

static void little(made *m, uint32_t v, int bytes) {
    for (int i = 0; i < bytes; i++) made_byte(m, (int)(v >> 8 * i & 255));
}

void made_write(const made *m, const char *path) {
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(m->data, 1, m->size, f) != m->size || fclose(f) != 0) abort();
}

void write_text(const char *path, const char *text) {
    made m = made_new();
    made_add(&m, text, strlen(text));
    made_write(&m, path);
    made_free(&m);
}

void write_gray(fv_context *ctx, const char *path, int w, int h, int value) {
    char folder[512], head[64];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) {
        *slash = 0;
        if (fv__folder_make(ctx, folder) != FV_OK) abort();
    }
    made m = made_new();
    const int n = snprintf(head, sizeof head, "P5 %d %d 255\n", w, h);
    made_add(&m, head, (size_t)n);
    for (int i = 0; i < w * h; i++) made_byte(&m, value);
    made_write(&m, path);
    made_free(&m);
}

made made_labels(uint32_t count, uint32_t classes) {
    made m = made_new();
    made_add(&m, "\0\0\x08\x01", 4);
    made_u32(&m, count);
    for (uint32_t i = 0; i < count; i++) made_byte(&m, (int)(i % classes));
    return m;
}

made made_images(uint32_t count, uint32_t rows, uint32_t columns) {
    made m = made_new();
    made_add(&m, "\0\0\x08\x03", 4);
    made_u32(&m, count);
    made_u32(&m, rows);
    made_u32(&m, columns);
    for (uint32_t i = 0; i < count * rows * columns; i++) made_byte(&m, (int)(i * 7 + 3) & 255);
    return m;
}

/* Deflate's stored blocks (RFC 1951, 3.2.4): a byte 0 or 1 (last), length, its complement. */
static void stored(made *out, const uint8_t *data, size_t size) {
    size_t at = 0;
    do {
        size_t n = size - at > 60000 ? 60000 : size - at;
        made_byte(out, at + n == size);
        little(out, (uint32_t)n, 2);
        little(out, ~(uint32_t)n & 0xffff, 2);
        made_add(out, data + at, n);
        at += n;
    } while (at < size);
}

made made_gzip(const made *plain) {
    made m = made_new();
    made_add(&m, "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
    stored(&m, plain->data, plain->size);
    little(&m, fv__crc32(0, plain->data, plain->size), 4);
    little(&m, (uint32_t)plain->size, 4);
    return m;
}

static void chunk(made *m, const char *type, const void *data, size_t size) {
    made_u32(m, (uint32_t)size);
    size_t from = m->size;
    made_add(m, type, 4);
    made_add(m, data, size);
    made_u32(m, fv__crc32(0, m->data + from, m->size - from));
}

/* zlib's sum (RFC 1950). */
static uint32_t adler(const uint8_t *data, size_t size) {
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < size; i++) {
        a = (a + data[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

made made_png(const png_request *request) {
    made m = made_new(), head = made_new(), body = made_new();
    size_t size = (request->row_bytes + 1) * request->height;
    made_add(&m, "\x89PNG\r\n\x1a\n", 8);
    made_u32(&head, request->width);
    made_u32(&head, request->height);
    made_byte(&head, request->depth);
    made_byte(&head, request->colour);
    made_add(&head, "\0\0\0", 3);
    chunk(&m, "IHDR", head.data, head.size);
    if (request->palette) chunk(&m, "PLTE", request->palette, request->palette_bytes);
    if (request->alpha) chunk(&m, "tRNS", request->alpha, request->alpha_bytes);
    if (request->extra_type && !request->extra_last)
        chunk(&m, request->extra_type, request->extra, request->extra_bytes);
    made_add(&body, "\x78\x01", 2);
    stored(&body, request->rows, size);
    made_u32(&body, adler(request->rows, size));
    chunk(&m, "IDAT", body.data, body.size);
    if (request->extra_type && request->extra_last)
        chunk(&m, request->extra_type, request->extra, request->extra_bytes);
    chunk(&m, "IEND", NULL, 0);
    made_free(&head);
    made_free(&body);
    return m;
}

static void exif_number(made *m, bool low_first, uint32_t v, int bytes) {
    if (low_first) {
        little(m, v, bytes);
        return;
    }
    for (int i = bytes - 1; i >= 0; i--) made_byte(m, (int)(v >> 8 * i & 255));
}

/* One entry of a directory: a SHORT. */
static void exif_entry(made *m, bool low_first, uint32_t tag, uint32_t v) {
    exif_number(m, low_first, tag, 2);
    exif_number(m, low_first, 3, 2);
    exif_number(m, low_first, 1, 4);
    exif_number(m, low_first, v, 2);
    exif_number(m, low_first, 0, 2);
}

made made_exif(bool low_first, int orientation) {
    made m = made_new();
    made_add(&m, low_first ? "II*\0" : "MM\0*", 4);
    exif_number(&m, low_first, 8, 4);
    exif_number(&m, low_first, 2, 2);
    exif_entry(&m, low_first, 0x0103, 1);
    exif_entry(&m, low_first, 0x0112, (uint32_t)orientation);
    exif_number(&m, low_first, 0, 4);
    return m;
}

void png_mend(made *m) {
    size_t at = 8;
    while (at + 12 <= m->size) {
        const uint8_t *p = m->data + at;
        size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (n > m->size - at - 12) return;
        uint32_t sum = fv__crc32(0, p + 4, n + 4);
        for (size_t i = 0; i < 4; i++) m->data[at + 8 + n + i] = (uint8_t)(sum >> (24 - 8 * i));
        at += n + 12;
    }
}

#ifdef FV_HAVE_JPEG

static void set_up(struct jpeg_compress_struct *c, const jpeg_request *r) {
    static const J_COLOR_SPACE spaces[] = {[1] = JCS_GRAYSCALE, [3] = JCS_RGB, [4] = JCS_CMYK};
    c->image_width = (JDIMENSION)r->width;
    c->image_height = (JDIMENSION)r->height;
    c->input_components = r->channels;
    c->in_color_space = spaces[r->channels];
    jpeg_set_defaults(c);
    jpeg_set_quality(c, 95, TRUE);
    if (r->h) {
        c->comp_info[0].h_samp_factor = r->h;
        c->comp_info[0].v_samp_factor = r->v;
    }
    if (r->progressive) jpeg_simple_progression(c);
    if (r->arithmetic) c->arith_code = TRUE;
    if (r->no_adobe) c->write_Adobe_marker = FALSE;
    c->restart_in_rows = r->restart;
}

static void write_exif(struct jpeg_compress_struct *c, const made *exif) {
    made m = made_new();
    made_add(&m, "Exif\0\0", 6);
    made_add(&m, exif->data, exif->size);
    jpeg_write_marker(c, JPEG_APP0 + 1, m.data, (unsigned)m.size);
    made_free(&m);
}

static void jpeg_row(const jpeg_request *r, int y, uint8_t *row) {
    for (int i = 0; i < r->width * r->channels; i++)
        row[i] =
            (uint8_t)(i / r->channels * 4 + i % r->channels * 20 + (r->channels == 4 ? 100 : 0));
    if (r->gray) memcpy(row, r->gray + y * r->width, (size_t)r->width);
}

made made_jpeg(const jpeg_request *r) {
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    made m = made_new();
    unsigned char *bytes = NULL;
    unsigned long size = 0;
    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &bytes, &size);
    set_up(&c, r);
    jpeg_start_compress(&c, TRUE);
    if (r->exif) write_exif(&c, r->exif);
    uint8_t row[512];
    for (int y = 0; y < r->height; y++) {
        jpeg_row(r, y, row);
        JSAMPROW rows = row;
        jpeg_write_scanlines(&c, &rows, 1);
    }
    jpeg_finish_compress(&c);
    made_add(&m, bytes, size);
    jpeg_destroy_compress(&c);
    free(bytes);
    return m;
}

#endif
