/* SPDX-License-Identifier: MIT */
/*
 * data_files.c - small files, byte by byte (data_files.h).
 */
#include "data_files.h"
#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

made made_png(const png_ask *ask) {
    made m = made_new(), head = made_new(), body = made_new();
    size_t size = (ask->row_bytes + 1) * ask->height;
    made_add(&m, "\x89PNG\r\n\x1a\n", 8);
    made_u32(&head, ask->width);
    made_u32(&head, ask->height);
    made_byte(&head, ask->depth);
    made_byte(&head, ask->colour);
    made_add(&head, "\0\0\0", 3);
    chunk(&m, "IHDR", head.data, head.size);
    if (ask->palette) chunk(&m, "PLTE", ask->palette, ask->palette_bytes);
    if (ask->alpha) chunk(&m, "tRNS", ask->alpha, ask->alpha_bytes);
    made_add(&body, "\x78\x01", 2);
    stored(&body, ask->rows, size);
    made_u32(&body, adler(ask->rows, size));
    chunk(&m, "IDAT", body.data, body.size);
    chunk(&m, "IEND", NULL, 0);
    made_free(&head);
    made_free(&body);
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
