/* SPDX-License-Identifier: MIT */
/*
 * expand.h - what expand.c and expand_atom.c share: the state of writing a tree out as a net.
 */
#ifndef FV_LANG_EXPAND_H
#define FV_LANG_EXPAND_H

#include "lang/syntax.h"

/* Where the expander is: the net itself, or a block's call, or a round of a repetition. A list on
   the C stack, innermost first; it is what "in block basic(64), called at 9:5" is read from. */
typedef struct fv_scope {
    const struct fv_scope *outer;
    const fv_block *block; /* NULL: the net, or a repetition */
    fv_location location;  /* of the call, of the repeated group */
    int round, rounds;     /* of a repetition, from 1; 0: none */
    const char *prefix;    /* "" or "stage2.basic1." */
    const double *values;  /* of the block's parameters */
    int depth, blocks;     /* how deep */
} fv_scope;

typedef struct fv_expander {
    const fv_source *source;
    fv_arena *arena; /* of the tree; goes when parsing is done */
    const fv_program *program;
    fv_graph *net;
    fv_recipe *recipe;
    double values[FV_PARAMS_MAX]; /* of the net's parameters */
    fv_names names;               /* every name taken so far, with its blocks -> its value */
    fv_names counters;            /* "basic1.conv" -> how many had that as an automatic name */
    void *options;                /* room for the options of any operator */
    bool training;                /* in a head that only training has */
    int64_t fuel;
} fv_expander;

fv_env fv__expander_env(fv_expander *x, const fv_scope *scope, int flow);
/* From value `in` through a chain to value *out. */
FV_MUST_USE fv_status fv__expand_chain(fv_expander *x, const fv_scope *scope, const fv_chain *chain,
                                       int in, int *out);
/* Adds "in block …" lines to the message that is there; returns its status. */
fv_status fv__expand_trace(fv_expander *x, const fv_scope *scope);

#endif
