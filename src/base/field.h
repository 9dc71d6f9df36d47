/* SPDX-License-Identifier: MIT */
/*
 * field.h - an option described once.
 *
 * A table of fields describes the options of an operator, the settings of a training run or the
 * preprocessing of an input. From it come parsing (the network language, key=value, ONNX),
 * defaults, printing, range errors, help and docs. Nobody writes parser code per operator.
 */
#ifndef FV_BASE_FIELD_H
#define FV_BASE_FIELD_H

#include "base/text.h"

typedef enum fv_kind {
    FV_INT,    /* int64_t            64                                            */
    FV_REAL,   /* double             0.5, 1/255, 1e-4                              */
    FV_BOOL,   /* bool               yes, no                                       */
    FV_CHOICE, /* int                one of field.choices                          */
    FV_SIZE,   /* fv_size            3 or 3x5 (height x width)                     */
    FV_PAD,    /* fv_pad             1, 1x2 (height x width), 1,2,1,2 (top, left, bottom, right),
                                     same, valid                                   */
    FV_INTS,   /* fv_ints            82,123                with FV_LONG fv_long_ints  */
    FV_REALS,  /* fv_reals           0.485,0.456,0.406     with FV_LONG fv_long_reals */
    FV_WORD,   /* char[FV_WORD_MAX]  a name                                        */
    FV_TEXT    /* char[FV_TEXT_BYTES]  any text without blanks and quotes: conv1..conv4,fc*  */
} fv_kind;

#define FV_LIST_MAX   16   /* dimensions, and what there are two of for each */
#define FV_LONG_MAX   1024 /* classes, filters, places */
#define FV_WORD_MAX   64
#define FV_TEXT_BYTES 1024

typedef struct fv_size {
    int64_t h, w;
} fv_size;
typedef struct fv_ints {
    int count;
    int64_t v[FV_LIST_MAX];
} fv_ints;
typedef struct fv_reals {
    int count;
    double v[FV_LIST_MAX];
} fv_reals;
typedef struct fv_long_ints {
    int count;
    int64_t v[FV_LONG_MAX];
} fv_long_ints;
typedef struct fv_long_reals {
    int count;
    double v[FV_LONG_MAX];
} fv_long_reals;

/* SAME: as much padding as makes the output ceil(input/stride), the odd pixel at the end (bottom,
   right), as TensorFlow and ONNX's SAME_UPPER. VALID: none. */
typedef enum fv_pad_mode { FV_PAD_SIDES, FV_PAD_SAME, FV_PAD_VALID } fv_pad_mode;
typedef struct fv_pad {
    fv_pad_mode mode;
    int64_t top, left, bottom, right; /* FV_PAD_SIDES only; pixels */
} fv_pad;

/* How a field is given. */
enum {
    FV_POSITIONAL = 1, /* may be given without its name, in table order: conv 64 3x3 */
    FV_REQUIRED = 2,   /* has no default */
    FV_LONG = 4,       /* a list of up to FV_LONG_MAX numbers, otherwise FV_LIST_MAX; the last of
                          its struct, whose other options stand before it (fv__field_used) */
    FV_QUIET = 8       /* not printed where it is the default: settings that came later, so that
                          what was written before keeps its bytes */
};

typedef struct fv_field {
    const char *name; /* NULL ends the table */
    const char *help; /* one line: meaning and unit */
    fv_kind kind;
    size_t offset;              /* into the options struct */
    const char *initial;        /* default as one would write it; NULL: zero bytes, and if
                                   FV_REQUIRED an error when not given */
    double min, max;            /* for numbers (each number of a list); min == max: no limit */
    int flags;                  /* FV_POSITIONAL, FV_REQUIRED, FV_LONG, FV_QUIET */
    const char *const *choices; /* FV_CHOICE: NULL-ended */
    const char *onnx;           /* attribute's name in ONNX, or NULL */
} fv_field;

/* A value as read from a text, before it meets its field. */
typedef struct fv_arg {
    enum { FV_ARG_NUMBERS, FV_ARG_WORD } is;
    int count;  /* numbers: 1 … FV_LONG_MAX */
    bool cross; /* numbers joined by x: 3x3 (otherwise by commas) */
    double v[FV_LONG_MAX];
    char word[FV_TEXT_BYTES];
} fv_arg;

/* How many fields; the one of that name or NULL. */
int fv__field_count(const fv_field *fields);
const fv_field *fv__field_find(const fv_field *fields, const char *name);
/* What the value of that field takes, and how many numbers it holds at most. */
size_t fv__field_bytes(const fv_field *f);
int fv__field_most(const fv_field *f);
/* The bytes of an options struct that say something. A long list ends its struct, and a copy that
   is kept for long goes as far as its numbers do. */
size_t fv__field_used(const fv_field *fields, size_t size, const void *options);
/* The nearest field name for "did you mean", or NULL. */
const char *fv__field_nearest(const fv_field *fields, const char *name);

/* Fills an options struct with the defaults. */
void fv__field_defaults(const fv_field *fields, void *options);

/* Stores a value. FV_BAD_INPUT with "stride must be between 1 and 1000000, not 0" and the like. */
FV_MUST_USE fv_status fv__field_set(fv_context *ctx, const fv_field *f, void *options,
                                    const fv_arg *arg);
/* The same from text, as in key=value: "0.1", "3x3", "82,123", "yes", "same". */
FV_MUST_USE fv_status fv__field_set_text(fv_context *ctx, const fv_field *f, void *options,
                                         const char *text);

/* Writes the value as the language writes it: "3x3", "0.5", "no", "1,2,1,2"; a square size is
   written 3x3, equal pads 1. Reads back to the same value. */
void fv__field_print(fv_text *out, const fv_field *f, const void *options);
bool fv__field_is_default(const fv_field *f, const void *options);

/* "a whole number", "yes or no", "one of sgd, adam, adadelta" … for help and docs. */
void fv__field_kind_words(fv_text *out, const fv_field *f);

#endif
