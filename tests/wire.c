/* SPDX-License-Identifier: MIT */
/*
 * wire.c - see wire.h. Written from the end to the beginning, for a length stands before what it
 * counts.
 */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

wire *wire_add(fv_arena *arena, wire *parent, int field, wire_kind kind) {
    wire *w = fv__arena_alloc(arena, sizeof *w), **end = parent ? &parent->first : NULL;
    if (!w) {
        fputs("no memory for a message\n", stderr);
        exit(1);
    }
    w->field = field;
    w->kind = kind;
    while (end && *end) end = &(*end)->next;
    if (end) *end = w;
    return w;
}

wire *wire_number(fv_arena *arena, wire *parent, int field, uint64_t number) {
    wire *w = wire_add(arena, parent, field, WIRE_NUMBER);
    w->number = number;
    return w;
}

wire *wire_bytes(fv_arena *arena, wire *parent, int field, const void *bytes, size_t size) {
    wire *w = wire_add(arena, parent, field, WIRE_BYTES);
    w->bytes = (const uint8_t *)fv__arena_textn(arena, bytes, size);
    w->size = w->bytes ? size : 0;
    return w;
}

wire *wire_text(fv_arena *arena, wire *parent, int field, const char *text) {
    return wire_bytes(arena, parent, field, text, strlen(text));
}

/* Where writing has come to, counted from the end. */
typedef struct writer {
    uint8_t *end;
    size_t done, most;
} writer;

static void put(writer *w, uint8_t byte) {
    w->done++;
    if (w->done <= w->most) w->end[-(ptrdiff_t)w->done] = byte;
}

static void put_varint(writer *w, uint64_t v) {
    uint8_t bytes[10];
    int n = 0;
    for (; n == 0 || v; v >>= 7) bytes[n++] = (uint8_t)(v & 0x7f);
    for (int i = n; i-- > 0;) put(w, (uint8_t)(bytes[i] | (i < n - 1 ? 0x80 : 0)));
}

static void put_fixed(writer *w, uint64_t v, int bytes) {
    for (int i = bytes; i-- > 0;) put(w, (uint8_t)(v >> (8 * i)));
}

static void put_parts(writer *w, const wire *part, bool tagged);

/* What stands behind the tag; the result is the kind that the tag names. */
static int put_content(writer *w, const wire *part) {
    const size_t before = w->done;
    switch (part->kind) {
    case WIRE_NUMBER:
        put_varint(w, part->number);
        return 0;
    case WIRE_EIGHT:
        put_fixed(w, part->number, 8);
        return 1;
    case WIRE_FOUR:
        put_fixed(w, part->number, 4);
        return 5;
    case WIRE_BYTES:
        for (size_t i = part->size; i-- > 0;) put(w, part->bytes[i]);
        break;
    default:
        put_parts(w, part->first, part->kind == WIRE_MESSAGE);
    }
    put_varint(w, w->done - before);
    return 2;
}

static void put_parts(writer *w, const wire *part, bool tagged) {
    if (!part) return;
    put_parts(w, part->next, tagged);
    if (!tagged) {
        put_varint(w, part->number);
        return;
    }
    const int kind = put_content(w, part);
    put_varint(w, (uint64_t)(uint32_t)part->field << 3 | (uint64_t)kind);
}

size_t wire_write(const wire *message, uint8_t *out, size_t most) {
    writer w = {out + most, 0, most};
    put_parts(&w, message->first, true);
    if (w.done <= most) memmove(out, out + most - w.done, w.done);
    return w.done;
}
