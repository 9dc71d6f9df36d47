/* SPDX-License-Identifier: MIT */
/*
 * message.c - see message.h. The wire format: Protocol Buffers, "Encoding".
 */
#include "onnx/message.h"

#ifdef FV_HAVE_ONNX
#include "base/text.h"

#include <string.h>

#define BUDGET_LEAST ((size_t)64 << 20)
#define BUDGET_TIMES 8

/* ------------------------------------------------------------------- a walk over the bytes --- */

typedef struct walk {
    const uint8_t *bytes;
    size_t at;
    const char *why; /* what is wrong at `at`; NULL: nothing yet */
} walk;

static bool wrong(walk *w, const char *why) {
    if (!w->why) w->why = why;
    return false;
}

static bool read_varint(walk *w, size_t end, uint64_t *out) {
    *out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (w->at >= end) return wrong(w, "it ends in the middle of a number");
        const uint8_t byte = w->bytes[w->at++];
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return true;
    }
    return wrong(w, "a number of more than ten bytes");
}

/* What follows of a field of a fixed size. */
static bool skip(walk *w, size_t end, uint64_t bytes) {
    if (bytes > end - w->at) return wrong(w, "a field is longer than what is left");
    w->at += (size_t)bytes;
    return true;
}

/* The message up to `end`, and those within it. */
static bool walk_message(walk *w, const ProtobufCMessageDescriptor *kind, size_t end, int depth) {
    if (depth > FV_ONNX_DEPTH) return wrong(w, "messages lie too deep within one another");
    while (w->at < end) {
        uint64_t tag, length;
        if (!read_varint(w, end, &tag)) return false;
        if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff) return wrong(w, "a field without a number");
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(kind, (unsigned)(tag >> 3));
        switch (tag & 7) {
        case 0:
            if (!read_varint(w, end, &length)) return false;
            break;
        case 1:
            if (!skip(w, end, 8)) return false;
            break;
        case 5:
            if (!skip(w, end, 4)) return false;
            break;
        case 2:
            if (!read_varint(w, end, &length)) return false;
            if (length > end - w->at) return wrong(w, "a field is longer than what is left");
            if (field && field->type == PROTOBUF_C_TYPE_MESSAGE) {
                if (!walk_message(w, field->descriptor, w->at + (size_t)length, depth + 1))
                    return false;
            } else if (!skip(w, end, length)) {
                return false;
            }
            break;
        default:
            return wrong(w, "a field of a kind that there is not");
        }
    }
    return true;
}

/* ---------------------------------------------------------------------------------- memory --- */

typedef struct budget {
    fv_arena *arena;
    size_t left;
    bool refused;
} budget;

static void *take(void *user, size_t size) {
    budget *b = user;
    if (size > b->left) {
        b->refused = true;
        return NULL;
    }
    b->left -= size;
    void *memory = fv__arena_alloc(b->arena, size ? size : 1);
    b->refused = b->refused || !memory;
    return memory;
}

/* The arena is released at once. */
static void give(void *user, void *memory) {
    (void)user;
    (void)memory;
}

fv_status fv__onnx_unpack(fv_context *ctx, fv_arena *arena, const char *what,
                          const ProtobufCMessageDescriptor *kind, const uint8_t *bytes, size_t size,
                          const ProtobufCMessage **out) {
    walk w = {.bytes = bytes};
    budget b = {.arena = arena};
    ProtobufCAllocator allocator = {take, give, &b};
    size_t more;
    *out = NULL;
    if (!walk_message(&w, kind, size, 1))
        return fv__fail(ctx, FV_BAD_INPUT, "%s is no ONNX file, or damaged at byte %zu of %zu: %s",
                        what, w.at, size, w.why);
    if (!fv__mul_size(size, BUDGET_TIMES, &more) || !fv__add_size(more, BUDGET_LEAST, &b.left))
        b.left = SIZE_MAX;
    *out = protobuf_c_message_unpack(kind, &allocator, size, bytes);
    if (*out) return FV_OK;
    if (b.refused)
        return fv__fail(ctx, FV_EXHAUSTED, "%s: its messages take more memory than there is", what);
    return fv__fail(ctx, FV_BAD_INPUT, "%s is no ONNX file, or damaged: a field has a wrong type",
                    what);
}

#else
typedef int fv_no_onnx; /* built without protobuf-c or ONNX's description */
#endif
