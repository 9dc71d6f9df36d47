/* SPDX-License-Identifier: MIT */
/*
 * text.c - growing texts, and the nearest word.
 */
#include "base/text.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for n more bytes and the ending 0. */
static bool reserve(fv_text *t, size_t n) {
    if (t->failed) return false;
    size_t need;
    if (!fv__add_size(t->length, n, &need) || !fv__add_size(need, 1, &need) || need > PTRDIFF_MAX) {
        t->failed = true;
        return false;
    }
    if (fv__grow(t->ctx, (void **)&t->data, &t->capacity, need, 1, NULL) != FV_OK) t->failed = true;
    return !t->failed;
}

void fv__text_addn(fv_text *t, const char *s, size_t n) {
    if (!reserve(t, n)) return;
    if (n > 0) memcpy(t->data + t->length, s, n);
    t->length += n;
    t->data[t->length] = '\0';
}

void fv__text_add(fv_text *t, const char *s) {
    fv__text_addn(t, s, strlen(s));
}

void fv__text_cut(fv_text *t, size_t length) {
    if (length >= t->length) return;
    t->length = length;
    t->data[length] = '\0';
}

void fv__text_addf(fv_text *t, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = fv__vformat(NULL, 0, format, args);
    va_end(args);
    if (n < 0) t->failed = true;
    if (n >= 0 && reserve(t, (size_t)n)) {
        fv__vformat(t->data + t->length, (size_t)n + 1, format, again);
        t->length += (size_t)n;
    }
    va_end(again);
}

void fv__text_json(fv_text *t, const char *s) {
    fv__text_add(t, "\"");
    while (*s != '\0') {
        unsigned char c = (unsigned char)*s;
        size_t n = fv__utf8_length(s, strnlen(s, 4));
        if (c == '"' || c == '\\') {
            fv__text_addf(t, "\\%c", c);
        } else if (c == '\n') {
            fv__text_add(t, "\\n");
        } else if (c == '\t') {
            fv__text_add(t, "\\t");
        } else if (c < 0x20 || c == 0x7f) {
            fv__text_addf(t, "\\u%04x", c);
        } else if (n == 0) {
            fv__text_add(t, "\xef\xbf\xbd"); /* not UTF-8: the replacement character */
            n = 1;
        } else {
            fv__text_addn(t, s, n);
        }
        s += n;
    }
    fv__text_add(t, "\"");
}

void fv__text_html(fv_text *t, const char *s) {
    for (; *s != '\0'; s++) {
        switch (*s) {
        case '<':
            fv__text_add(t, "&lt;");
            break;
        case '>':
            fv__text_add(t, "&gt;");
            break;
        case '&':
            fv__text_add(t, "&amp;");
            break;
        case '"':
            fv__text_add(t, "&quot;");
            break;
        case '\'':
            fv__text_add(t, "&#39;");
            break;
        default:
            fv__text_addn(t, s, 1);
        }
    }
}

void fv__text_csv(fv_text *t, const char *s) {
    if (!strpbrk(s, ",\"\r\n")) {
        fv__text_add(t, s);
        return;
    }
    fv__text_add(t, "\"");
    for (; *s; s++) fv__text_addn(t, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1);
    fv__text_add(t, "\"");
}

fv_status fv__text_done(fv_context *ctx, fv_text *t) {
    if (!t->failed) fv__text_addn(t, "", 0); /* a text nothing was added to is "" */
    if (t->failed) return fv__fail_memory(ctx, t->length, "a text");
    return FV_OK;
}

void fv__text_free(fv_text *t) {
    fv__free(t->data);
    *t = (fv_text){.ctx = t->ctx};
}

void fv__text_number(fv_text *t, double v) {
    char text[32];
    fv__text_add(t, fv__number_text(text, v));
}

bool fv__ends_with(const char *name, const char *end) {
    const size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

/* --------------------------------------------------------------------------- did you mean --- */

#define WORD_MOST 64

/* Damerau-Levenshtein distance, each place edited once: letters added, left out, exchanged, or two
   neighbours swapped. Upper and lower case are one. */
static size_t distance(const char *a, size_t n, const char *b, size_t m) {
    size_t rows[3][WORD_MOST + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= m; j++) last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            size_t best = last[j - 1] + (x == y ? 0 : 1);
            if (last[j] + 1 < best) best = last[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]) && before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            now[j] = best;
        }
        size_t *t = before;
        before = last;
        last = now;
        now = t;
    }
    return last[m];
}

const char *fv__nearest(const char *word, const char *const *words, size_t count) {
    size_t n = strlen(word);
    if (n == 0 || n > WORD_MOST) return NULL;
    size_t limit = n <= 4 ? 1 : n <= 7 ? 2 : 3;
    if (limit >= n) limit = n - 1; /* at least one letter must be right, or a's case */
    const char *best = NULL;
    size_t best_distance = limit + 1;
    for (size_t i = 0; i < count; i++) {
        size_t m = strlen(words[i]);
        if (m > WORD_MOST) continue;
        size_t d = distance(word, n, words[i], m);
        if (d < best_distance) {
            best_distance = d;
            best = words[i];
        }
    }
    return best;
}
