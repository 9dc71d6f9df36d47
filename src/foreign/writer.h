/* SPDX-License-Identifier: MIT */
/*
 * writer.h - what those share that write a network as a program of another library.
 */
#ifndef FV_FOREIGN_WRITER_H
#define FV_FOREIGN_WRITER_H

#include "foreign/dialect.h"

typedef struct fv_writer {
    fv_context *ctx;
    const fv_graph *net;
    const fv_dialect *dialect;
    fv_arena arena;
    const char **variables;  /* of each value: what holds it */
    const char **attributes; /* of each node: what its layer is called */
    fv_text made, body;      /* lines that make layers, and lines that call them */
    /* the layer at hand */
    const fv_node *node;
    const fv_foreign_row *row;
    fv_site_room room; /* its site, for a batch of 1 */
} fv_writer;

/* FV_BAD_INPUT: "conv1 (conv): …". */
FV_MUST_USE fv_status fv__writer_refuse(const fv_writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The names of variables and layers; see names.c. */
FV_MUST_USE fv_status fv__writer_names(fv_writer *w);
/* A text as a name of Python's: what cannot stand in one becomes _. */
char *fv__python_name(fv_arena *arena, const char *text);

/* Of the layer at hand: an option, by its name; NULL: the operator has none of that name. */
const void *fv__writer_option(const fv_writer *w, const char *name, const fv_field **field);
/* Input i as the program knows it. */
const char *fv__writer_input(const fv_writer *w, int i);
/* A text with its {places} filled in. */
FV_MUST_USE fv_status fv__writer_fill(fv_writer *w, const char *text, fv_text *out);
/* An option's value in Python. */
FV_MUST_USE fv_status fv__writer_value(const fv_writer *w, const char *field, fv_text *out);
/* A real number in Python. */
void fv__writer_real(fv_text *out, double v);
/* 2 for maps, 1 otherwise. */
int fv__writer_spatial(const fv_writer *w);

/* The windows of the layer at hand (a conv or a pool; of convtranspose those of its convolution
   over the output); for a sequence the second alone counts. */
FV_MUST_USE fv_status fv__writer_windows(const fv_writer *w, fv_window win[2]);

/* The row of an operator, or of a variant of it; NULL: none. */
const fv_foreign_row *fv__writer_row(const fv_dialect *dialect, const char *op,
                                     const char *variant);
/* FV_BAD_INPUT: operators without a row, all of them by name; further inputs; constants. */
FV_MUST_USE fv_status fv__writer_check_operators(const fv_writer *w);
/* FV_BAD_INPUT: an option of the layer at hand that its row does not mention. */
FV_MUST_USE fv_status fv__writer_check_options(const fv_writer *w);

/* Where the wordings of a row's arguments meet: one argument cut out of `args`. */
typedef struct fv_foreign_arg {
    char theirs[48], ours[64]; /* ours with its @, ! or 1- */
    bool always;
    bool silent; /* ~ours */
} fv_foreign_arg;
/* The next one from *args, which moves on; false: no more. */
bool fv__foreign_arg(const char **args, fv_foreign_arg *out);

#endif
