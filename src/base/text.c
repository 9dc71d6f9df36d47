/* SPDX-License-Identifier: MIT */
/*
 * text.c - growing texts, numbers written and read.
 *
 * Numbers always have a point, whatever the program's locale says: printf and strtod follow the
 * locale, so its decimal separator is exchanged on the way out and in.
 */
#include "base/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
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
    if (need <= t->capacity) return true;
    size_t capacity = t->capacity < PTRDIFF_MAX / 2 ? t->capacity * 2 : PTRDIFF_MAX;
    if (capacity < need) capacity = need;
    if (capacity < 64) capacity = 64;
    char *data = realloc(t->data, capacity);
    if (data == NULL) {
        t->failed = true;
        return false;
    }
    t->data = data;
    t->capacity = capacity;
    return true;
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

void fv__text_addf(fv_text *t, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) t->failed = true;
    if (n >= 0 && reserve(t, (size_t)n)) {
        vsnprintf(t->data + t->length, (size_t)n + 1, format, again);
        t->length += (size_t)n;
    }
    va_end(again);
}

/* Bytes of the UTF-8 character at s, 0 when there is none (RFC 3629: shortest form, no surrogates,
   nothing above 10FFFF). */
static size_t utf8_length(const unsigned char *s) {
    if (s[0] < 0x80) return 1;
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4) return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0; /* also stops at the ending 0 */
    }
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) {
        return 0;
    }
    return n;
}

void fv__text_json(fv_text *t, const char *s) {
    fv__text_add(t, "\"");
    while (*s != '\0') {
        unsigned char c = (unsigned char)*s;
        size_t n = utf8_length((const unsigned char *)s);
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

fv_status fv__text_done(fv_context *ctx, fv_text *t) {
    if (!t->failed) fv__text_addn(t, "", 0); /* a text nothing was added to is "" */
    if (t->failed) return fv__fail_memory(ctx, t->length, "a text");
    return FV_OK;
}

void fv__text_free(fv_text *t) {
    free(t->data);
    memset(t, 0, sizeof *t);
}

/* --------------------------------------------------------------------------------- numbers --- */

/* The locale's decimal separator, at most 7 bytes. */
static void find_point(char out[8]) {
    char text[16];
    snprintf(text, sizeof text, "%.1f", 0.5);
    size_t n = strlen(text);
    out[0] = '.';
    out[1] = '\0';
    if (n >= 3 && n - 2 < 8) {
        memcpy(out, text + 1, n - 2);
        out[n - 2] = '\0';
    }
}

/* strtod for text that is known to be a decimal number of n characters. */
static bool read_decimal(const char *s, size_t n, double *out) {
    char text[512], point[8];
    size_t k = 0;
    find_point(point);
    if (n + sizeof point >= sizeof text) return false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '.') {
            memcpy(text + k, point, strlen(point));
            k += strlen(point);
        } else {
            text[k++] = s[i];
        }
    }
    text[k] = '\0';
    *out = strtod(text, NULL);
    return isfinite(*out);
}

static size_t digits(const char *s) {
    size_t n = 0;
    while (s[n] >= '0' && s[n] <= '9') n++;
    return n;
}

/* Length of the decimal number at s: [+-] digits [. digits] [e [+-] digits]; 0: none. */
static size_t decimal_length(const char *s) {
    size_t i = s[0] == '+' || s[0] == '-' ? 1 : 0;
    size_t whole = digits(s + i), fraction = 0;
    i += whole;
    if (s[i] == '.') {
        fraction = digits(s + i + 1);
        i += 1 + fraction;
    }
    if (whole + fraction == 0) return 0;
    if (s[i] == 'e' || s[i] == 'E') {
        size_t sign = s[i + 1] == '+' || s[i + 1] == '-' ? 1 : 0;
        size_t exponent = digits(s + i + 1 + sign);
        if (exponent > 0) i += 1 + sign + exponent;
    }
    return i;
}

bool fv__parse_real(const char *text, double *out) {
    size_t n = decimal_length(text);
    double a, b;
    if (n == 0 || !read_decimal(text, n, &a)) return false;
    if (text[n] == '/') {
        const char *rest = text + n + 1;
        size_t m = decimal_length(rest);
        if (m == 0 || rest[m] != '\0' || !read_decimal(rest, m, &b) || b == 0) return false;
        a /= b;
        if (!isfinite(a)) return false;
    } else if (text[n] != '\0') {
        return false;
    }
    *out = a;
    return true;
}

bool fv__parse_int(const char *text, int64_t *out) {
    bool negative = text[0] == '-';
    const char *s = text + (text[0] == '-' || text[0] == '+' ? 1 : 0);
    size_t n = digits(s);
    if (n == 0 || s[n] != '\0') return false;
    int64_t v = 0; /* built up below zero, where there is room for one more value */
    for (size_t i = 0; i < n; i++) {
        if (!fv__mul_i64(v, 10, &v) || __builtin_sub_overflow(v, (int64_t)(s[i] - '0'), &v)) {
            return false;
        }
    }
    if (!negative && __builtin_sub_overflow((int64_t)0, v, &v)) return false;
    *out = v;
    return true;
}

char *fv__number_text(char out[32], double v) {
    if (!isfinite(v)) return strcpy(out, "null");
    /* 15 digits always survive the way through a double, 17 always name it; 16 are enough for some.
     */
    for (int precision = 15; precision <= 17; precision++) {
        char text[40], point[8];
        snprintf(text, sizeof text, "%.*g", precision, v);
        find_point(point);
        char *at = strstr(text, point);
        if (at != NULL && strcmp(point, ".") != 0) {
            memmove(at + 1, at + strlen(point), strlen(at + strlen(point)) + 1);
            *at = '.';
        }
        strcpy(out, text);
        double back;
        if (read_decimal(text, strlen(text), &back) && back == v) break;
    }
    return out;
}

void fv__text_number(fv_text *t, double v) {
    char text[32];
    fv__text_add(t, fv__number_text(text, v));
}

char *fv__commas(char *out, int64_t v) {
    char plain[32];
    int n = snprintf(plain, sizeof plain, "%" PRId64, v);
    char *to = out;
    for (int i = 0; i < n; i++) {
        int after = n - i;
        if (i > 0 && after % 3 == 0 && plain[i - 1] != '-') *to++ = ',';
        *to++ = plain[i];
    }
    *to = '\0';
    return out;
}

char *fv__short_count(char *out, double v) {
    /* The lectures write thousands to two digits (150528: 150K) and millions to one decimal. */
    if (v < 0) {
        out[0] = '-';
        fv__short_count(out + 1, -v);
    } else if (v < 9999.5) {
        snprintf(out, 32, "%.0f", v);
    } else if (v < 995e3) {
        double unit = v < 99.5e3 ? 1e3 : 1e4;
        snprintf(out, 32, "%.0fK", rint(v / unit) * unit / 1e3);
    } else {
        double unit = v < 999.5e6 ? 1e6 : v < 999.5e9 ? 1e9 : 1e12;
        char letter = v < 999.5e6 ? 'M' : v < 999.5e9 ? 'G' : 'T';
        snprintf(out, 32, v < 99.95 * unit ? "%.1f%c" : "%.0f%c", v / unit, letter);
    }
    return out;
}

char *fv__short_bytes(char *out, double bytes) {
    static const char *const units[] = {"KB", "MB", "GB", "TB"};
    if (bytes < 999.5) {
        snprintf(out, 32, "%.0f B", bytes);
        return out;
    }
    int i = 0;
    double v = bytes / 1e3;
    while (v >= 999.95 && i < 3) {
        v /= 1e3;
        i++;
    }
    snprintf(out, 32, "%.1f %s", v, units[i]);
    return out;
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
