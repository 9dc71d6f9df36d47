/* SPDX-License-Identifier: MIT */
/*
 * json_write.h - JSON written: commas, quotes, lines and brackets follow by themselves.
 *
 *     fv_json_writer w = fv__json_writer(&text, FV_JSON_ONE_LINE);
 *     fv__json_open(&w, NULL, '{');
 *     fv__json_add_text(&w, "net", "lenet5");
 *     fv__json_open(&w, "input", '[');
 *     fv__json_add_int(&w, NULL, 1);
 *     fv__json_close(&w);
 *     fv__json_close(&w);                       {"net": "lenet5", "input": [1]}
 *
 * `name` is that of an object's member; NULL in an array and for the whole. What goes wrong is in
 * the text's `failed`.
 */
#ifndef FV_BASE_JSON_WRITE_H
#define FV_BASE_JSON_WRITE_H

#include "base/text.h"

enum {
    FV_JSON_COMPACT = -1, /* no blanks at all */
    FV_JSON_ONE_LINE = 0  /* blanks behind ':' and ',' */
    /* n > 0: members of objects, and objects in arrays, stand on lines of their own n deep */
};

#define FV_JSON_DEPTH 16

typedef struct fv_json_writer {
    fv_text *out;
    int lines;                   /* one of the above */
    int depth;                   /* brackets that are open */
    char bracket[FV_JSON_DEPTH]; /* which */
    bool any[FV_JSON_DEPTH];     /* whether something stands in it */
} fv_json_writer;

fv_json_writer fv__json_writer(fv_text *out, int lines);
void fv__json_open(fv_json_writer *w, const char *name, char bracket); /* '{' or '[' */
void fv__json_close(fv_json_writer *w); /* behind the last one the line ends, unless compact */
void fv__json_add_text(fv_json_writer *w, const char *name, const char *value); /* NULL: null */
void fv__json_add_int(fv_json_writer *w, const char *name, int64_t value);
void fv__json_add_real(fv_json_writer *w, const char *name, double value); /* all its digits */
void fv__json_add_rounded(fv_json_writer *w, const char *name, double value, int decimals);
void fv__json_add_bool(fv_json_writer *w, const char *name, bool value);
/* [1, 28, 28] */
void fv__json_add_ints(fv_json_writer *w, const char *name, const int64_t *values, int count);

#endif
