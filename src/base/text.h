/* SPDX-License-Identifier: MIT */
/*
 * text.h - a growing text, numbers written for people, and "did you mean".
 */
#ifndef FV_BASE_TEXT_H
#define FV_BASE_TEXT_H

#include "base/memory.h"

/* A growing text. A refused allocation sets `failed`; later additions do nothing, and
   fv__text_done reports it, so callers check once at the end. Zero-initialise to start. */
typedef struct fv_text {
    char *data; /* 0-ended once anything was added; may be NULL before */
    size_t length, capacity;
    bool failed;
} fv_text;

void fv__text_add(fv_text *t, const char *s);
void fv__text_addn(fv_text *t, const char *s, size_t n);
void fv__text_addf(fv_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fv__text_json(fv_text *t, const char *s); /* s as a JSON string, with its quotes */
void fv__text_html(fv_text *t, const char *s); /* s with < > & " escaped */
void fv__text_number(fv_text *t, double v);    /* shortest decimal that reads back as v: 0.1, 3e-05;
                                                  nan and inf become null */
char *fv__number_text(char out[32], double v); /* the same into a buffer; returns it */
FV_MUST_USE fv_status fv__text_done(fv_context *ctx, fv_text *t); /* FV_EXHAUSTED when failed */
void fv__text_free(fv_text *t);

/* 1234567 as "1,234,567"; returns `out`, which holds at least 32 bytes. */
char *fv__commas(char *out, int64_t v);
/* As lectures write: 150528 "150K", 3211264 "3.2M", 1000 "1000", 802816 "800K". */
char *fv__short_count(char *out, double v);
/* 96e6 as "96.0 MB" (MB = 10^6 bytes): "12 B", "3.4 KB", "96.0 MB", "1.2 GB". */
char *fv__short_bytes(char *out, double bytes);

/* The nearest of `count` words to `word` if it is near enough for a typo (Damerau-Levenshtein
   distance at most 1 for up to 4 letters, 2 for up to 7, else 3), or NULL. */
const char *fv__nearest(const char *word, const char *const *words, size_t count);

/* Reads a whole decimal number from `text`; false when something else stands there too. "1/255" is
   read as the quotient. */
bool fv__parse_real(const char *text, double *out);
bool fv__parse_int(const char *text, int64_t *out);

#endif
