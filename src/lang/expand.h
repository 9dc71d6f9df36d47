/* SPDX-License-Identifier: MIT */
/*
 * expand.h - what the files that write a tree out as a net share: the state they have.
 *
 *   expand.c        parameters and settings, the input, heads, the recipe
 *   expand_atom.c   chains: layers, joins, calls, conditions, repetitions
 *   expand_constant.c  constants
 *   expand_names.c  what layers and values are called, now and in version 0.1.0
 *   expand_share.c  parameters that several layers have
 */
#ifndef FV_LANG_EXPAND_H
#define FV_LANG_EXPAND_H

#include "lang/syntax.h"

/* Where the expander is: the net itself, or a block's call, or a round of a repetition. A list on
   the C stack, innermost first; it is what "in block basic(64), called at 9:5" is read from. */
typedef struct fv_scope {
    const struct fv_scope *outer;
    const fv_block *block;  /* NULL: the net, or a repetition */
    fv_location location;   /* of the call, of the repeated group */
    int round, rounds;      /* of a repetition, from 1; 0: none */
    const char *prefix;     /* "" or "stage2.basic1." */
    const char *old_prefix; /* the same in version 0.1.0 */
    const double *values;   /* of the block's parameters */
    int depth, blocks;      /* how deep */
} fv_scope;

/* One way of giving names. */
typedef struct fv_namer {
    fv_names names;    /* every name taken so far, with its blocks -> its value */
    fv_names counters; /* "basic1.conv" -> how many had that as an automatic name */
} fv_namer;

/* Parameters under a name that is no layer's yet. */
typedef struct fv_shared {
    const char *name;     /* with the blocks before it */
    fv_location location; /* where it was first said */
    int node;             /* the first that uses them */
    struct fv_shared *next;
} fv_shared;

typedef struct fv_expander {
    const fv_source *source;
    fv_arena *arena; /* of the tree; goes when parsing is done */
    const fv_program *program;
    const fv_numbers *numbers; /* of constants that the text names only; NULL: there are none */
    fv_graph *net;
    fv_recipe *recipe;
    double values[FV_PARAMS_MAX]; /* of the net's parameters */
    fv_namer now;
    fv_namer old;         /* as version 0.1.0 named, whose files still load */
    bool renamed;         /* the two may differ */
    fv_names call_labels; /* labels of blocks' calls, without their blocks */
    fv_shared *shared;
    void *options; /* room for the options of any operator */
    bool training; /* in a head that only training has */
    int64_t fuel;
} fv_expander;

fv_env fv__expander_env(fv_expander *x, const fv_scope *scope, int flow);
/* From value `in` through a chain to value *out. */
FV_MUST_USE fv_status fv__expand_chain(fv_expander *x, const fv_scope *scope, const fv_chain *chain,
                                       int in, int *out);
/* Adds "in block …" lines to the message that is there; returns its status. */
fv_status fv__expand_trace(fv_expander *x, const fv_scope *scope);
/* Adds "channels come first" to it where the input looks as if they stood last. */
void fv__expand_note_order(fv_expander *x, const fv_input *input);

/* A constant of the text: *out is its value. */
FV_MUST_USE fv_status fv__expand_constant(fv_expander *x, const fv_scope *scope,
                                          const fv_element *e, int *out);

/* Both ways of naming, empty. */
FV_MUST_USE fv_status fv__expand_start_names(fv_expander *x);
void fv__expand_free_names(fv_expander *x);
/* The name of a layer about to be added: its label, or an automatic one. *old (NULL: the same) is
   what version 0.1.0 would have called it. */
FV_MUST_USE fv_status fv__expand_name_layer(fv_expander *x, const fv_scope *scope,
                                            const fv_element *e, const char **name,
                                            const char **old);
/* Its outputs beyond the first: NAME.2, NAME.3 … */
FV_MUST_USE fv_status fv__expand_name_outputs(fv_expander *x, const fv_scope *scope,
                                              const fv_element *e, const fv_node *node);
/* What stands before the names within a block's call: into inner->prefix and old_prefix. */
FV_MUST_USE fv_status fv__expand_name_call(fv_expander *x, const fv_scope *scope,
                                           const fv_element *e, fv_scope *inner);
/* A label on a group, a block's call, a condition: names the value that flows out. */
FV_MUST_USE fv_status fv__expand_label_value(fv_expander *x, const fv_scope *scope,
                                             const fv_element *e, int value);
/* A label with its blocks before it, as a name of its own. */
FV_MUST_USE fv_status fv__expand_full_name(fv_expander *x, const fv_scope *scope, const char *name,
                                           fv_location location, const char **out);
/* The value of a label: in the block's own surroundings first, then outward; -1: there is none. */
int fv__expand_find(const fv_expander *x, const fv_scope *scope, const char *label);
/* from LABEL */
FV_MUST_USE fv_status fv__expand_from(fv_expander *x, const fv_scope *scope, const fv_element *e,
                                      int *out);

/* Which parameters a layer about to be added has: spec->param and param_name, from `share` or from
   those who named it there before. `param` has FV_OP_PARAMS entries. */
FV_MUST_USE fv_status fv__expand_share(fv_expander *x, const fv_scope *scope, const fv_element *e,
                                       fv_node_spec *spec, int *param);
/* The layer that was added shares all of them. */
FV_MUST_USE fv_status fv__expand_check_share(fv_expander *x, const fv_scope *scope,
                                             const fv_element *e, const fv_node_spec *spec);
/* Nobody shares with itself alone. */
FV_MUST_USE fv_status fv__expand_check_shared(fv_expander *x);

#endif
