/* SPDX-License-Identifier: MIT */
/*
 * deflate.c - compression for builds without zlib, so that a report stays small there too.
 *
 * RFC 1950 around one block of RFC 1951 with the fixed Huffman codes. Matches are found through a
 * table of the last place where the same three bytes were seen: pictures of plots and maps are
 * mostly even areas, and that is enough to shrink them to a few per cent.
 */
#include "view/parts.h"
#include <string.h>

#define HASH_BITS 14
#define WINDOW    32768
#define MATCH_MAX 258

typedef struct bits {
    fv_text *out;
    uint32_t hold;
    int count;
    char buffer[512];
    size_t used;
} bits;

static void flush(bits *b) {
    fv__text_addn(b->out, b->buffer, b->used);
    b->used = 0;
}

/* Appends `n` bits, lowest first. */
static void put(bits *b, uint32_t value, int n) {
    b->hold |= value << b->count;
    b->count += n;
    while (b->count >= 8) {
        b->buffer[b->used++] = (char)(b->hold & 255);
        if (b->used == sizeof b->buffer) flush(b);
        b->hold >>= 8;
        b->count -= 8;
    }
}

/* Huffman codes go highest bit first. */
static void put_code(bits *b, uint32_t code, int n) {
    uint32_t turned = 0;
    for (int i = 0; i < n; i++) turned |= (code >> i & 1u) << (n - 1 - i);
    put(b, turned, n);
}

/* RFC 1951, 3.2.6. */
static void put_symbol(bits *b, int s) {
    if (s < 144)
        put_code(b, (uint32_t)(0x30 + s), 8);
    else if (s < 256)
        put_code(b, (uint32_t)(0x190 + s - 144), 9);
    else if (s < 280)
        put_code(b, (uint32_t)(s - 256), 7);
    else
        put_code(b, (uint32_t)(0xc0 + s - 280), 8);
}

/* RFC 1951, 3.2.5: lengths 3 to 258 and distances 1 to 32768 fall into classes whose width doubles;
   the extra bits say where in the class. */
static void put_length(bits *b, int length) {
    if (length == MATCH_MAX) {
        put_symbol(b, 285);
        return;
    }
    int n = length - 3, extra = 0;
    while (n >> (extra + 3)) extra++; /* the first 8 values stand alone, then 4 classes each */
    put_symbol(b, 257 + 4 * extra + (n >> extra));
    put(b, (uint32_t)n & ((1u << extra) - 1), extra);
}

static void put_distance(bits *b, int distance) {
    int n = distance - 1, extra = 0;
    while (n >> (extra + 2)) extra++;
    put_code(b, (uint32_t)(2 * extra + (n >> extra)), 5);
    put(b, (uint32_t)n & ((1u << extra) - 1), extra);
}

static uint32_t hash(const uint8_t *p) {
    uint32_t v = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
    return v * 2654435761u >> (32 - HASH_BITS);
}

static uint32_t adler32(const uint8_t *data, size_t size) {
    uint32_t a = 1, b = 0;
    while (size) {
        size_t n = size < 5552 ? size : 5552; /* the most that cannot overflow 32 bits */
        size -= n;
        while (n--) {
            a += *data++;
            b += a;
        }
        a %= 65521;
        b %= 65521;
    }
    return b << 16 | a;
}

void fv__deflate_small(fv_context *ctx, fv_text *out, const uint8_t *data, size_t size) {
    size_t *last = fv__alloc(ctx, sizeof *last << HASH_BITS, "compressing a picture");
    if (!last) {
        out->failed = true;
        return;
    }
    bits b = {.out = out};
    put(&b, 0x78, 8); /* deflate, 32 KB window */
    put(&b, 0x01, 8);
    put(&b, 1, 1); /* the last block */
    put(&b, 1, 2); /* fixed codes */
    for (size_t at = 0; at < size;) {
        size_t length = 0, from = 0;
        if (size - at >= 3) {
            size_t *slot = &last[hash(data + at)];
            from = *slot; /* place + 1; 0: none */
            *slot = at + 1;
            size_t most = size - at < MATCH_MAX ? size - at : MATCH_MAX;
            if (from && at + 1 - from <= WINDOW)
                while (length < most && data[from - 1 + length] == data[at + length]) length++;
        }
        if (length < 3) {
            put_symbol(&b, data[at++]);
            continue;
        }
        put_length(&b, (int)length);
        put_distance(&b, (int)(at + 1 - from));
        at += length;
    }
    put_symbol(&b, 256);
    put(&b, 0, (8 - b.count) & 7);
    uint32_t sum = adler32(data, size);
    for (int i = 3; i >= 0; i--) put(&b, sum >> (8 * i) & 255, 8);
    flush(&b);
    fv__free(last);
}
