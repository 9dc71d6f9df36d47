/* SPDX-License-Identifier: MIT */
/*
 * complain.c - messages with a place: file:line:column, the line, a caret.
 *
 * Everything is put together in buffers on the stack: saying what is wrong must not need memory.
 * Columns count characters, not bytes, so the caret stands right under non-ASCII text too.
 */
#include "lang/syntax.h"
#include <stdio.h>
#include <string.h>

#define SHOWN 100 /* characters of a line that are shown around the place */

static bool continues(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Start and length of a line, counted from 1. */
static void find_line(const fv_source *s, int line, size_t *start, size_t *length) {
    size_t at = 0;
    for (int n = 1; n < line; n++) {
        const char *end = at < s->size ? memchr(s->text + at, '\n', s->size - at) : NULL;
        if (end == NULL) break;
        at = (size_t)(end - s->text) + 1;
    }
    const char *end = at < s->size ? memchr(s->text + at, '\n', s->size - at) : NULL;
    size_t n = end != NULL ? (size_t)(end - s->text) - at : s->size - at;
    if (n > 0 && s->text[at + n - 1] == '\r') n--;
    *start = at;
    *length = n;
}

typedef struct buffer {
    char *data;
    size_t size, used;
} buffer;

static void put(buffer *b, const char *bytes, size_t n) {
    if (n > b->size - 1 - b->used) n = b->size - 1 - b->used;
    memcpy(b->data + b->used, bytes, n);
    b->used += n;
    b->data[b->used] = 0;
}

/* The line and a caret; of a long line the part around the place. Tabs stay tabs in both lines, so
   that they line up. */
static void show_line(const fv_source *s, fv_location at, buffer *out) {
    size_t start, length;
    find_line(s, at.line, &start, &length);
    const char *line = s->text + start;
    const int first = at.column > SHOWN - 20 ? at.column - SHOWN / 2 : 1;
    char marks[2 * SHOWN + 8];
    buffer caret = {marks, sizeof marks, 0};
    put(out, "\n  ", 3);
    put(&caret, "\n  ", 3);
    if (first > 1) put(out, "...", 3), put(&caret, "   ", 3);
    int column = 0;
    for (size_t i = 0; i < length; i++) {
        if (!continues(line[i])) column++;
        if (column < first) continue;
        if (column >= first + SHOWN) {
            put(out, "...", 3);
            break;
        }
        put(out, &line[i], 1);
        if (!continues(line[i]) && column < at.column) put(&caret, line[i] == '\t' ? "\t" : " ", 1);
    }
    put(&caret, "^", 1);
    put(out, marks, caret.used);
}

fv_status fv__complain(const fv_source *s, fv_location at, const char *format, ...) {
    char message[FV_MESSAGE_MAX], sentence[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    int n = snprintf(message, sizeof message, "%.500s:%d:%d: error: %s", s->file, at.line,
                     at.column, sentence);
    buffer out = {message, sizeof message, n > 0 ? (size_t)n : 0};
    if (at.line > 0) show_line(s, at, &out);
    return fv__fail(s->ctx, FV_BAD_INPUT, "%s", message);
}

fv_status fv__note(const fv_source *s, const char *format, ...) {
    char note[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(note, sizeof note, format, args);
    va_end(args);
    return fv__fail(s->ctx, s->ctx->status, "%s\n%s", s->ctx->message, note);
}

/* Bytes of the UTF-8 character at `p`, 0 when there is none (RFC 3629: no overlong forms, no
   surrogates, nothing above U+10FFFF). */
static size_t character(const unsigned char *p, size_t left) {
    if (p[0] < 0x80) return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < n) return 0;
    for (size_t i = 1; i < n; i++)
        if (!continues((char)p[i])) return 0;
    if (p[0] == 0xe0 && p[1] < 0xa0) return 0;
    if (p[0] == 0xed && p[1] > 0x9f) return 0;
    if (p[0] == 0xf0 && p[1] < 0x90) return 0;
    if (p[0] == 0xf4 && p[1] > 0x8f) return 0;
    return n;
}

fv_status fv__source_check(const fv_source *s) {
    if (s->size > FV_TEXT_MAX)
        return fv__fail(s->ctx, FV_BAD_INPUT,
                        "%.500s: a network's text has at most %u MB, this file has %.1f MB: is it "
                        "really a network (.net)?",
                        s->file, FV_TEXT_MAX >> 20, (double)s->size / (1 << 20));
    const unsigned char *text = (const unsigned char *)s->text;
    int line = 1;
    for (size_t i = 0; i < s->size;) {
        const unsigned char c = text[i];
        const size_t n = character(text + i, s->size - i);
        const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
        if (n == 0 || control)
            return fv__fail(s->ctx, FV_BAD_INPUT,
                            "%.500s:%d: error: this is not text (byte %zu is 0x%02x): a network "
                            "(.net) is plain text in UTF-8",
                            s->file, line, i, c);
        if (c == '\n') line++;
        i += n;
    }
    return FV_OK;
}
