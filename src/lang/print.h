/* SPDX-License-Identifier: MIT */
/*
 * print.h - what print.c, print_graph.c and print_constant.c share.
 */
#ifndef FV_LANG_PRINT_H
#define FV_LANG_PRINT_H

#include "lang/syntax.h"

/* A net is walked twice in the same order: first dry, to learn which values `from` will name, then
   writing. */
typedef struct fv_printer {
    fv_context *ctx;
    const fv_graph *net;
    const fv_recipe *recipe; /* NULL: none is written */
    fv_arena arena;
    fv_text *out;
    bool dry;
    bool beside;      /* a file beside the text holds what fv__constant_in_text does not want */
    size_t line;      /* where the current line starts in `out` */
    int *dominator;   /* of each value: the last value that all ways to it pass; -1: the input */
    int *depth;       /* of each value in the tree of dominators */
    bool *emitted;    /* values */
    bool *still;      /* values that nothing of the image is in */
    bool *referenced; /* values that some `from` names */
    int *stack;       /* values of the chains being written; each is at most once on it */
    size_t top;
    fv_names names;    /* taken so far, as the parser will see it */
    fv_names counters; /* operator -> automatic names so far */
} fv_printer;

FV_MUST_USE fv_status fv__print_analyse(fv_printer *p);
/* The chain from value `start` (-1: from nowhere) to value `end`; `indent` is the column of the
   dashes that continue it. */
FV_MUST_USE fv_status fv__print_chain(fv_printer *p, int start, int end, int indent, int depth);
/* A constant at the start of a chain, with its numbers and its name. */
FV_MUST_USE fv_status fv__print_constant(fv_printer *p, int value, int indent);
/* Takes a name, as the parser will. */
FV_MUST_USE fv_status fv__print_take(fv_printer *p, const char *name);
/* Is `name` the one the parser would give here to a layer of this word? Counts it if it is left to
   do so; with `label` it is not. */
FV_MUST_USE fv_status fv__print_automatic(fv_printer *p, const char *word, const char *name,
                                          bool label, bool *out);
void fv__print_put(fv_printer *p, const char *text);
void fv__print_label(fv_printer *p, const char *name);
void fv__print_newline(fv_printer *p, int indent);

#endif
