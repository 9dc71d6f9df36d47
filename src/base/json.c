/* SPDX-License-Identifier: MIT */
/*
 * json.c - a strict reader of JSON (RFC 8259) into a tree.
 *
 * Strict: UTF-8 only, no lone surrogates, no control characters in strings, no leading zeros, no
 * trailing commas, nothing behind the value. Depth is limited, so the recursion is too.
 */
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

#define DEPTH_MOST  64
#define NUMBER_MOST 400 /* characters */

typedef struct reader {
    fv_context *ctx;
    fv_arena *arena;
    const char *start, *at, *end;
} reader;

static fv_status fail(reader *r, const char *expected) {
    int line = 1, column = 1;
    for (const char *p = r->start; p < r->at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (!fv__utf8_inside(*p)) {
            column++;
        }
    }
    return fv__fail(r->ctx, FV_BAD_INPUT, "line %d column %d: %s%s", line, column, expected,
                    r->at >= r->end ? ", but the text ends here" : "");
}

static void skip_space(reader *r) {
    while (r->at < r->end &&
           (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) {
        r->at++;
    }
}

static bool take(reader *r, char c) {
    if (r->at >= r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool take_word(reader *r, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0) return false;
    r->at += n;
    return true;
}

static bool read_hex4(reader *r, uint32_t *out) {
    if (r->end - r->at < 4) return false;
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        char c = r->at[i];
        uint32_t d;
        if (c >= '0' && c <= '9')
            d = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            d = (uint32_t)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            d = (uint32_t)(c - 'A' + 10);
        else
            return false;
        v = v << 4 | d;
    }
    r->at += 4;
    *out = v;
    return true;
}

/* What follows a backslash. */
static fv_status read_escape(reader *r, char **to) {
    static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (r->at >= r->end) return fail(r, "expected the rest of an escape");
    char c = *r->at;
    const char *found = c != '\0' ? strchr(from, c) : NULL;
    if (found != NULL) {
        *(*to)++ = means[found - from];
        r->at++;
        return FV_OK;
    }
    uint32_t code, low;
    if (c != 'u') return fail(r, "expected one of \" \\ / b f n r t u after a backslash");
    r->at++;
    if (!read_hex4(r, &code)) return fail(r, "expected four hexadecimal digits after \\u");
    if (code == 0) return fail(r, "a zero character (\\u0000) is not accepted");
    if (code >= 0xdc00 && code <= 0xdfff) return fail(r, "half a surrogate pair");
    if (code >= 0xd800 && code <= 0xdbff) {
        if (!take(r, '\\') || !take(r, 'u') || !read_hex4(r, &low) || low < 0xdc00 ||
            low > 0xdfff) {
            return fail(r, "half a surrogate pair");
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *to = fv__utf8_put(*to, code);
    return FV_OK;
}

static fv_status read_string(reader *r, const char **out) {
    if (!take(r, '"')) return fail(r, "expected a string");
    /* An escape is never shorter than what it stands for, so the text up to the closing quote is
       room enough. */
    const char *p = r->at;
    while (p < r->end && *p != '"') p += *p == '\\' && r->end - p > 1 ? 2 : 1;
    char *text = fv__arena_alloc(r->arena, (size_t)(p - r->at) + 1);
    if (text == NULL) return FV_EXHAUSTED;
    char *to = text;
    for (;;) {
        if (r->at >= r->end) return fail(r, "expected '\"' at the end of a string");
        unsigned char c = (unsigned char)*r->at;
        if (c == '"') break;
        if (c < 0x20) return fail(r, "a control character in a string must be escaped");
        if (c == '\\') {
            r->at++;
            FV_TRY(read_escape(r, &to));
            continue;
        }
        size_t n = fv__utf8_length(r->at, (size_t)(r->end - r->at));
        if (n == 0) return fail(r, "a string that is not UTF-8");
        memcpy(to, r->at, n);
        to += n;
        r->at += n;
    }
    r->at++;
    *to = '\0';
    *out = text;
    return FV_OK;
}

static size_t count_digits(reader *r) {
    const char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
    return (size_t)(r->at - from);
}

static fv_status read_number(reader *r, double *out) {
    const char *from = r->at;
    take(r, '-');
    const char *whole = r->at;
    size_t n = count_digits(r);
    if (n == 0) return fail(r, "expected a value");
    if (n > 1 && *whole == '0') {
        r->at = whole;
        return fail(r, "a number may not begin with 0");
    }
    if (take(r, '.') && count_digits(r) == 0) return fail(r, "expected a digit after the point");
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        r->at++;
        if (!take(r, '+')) take(r, '-');
        if (count_digits(r) == 0) return fail(r, "expected a digit in the exponent");
    }
    char text[NUMBER_MOST + 1];
    size_t length = (size_t)(r->at - from);
    if (length > NUMBER_MOST) return fail(r, "a number of too many digits");
    memcpy(text, from, length);
    text[length] = '\0';
    if (!fv__parse_real(text, out)) return fail(r, "a number that is too large");
    return FV_OK;
}

static fv_status read_value(reader *r, int depth, fv_json *v);

/* Items of an array (close ']') or object (close '}'). */
static fv_status read_items(reader *r, int depth, fv_json *v, char close) {
    if (depth >= DEPTH_MOST) return fail(r, "nested more than 64 deep");
    r->at++;
    skip_space(r);
    if (take(r, close)) return FV_OK;
    fv_json **link = &v->child;
    for (;;) {
        fv_json *item = fv__arena_alloc(r->arena, sizeof *item);
        if (item == NULL) return FV_EXHAUSTED;
        item->name = "";
        skip_space(r);
        if (close == '}') {
            if (r->at >= r->end || *r->at != '"') return fail(r, "expected a name in quotes");
            FV_TRY(read_string(r, &item->name));
            skip_space(r);
            if (!take(r, ':')) return fail(r, "expected ':'");
            skip_space(r);
        }
        FV_TRY(read_value(r, depth + 1, item));
        *link = item;
        link = &item->next;
        if (v->count == INT32_MAX) return fail(r, "too many items");
        v->count++;
        skip_space(r);
        if (take(r, close)) return FV_OK;
        if (!take(r, ',')) {
            return fail(r, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
        }
    }
}

static fv_status read_value(reader *r, int depth, fv_json *v) {
    if (r->at >= r->end) return fail(r, "expected a value");
    switch (*r->at) {
    case '{':
        v->kind = FV_JSON_OBJECT;
        return read_items(r, depth, v, '}');
    case '[':
        v->kind = FV_JSON_ARRAY;
        return read_items(r, depth, v, ']');
    case '"':
        v->kind = FV_JSON_STRING;
        return read_string(r, &v->string);
    default:
        break;
    }
    if (take_word(r, "null")) {
        v->kind = FV_JSON_NULL;
        return FV_OK;
    }
    bool yes = take_word(r, "true");
    if (yes || take_word(r, "false")) {
        v->kind = FV_JSON_BOOL;
        v->number = yes;
        return FV_OK;
    }
    v->kind = FV_JSON_NUMBER;
    return read_number(r, &v->number);
}

fv_status fv__json_parse(fv_context *ctx, fv_arena *arena, const char *text, size_t size,
                         fv_json **out) {
    *out = NULL;
    if (text == NULL) size = 0;
    if (size == 0) text = "";
    reader r = {ctx, arena, text, text, text + size};
    fv_json *v = fv__arena_alloc(arena, sizeof *v);
    if (v == NULL) return FV_EXHAUSTED;
    v->name = "";
    skip_space(&r);
    FV_TRY(read_value(&r, 0, v));
    skip_space(&r);
    if (r.at < r.end) return fail(&r, "expected nothing more");
    *out = v;
    return FV_OK;
}

const fv_json *fv__json_get(const fv_json *object, const char *name) {
    if (object == NULL || object->kind != FV_JSON_OBJECT) return NULL;
    for (const fv_json *v = object->child; v != NULL; v = v->next) {
        if (strcmp(v->name, name) == 0) return v;
    }
    return NULL;
}

const char *fv__json_string(const fv_json *object, const char *name, const char *otherwise) {
    const fv_json *v = fv__json_get(object, name);
    return v != NULL && v->kind == FV_JSON_STRING ? v->string : otherwise;
}
