/* SPDX-License-Identifier: MIT */
/*
 * text.h - a growing text, ends of names, and "did you mean".
 */
#ifndef FV_BASE_TEXT_H
#define FV_BASE_TEXT_H

#include "base/memory.h"
#include "base/number.h"

/* A growing text. A refused allocation sets `failed`; later additions do nothing, and
   fv__text_done reports it, so callers check once at the end. To start: {.ctx = ctx}, whose
   allocator gives the memory, or {0} for the system's. */
typedef struct fv_text {
    char *data; /* 0-ended once anything was added; may be NULL before */
    size_t length, capacity;
    bool failed;
    fv_context *ctx;
} fv_text;

void fv__text_add(fv_text *t, const char *s);
void fv__text_addn(fv_text *t, const char *s, size_t n);
void fv__text_addf(fv_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fv__text_cut(fv_text *t, size_t length);  /* drops what comes after */
void fv__text_json(fv_text *t, const char *s); /* s as a JSON string, with its quotes */
void fv__text_html(fv_text *t, const char *s); /* s with < > & " escaped */
void fv__text_csv(fv_text *t,
                  const char *s);           /* s as a field of CSV, in quotes where it needs them */
void fv__text_number(fv_text *t, double v); /* shortest decimal that reads back as v: 0.1, 3e-05;
                                               nan and inf become null */
FV_MUST_USE fv_status fv__text_done(fv_context *ctx, fv_text *t); /* FV_EXHAUSTED when failed */
void fv__text_free(fv_text *t);

/* Whether a name ends in `end` and has something before it. */
bool fv__ends_with(const char *name, const char *end);

/* The nearest of `count` words to `word` if it is near enough for a typo (Damerau-Levenshtein
   distance at most 1 for up to 4 letters, 2 for up to 7, else 3), or NULL. */
const char *fv__nearest(const char *word, const char *const *words, size_t count);

#endif
