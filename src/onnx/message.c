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

/* In place of raw data of at least its size: where they are. */
typedef struct note {
    uint64_t offset, length;
} note;

#define LENGTH_BYTES 5 /* in which a message's length is written, however small it is */

/* The walk may write the messages again, with notes for raw data. */
typedef struct walk {
    const uint8_t *bytes;
    size_t at;
    const char *why; /* what is wrong at `at`; NULL: nothing yet */
    uint8_t *out;    /* NULL: only counted */
    size_t written;
} walk;

static void write_bytes(walk *w, const void *from, size_t count) {
    if (w->out) memcpy(w->out + w->written, from, count);
    w->written += count;
}

/* The length of the message written behind it, at `at`. */
static void write_length(const walk *w, size_t at) {
    size_t length = w->written - at - LENGTH_BYTES;
    for (int i = 0; w->out && i < LENGTH_BYTES; i++, length >>= 7)
        w->out[at + (size_t)i] = (uint8_t)((length & 0x7f) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
}

static bool is_raw_data(const ProtobufCMessageDescriptor *kind,
                        const ProtobufCFieldDescriptor *field) {
    return kind == &onnx__tensor_proto__descriptor &&
           field->offset == offsetof(Onnx__TensorProto, raw_data);
}

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

static bool walk_message(walk *w, const ProtobufCMessageDescriptor *kind, size_t end, int depth);

/* What follows of a field with a length, whose tag began at `start`. */
static bool walk_long(walk *w, const ProtobufCMessageDescriptor *kind, uint64_t number,
                      size_t start, size_t end, int depth) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(kind, (unsigned)number);
    const size_t tag = w->at - start;
    uint64_t length;
    if (!read_varint(w, end, &length)) return false;
    if (length > end - w->at) return wrong(w, "a field is longer than what is left");
    if (field && field->type == PROTOBUF_C_TYPE_MESSAGE) {
        write_bytes(w, w->bytes + start, tag);
        const size_t at = w->written;
        w->written += LENGTH_BYTES;
        if (!walk_message(w, field->descriptor, w->at + (size_t)length, depth + 1)) return false;
        write_length(w, at);
    } else if (field && is_raw_data(kind, field) && length >= sizeof(note)) {
        const note there = {w->at, length};
        write_bytes(w, w->bytes + start, tag);
        write_bytes(w, &(uint8_t){sizeof there}, 1);
        write_bytes(w, &there, sizeof there);
        return skip(w, end, length);
    } else {
        if (!skip(w, end, length)) return false;
        write_bytes(w, w->bytes + start, w->at - start);
    }
    return true;
}

/* The message up to `end`, and those within it. */
static bool walk_message(walk *w, const ProtobufCMessageDescriptor *kind, size_t end, int depth) {
    if (depth > FV_ONNX_DEPTH) return wrong(w, "messages lie too deep within one another");
    while (w->at < end) {
        const size_t start = w->at;
        uint64_t tag, value;
        if (!read_varint(w, end, &tag)) return false;
        if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff) return wrong(w, "a field without a number");
        switch (tag & 7) {
        case 0:
            if (!read_varint(w, end, &value)) return false;
            break;
        case 1:
            if (!skip(w, end, 8)) return false;
            break;
        case 5:
            if (!skip(w, end, 4)) return false;
            break;
        case 2:
            if (!walk_long(w, kind, tag >> 3, start, end, depth)) return false;
            continue;
        default:
            return wrong(w, "a field of a kind that there is not");
        }
        write_bytes(w, w->bytes + start, w->at - start);
    }
    return true;
}

/* ------------------------------------------------------------------------------- the notes --- */

static void follow_notes(ProtobufCMessage *message, const uint8_t *bytes);

static void follow_in(const ProtobufCFieldDescriptor *field, char *message, const uint8_t *bytes) {
    void *const *at = (void *const *)(void *)(message + field->offset);
    const void *quantifier = message + field->quantifier_offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        ProtobufCMessage *const *list = *at;
        for (size_t i = 0; i < *(const size_t *)quantifier; i++) follow_notes(list[i], bytes);
    } else if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
               *(const uint32_t *)quantifier == field->id) {
        if (*at) follow_notes(*at, bytes);
    }
}

/* Raw data that are a note become what it points at. */
static void follow_notes(ProtobufCMessage *message, const uint8_t *bytes) {
    const ProtobufCMessageDescriptor *kind = message->descriptor;
    for (unsigned i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            follow_in(&kind->fields[i], (char *)message, bytes);
    if (kind != &onnx__tensor_proto__descriptor) return;
    Onnx__TensorProto *t = (Onnx__TensorProto *)message;
    note there;
    if (!t->has_raw_data || t->raw_data.len != sizeof there) return;
    memcpy(&there, t->raw_data.data, sizeof there);
    t->raw_data.data = (uint8_t *)(uintptr_t)(bytes + there.offset);
    t->raw_data.len = (size_t)there.length;
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

/* The messages written again with notes, into *out. */
static fv_status shorten(fv_context *ctx, const ProtobufCMessageDescriptor *kind, size_t size,
                         const walk *counted, uint8_t **out) {
    walk w = {.bytes = counted->bytes};
    w.out = *out = fv__alloc(ctx, counted->written, "an ONNX file's messages");
    if (!w.out) return FV_EXHAUSTED;
    (void)walk_message(&w, kind, size, 1);
    return FV_OK;
}

fv_status fv__onnx_unpack(fv_context *ctx, fv_arena *arena, const char *what,
                          const ProtobufCMessageDescriptor *kind, const uint8_t *bytes, size_t size,
                          bool in_place, const ProtobufCMessage **out) {
    walk w = {.bytes = bytes};
    budget b = {.arena = arena};
    ProtobufCAllocator allocator = {take, give, &b};
    uint8_t *shorter = NULL;
    size_t more;
    *out = NULL;
    if (!walk_message(&w, kind, size, 1))
        return fv__fail(ctx, FV_BAD_INPUT, "%s is no ONNX file, or damaged at byte %zu of %zu: %s",
                        what, w.at, size, w.why);
    if (!fv__mul_size(size, BUDGET_TIMES, &more) || !fv__add_size(more, BUDGET_LEAST, &b.left))
        b.left = SIZE_MAX;
    if (in_place) FV_TRY(shorten(ctx, kind, size, &w, &shorter));
    ProtobufCMessage *message = protobuf_c_message_unpack(
        kind, &allocator, in_place ? w.written : size, in_place ? shorter : bytes);
    fv__free(shorter);
    if (message && in_place) follow_notes(message, bytes);
    *out = message;
    if (message) return FV_OK;
    if (b.refused)
        return fv__fail(ctx, FV_EXHAUSTED, "%s: its messages take more memory than there is", what);
    return fv__fail(ctx, FV_BAD_INPUT, "%s is no ONNX file, or damaged: a field has a wrong type",
                    what);
}

#else
typedef int fv_no_onnx; /* built without protobuf-c or ONNX's description */
#endif
