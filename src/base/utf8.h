/* SPDX-License-Identifier: MIT */
/*
 * utf8.h - UTF-8 (RFC 3629: shortest form, no surrogates, nothing above 10FFFF), in one place.
 */
#ifndef FV_BASE_UTF8_H
#define FV_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the well-formed character that `text` begins with, of which `size` bytes are there;
   0: there is none. A zero byte is a character of one byte. */
size_t fv__utf8_length(const char *text, size_t size);

/* Whether all `size` bytes are well-formed characters. */
bool fv__utf8_valid(const char *text, size_t size);

/* The next code point of a 0-ended text; bytes that are none count as U+FFFD one by one. */
uint32_t fv__utf8_next(const char **text);

/* Writes the bytes of a code point, at most 4; returns what follows them. */
char *fv__utf8_put(char *to, uint32_t code);

/* Whether a byte goes on a character that began before it. */
static inline bool fv__utf8_inside(char byte) {
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The length of a text cut to `size` bytes without the character that the cut left unfinished. */
size_t fv__utf8_whole(const char *text, size_t size);

/* Columns that a terminal shows a text, or one code point, in. */
int fv__utf8_columns(const char *text);
int fv__letter_columns(uint32_t code);

#endif
