/* SPDX-License-Identifier: MIT */
/*
 * utf8.c - UTF-8 read, checked, written and cut.
 */
#include "base/utf8.h"

#include <string.h>

/* The Unicode standard, table 3-7: the range of the second byte depends on the first; the others
   are 80 to BF. */
size_t fv__utf8_length(const char *text, size_t size) {
    const unsigned char *s = (const unsigned char *)text;
    if (size == 0) return 0;
    if (s[0] < 0x80) return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4) return 0;
    const size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (n > size) return 0;
    const unsigned low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    const unsigned high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high) return 0;
    for (size_t i = 2; i < n; i++)
        if (!fv__utf8_inside(text[i])) return 0;
    return n;
}

bool fv__utf8_valid(const char *text, size_t size) {
    for (size_t i = 0; i < size;) {
        const size_t n = fv__utf8_length(text + i, size - i);
        if (n == 0) return false;
        i += n;
    }
    return true;
}

uint32_t fv__utf8_next(const char **text) {
    const unsigned char *s = (const unsigned char *)*text;
    const size_t n = fv__utf8_length(*text, strnlen(*text, 4) + 1);
    if (n <= 1) {
        *text += 1;
        return n == 1 ? s[0] : 0xfffd;
    }
    uint32_t code = s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) code = code << 6 | (s[i] & 0x3fu);
    *text += n;
    return code;
}

char *fv__utf8_put(char *to, uint32_t code) {
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (char)(lead[more] | code >> 6 * more);
    for (int i = more - 1; i >= 0; i--) *to++ = (char)(0x80 | (code >> 6 * i & 0x3f));
    return to;
}

size_t fv__utf8_whole(const char *text, size_t size) {
    size_t lead = size; /* one past the last byte that begins a character */
    while (lead > 0 && size - lead < 3 && fv__utf8_inside(text[lead - 1])) lead--;
    if (lead == 0) return size;
    return fv__utf8_length(text + lead - 1, size - lead + 1) == 0 ? lead - 1 : size;
}

/* Combining accents take no room and East Asian letters two columns (the main blocks of Unicode's
   EastAsianWidth.txt); everything else one. */
int fv__letter_columns(uint32_t c) {
    const bool none = (c >= 0x300 && c < 0x370) || c == 0x200b || c == 0x200d || c == 0xfe0f;
    const bool wide = (c >= 0x1100 && c < 0x1160) || (c >= 0x2e80 && c < 0xa4d0) ||
                      (c >= 0xac00 && c < 0xd7a4) || (c >= 0xf900 && c < 0xfb00) ||
                      (c >= 0xfe30 && c < 0xfe70) || (c >= 0xff00 && c < 0xff61) ||
                      (c >= 0x1f300 && c < 0x1f650) || (c >= 0x1f900 && c < 0x1fa00) ||
                      (c >= 0x20000 && c < 0x40000);
    return none ? 0 : wide ? 2 : 1;
}

int fv__utf8_columns(const char *text) {
    int columns = 0;
    while (*text) columns += fv__letter_columns(fv__utf8_next(&text));
    return columns;
}
