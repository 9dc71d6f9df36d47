/* SPDX-License-Identifier: MIT */
/*
 * dialect.h - how another library says what our operators say: a table of rows, one for each
 * operator, from which networks are printed as that library's program, its files are read, and the
 * page docs/from-keras-and-pytorch.md is made.
 *
 * A list of rows is a file of lines FV_FOREIGN_ROW(op, theirs, args, call):
 *
 *   op      our operator; "conv/depthwise" is a variant of it that has a class of its own
 *   theirs  the class of a layer, "nn.Conv{d}d"; "": none, `call` says all
 *   args    its arguments, "kernel_size:=kernel, stride=stride", each THEIRS=OURS where OURS is
 *             field     an option of the operator
 *             1-field   one minus it
 *             @name     what a function of the dialect computes; nothing where that is nothing
 *             !text     always that
 *           := is always written, = only where the option is not at its default. ~field is an
 *           option that there is no word for and that changes no result.
 *   call    how it stands in the program:
 *             {m}       the layer
 *             {0} {1}   its inputs; {*} all of them with commas; {j + } all of them with " + "
 *             {field}   an option's value; {@name} as above; {args} the arguments
 *             {d}       2 for maps, 1 for sequences and vectors
 *
 * An option that a row does not mention has to be at its default: nothing is left out silently.
 */
#ifndef FV_FOREIGN_DIALECT_H
#define FV_FOREIGN_DIALECT_H

#include "net/net.h"

typedef struct fv_foreign_row {
    const char *op, *theirs, *args, *call;
} fv_foreign_row;

struct fv_writer;

/* What is computed for a layer that is being written. Adds nothing where there is nothing to say.
 */
typedef struct fv_computed {
    const char *name;  /* "pad", which rows call @pad */
    const char *reads; /* the options that it takes care of: "pad ceil" */
    fv_status (*write)(struct fv_writer *w, fv_text *out);
} fv_computed;

typedef struct fv_dialect {
    const char *name;  /* "pytorch" */
    const char *title; /* "PyTorch" */
    const fv_foreign_row *rows;
    const fv_computed *computed;
    bool layers_apart;        /* layers are made first and called later by their names */
    bool channels_last;       /* maps are rows, columns, channels */
    const char *const *taken; /* names that mean something in the program; NULL-ended */
    /* Makes a constant of the graph, which is then called as the value's variable says; NULL:
       constants are refused. */
    fv_status (*constant)(struct fv_writer *w, const fv_value *value, const char *name);
    /* The variant of a node's operator, "depthwise"; NULL: none. */
    const char *(*variant)(const fv_node *node, const fv_site *site);
    /* The whole program around its lines: w->made and w->body. */
    void (*assemble)(const struct fv_writer *w, fv_text *out);
} fv_dialect;

extern const fv_dialect fv__pytorch, fv__keras;
/* Of that name, or NULL. */
const fv_dialect *fv__dialect_find(const char *name);

/* Wording number i of an operator there, "nn.Linear(in_features, out_features=outputs, bias)";
   false: there are no more. */
bool fv__foreign_words(const fv_dialect *dialect, const char *op, int i, fv_text *out);

/* The network in inference as a program of that library. FV_BAD_INPUT: operators that it has not,
   all of them by name; a layer with an option that it has not. */
FV_MUST_USE fv_status fv__foreign_print(fv_context *ctx, const fv_graph *net,
                                        const fv_dialect *dialect, fv_text *out);

#endif
