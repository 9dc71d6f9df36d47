/* SPDX-License-Identifier: MIT */
/*
 * complain.c - messages with a location: file:line:column, the line, a caret.
 *
 * Everything is put together in buffers on the stack: saying what is wrong must not need memory.
 * Columns count characters, not bytes, so the caret stands right under non-ASCII text too.
 */
#include "base/utf8.h"
#include "lang/syntax.h"
#include <stdio.h>
#include <string.h>

#define SHOWN 100 /* characters of a line that are shown around the location */

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

/* The line and a caret; of a long line the part around the location. Tabs stay tabs in both lines,
   so that they line up. */
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
        if (!fv__utf8_inside(line[i])) column++;
        if (column < first) continue;
        if (column >= first + SHOWN) {
            put(out, "...", 3);
            break;
        }
        put(out, &line[i], 1);
        if (!fv__utf8_inside(line[i]) && column < at.column)
            put(&caret, line[i] == '\t' ? "\t" : " ", 1);
    }
    put(&caret, "^", 1);
    put(out, marks, caret.used);
}

fv_status fv__complain(const fv_source *s, fv_location at, const char *format, ...) {
    char message[FV_MESSAGE_MAX], sentence[1200];
    va_list args;
    va_start(args, format);
    fv__vformat(sentence, sizeof sentence, format, args);
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
    fv__vformat(note, sizeof note, format, args);
    va_end(args);
    return fv__fail(s->ctx, s->ctx->status, "%s\n%s", s->ctx->message, note);
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
        const size_t n = fv__utf8_length(s->text + i, s->size - i);
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
