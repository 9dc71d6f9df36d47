/* SPDX-License-Identifier: MIT */
/*
 * printable.h - texts of which parts come from elsewhere (names of files, classes, layers), made
 * harmless to a terminal, and counts with their nouns.
 */
#ifndef FV_BASE_PRINTABLE_H
#define FV_BASE_PRINTABLE_H

#include "base/text.h"

/* Adds `s` with what a terminal would take for an order escaped: control characters (U+0000 to
   U+001F, U+007F to U+009F), bytes that are no UTF-8, and what turns the direction of writing
   become \n, \t, \x1b, \u202e. Those of the characters in `keep` stay: "\n" in a whole text, "" in
   a name, which stays on its line. */
void fv__text_printable(fv_text *out, const char *s, const char *keep);

/* Adds `s` in ASCII alone: lines, blocks, arrows, dots, quotes and the like as their nearest
   relatives. Letters that have none stay as they are, or with `strict` become '?'. */
void fv__text_ascii(fv_text *out, const char *s, bool strict);

/* Adds `text` and a line's end, broken at blanks into lines of at most `room` letters (0: one
   line). The first begins where the line already is, `indent` letters in; the others are indented
   so. */
void fv__text_wrapped(fv_text *out, const char *text, size_t indent, size_t room);

/* Adds a name as a shell takes it for one word: as it is, in quotes, or with orders for the
   terminal escaped, $'a\012b' (POSIX 2024); one that begins with a dash as ./-a. */
void fv__text_shell(fv_text *out, const char *s);

/* "1 image", "12,000 images"; returns `out`, which holds 64 bytes. */
char *fv__counted(char out[64], int64_t n, const char *one, const char *many);

#endif
