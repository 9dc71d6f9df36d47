/* SPDX-License-Identifier: MIT */
/*
 * wire.h - messages of protobuf's wire format as trees that a test puts together, spoils and
 * writes. Source: Protocol Buffers, "Encoding".
 */
#ifndef TEST_WIRE_H
#define TEST_WIRE_H

#include "base/memory.h"

typedef enum wire_kind {
    WIRE_NUMBER,  /* a varint */
    WIRE_EIGHT,   /* eight bytes, such as a double */
    WIRE_BYTES,   /* a text, or bytes */
    WIRE_PACKED,  /* a list of varints: its parts, each a WIRE_NUMBER */
    WIRE_MESSAGE, /* its parts are fields */
    WIRE_FOUR     /* four bytes, such as a float */
} wire_kind;

typedef struct wire {
    int field;
    wire_kind kind;
    uint64_t number;
    const uint8_t *bytes;
    size_t size;
    struct wire *first, *next;
} wire;

/* A field at the end of a message; memory comes from the arena and the program ends without it. */
wire *wire_add(fv_arena *arena, wire *parent, int field, wire_kind kind);
wire *wire_number(fv_arena *arena, wire *parent, int field, uint64_t number);
wire *wire_bytes(fv_arena *arena, wire *parent, int field, const void *bytes, size_t size);
wire *wire_text(fv_arena *arena, wire *parent, int field, const char *text);

/* The parts of a message as bytes; how many they are, and in out[0 … that-1] if they are no more
   than `most`; otherwise out is rubbish and the result larger than `most`. */
size_t wire_write(const wire *message, uint8_t *out, size_t most);

#endif
