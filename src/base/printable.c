/* SPDX-License-Identifier: MIT */
/*
 * printable.c - texts made harmless to a terminal.
 *
 * An escape sequence in the name of a file could move the cursor, change colours, or in some
 * terminals type a command; C1 control characters (U+0080 to U+009F) are such orders too. Marks
 * that turn the direction of writing make a name look like another one ("Trojan Source",
 * CVE-2021-42574).
 */
#include "base/printable.h"
#include "base/utf8.h"
#include <stdio.h>
#include <string.h>

static bool is_order(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f;
}

static void escape(fv_text *out, uint32_t c) {
    if (c == '\n')
        fv__text_add(out, "\\n");
    else if (c == '\t')
        fv__text_add(out, "\\t");
    else
        fv__text_addf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
}

void fv__text_printable(fv_text *out, const char *s, const char *keep) {
    const char *from = s; /* what is not added yet */
    while (*s) {
        const char *at = s;
        const size_t n = fv__utf8_length(s, strnlen(s, 4));
        const uint32_t c = n ? fv__utf8_next(&s) : (unsigned char)*s++;
        if (n && (!is_order(c) || (n == 1 && strchr(keep, (int)c)))) continue;
        fv__text_addn(out, from, (size_t)(at - from));
        escape(out, c);
        from = s;
    }
    fv__text_addn(out, from, (size_t)(s - from));
}

/* In the order of their numbers. */
static const struct {
    uint32_t code;
    const char *ascii;
} relatives[] = {{0xa0, " "},     {0xb0, " deg"}, {0xb1, "+-"},   {0xb7, "."},    {0xd7, "x"},
                 {0x2010, "-"},   {0x2011, "-"},  {0x2012, "-"},  {0x2013, "-"},  {0x2014, "-"},
                 {0x2018, "'"},   {0x2019, "'"},  {0x201c, "\""}, {0x201d, "\""}, {0x2022, "*"},
                 {0x2026, "..."}, {0x2190, "<-"}, {0x2192, "->"}, {0x2212, "-"},  {0x2248, "~"},
                 {0x2264, "<="},  {0x2265, ">="}, {0x22ee, ":"},  {0x2500, "-"},  {0x2502, "|"},
                 {0x2580, "\""},  {0x2584, "_"},  {0x2588, "#"}};

void fv__text_ascii(fv_text *out, const char *s, bool strict) {
    while (*s) {
        const char *at = s;
        const uint32_t c = fv__utf8_next(&s);
        const char *ascii = c < 0x80 ? NULL : strict ? "?" : NULL;
        for (size_t i = 0; c >= 0x80 && i < sizeof relatives / sizeof relatives[0]; i++)
            if (relatives[i].code == c) ascii = relatives[i].ascii;
        if (ascii)
            fv__text_add(out, ascii);
        else
            fv__text_addn(out, at, (size_t)(s - at));
    }
}

static size_t letters(const char *s, size_t bytes) {
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) n += !fv__utf8_inside(s[i]);
    return n;
}

void fv__text_wrapped(fv_text *out, const char *text, size_t indent, size_t room) {
    size_t column = indent;
    while (*text) {
        const size_t bytes = strcspn(text, " "), word = letters(text, bytes);
        if (column > indent && room && column + 1 + word > room) {
            fv__text_addf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fv__text_add(out, " ");
            column++;
        }
        fv__text_addn(out, text, bytes);
        column += word;
        text += bytes;
        text += strspn(text, " ");
    }
    fv__text_add(out, "\n");
}

/* Characters that mean nothing to a shell. */
static bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("_@%+=:,./-", c)) || (unsigned char)c >= 0x80;
}

void fv__text_shell(fv_text *out, const char *s) {
    bool plain = *s != '\0', orders = false;
    if (*s == '-') fv__text_add(out, "./");
    for (const char *at = s; *at;) {
        const size_t n = fv__utf8_length(at, strnlen(at, 4));
        plain = plain && is_plain(*at);
        const char *next = at;
        orders = orders || !n || is_order(fv__utf8_next(&next));
        at += n ? n : 1;
    }
    if (plain && !orders) {
        fv__text_add(out, s);
        return;
    }
    fv__text_add(out, orders ? "$'" : "'");
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (orders && (c < 0x20 || c >= 0x7f))
            fv__text_addf(out, "\\%03o", c);
        else if (orders && (c == '\'' || c == '\\'))
            fv__text_addf(out, "\\%c", c);
        else if (c == '\'')
            fv__text_add(out, "'\\''");
        else
            fv__text_addn(out, s, 1);
    }
    fv__text_add(out, "'");
}

char *fv__counted(char out[64], int64_t n, const char *one, const char *many) {
    char number[32];
    snprintf(out, 64, "%s %.30s", fv__commas(number, n), n == 1 ? one : many);
    return out;
}
