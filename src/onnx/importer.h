/* SPDX-License-Identifier: MIT */
/*
 * importer.h - what the files that turn an ONNX graph into ours share.
 *
 * Every name of the ONNX graph stands for an entry: a constant, a value of our graph, or both (an
 * input whose numbers are given). Nodes are taken in their order. What an operator's row does not
 * do itself is done by its descriptor: attributes become options by fv_field.onnx, the first inputs
 * are its inputs, those behind them its parameters.
 */
#ifndef FV_ONNX_IMPORTER_H
#define FV_ONNX_IMPORTER_H

#include "base/name_table.h"
#include "net/net.h"
#include "onnx/constant.h"
#include "onnx/onnx.h"

#ifdef FV_HAVE_ONNX

#define FV_ONNX_INPUTS 64 /* most inputs of a node that is not a join */

/* What is made of a file of so many bytes takes no more memory than this, constants and weights
   each. What its tensors read from other files counts as its own. */
#define FV_ONNX_ALLOWANCE(bytes) (((size_t)64 << 20) + 16 * (bytes))

/* What a name stands for. */
typedef struct fv_entry {
    const char *name;
    int value;  /* of our graph; -1: none yet */
    bool known; /* `constant` holds its numbers */
    bool given; /* an input of the file whose numbers were given: both */
    fv_constant constant;
    int batch_at;    /* the batch is this dimension in the file; ours is the first (turned.c) */
    fv_shape turned; /* and where that is not 0, the shape as the file has it */
} fv_entry;

/* Where a parameter of our graph gets its numbers. */
typedef struct fv_param_source {
    int param;
    fv_constant constant;
} fv_param_source;

typedef struct fv_importer {
    fv_context *ctx;
    fv_arena arena; /* of everything that is needed while importing */
    const char *folder;
    const Onnx__ModelProto *model;
    int64_t opset;
    bool fixed;         /* no dimension is a batch */
    bool mapped;        /* the bytes are a mapped file's */
    const bool *needed; /* of each node of the file: its outputs are computed from it */
    fv_graph *graph;
    fv_names names, taken; /* ONNX names to entries; names of our nodes */
    fv_entry **entries;
    size_t entry_count, entry_capacity;
    fv_param_source *sources;
    size_t source_count, source_capacity;
    size_t bytes; /* of the file and the tensors it names */
    double work;  /* how much may still be computed while reading */
} fv_importer;

/* One node while it is taken. */
typedef struct fv_onnx_node {
    fv_importer *im;
    const Onnx__NodeProto *proto;
    const char *name;             /* for messages: its name or its first output's */
    int inputs;                   /* trailing ones that are left out do not count */
    fv_entry *in[FV_ONNX_INPUTS]; /* NULL: left out */
    uint64_t read;                /* attributes that were asked for */
} fv_onnx_node;

/* FV_BAD_INPUT: "node conv1 (Conv): ..." */
FV_MUST_USE fv_status fv__onnx_refuse(const fv_onnx_node *n, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Attributes. What is absent is `otherwise`, or count 0; what has another type is refused. */
FV_MUST_USE fv_status fv__onnx_int(fv_onnx_node *n, const char *name, int64_t otherwise,
                                   int64_t *out);
FV_MUST_USE fv_status fv__onnx_real(fv_onnx_node *n, const char *name, double otherwise,
                                    double *out);
FV_MUST_USE fv_status fv__onnx_ints(fv_onnx_node *n, const char *name, fv_ints *out);
FV_MUST_USE fv_status fv__onnx_word(fv_onnx_node *n, const char *name, const char *otherwise,
                                    char out[FV_WORD_MAX]);
const Onnx__AttributeProto *fv__onnx_attribute(fv_onnx_node *n, const char *name);
/* Refuses what nobody asked for: it would change the result. */
FV_MUST_USE fv_status fv__onnx_all_read(const fv_onnx_node *n);

/* Options of an operator, from their defaults on. */
typedef struct fv_onnx_made {
    const fv_op *op;
    union {
        double align;
        char bytes[1024 + sizeof(fv_long_ints)];
    } data;
} fv_onnx_made;
/* The descriptor of that name with its options as they are by default; the same with what
   attributes say by fv_field.onnx. */
FV_MUST_USE fv_status fv__onnx_plain(fv_onnx_node *n, const char *op, fv_onnx_made *out);
FV_MUST_USE fv_status fv__onnx_make(fv_onnx_node *n, const char *op, fv_onnx_made *out);
/* Of our operator that has the node's ONNX name. */
FV_MUST_USE fv_status fv__onnx_own(fv_onnx_node *n, fv_onnx_made *out);
/* Sets one of them; the field's own sentence, with the node before it, when it may not be so. */
FV_MUST_USE fv_status fv__onnx_set_arg(fv_onnx_node *n, fv_onnx_made *o, const char *field,
                                       const fv_arg *arg);
FV_MUST_USE fv_status fv__onnx_set(fv_onnx_node *n, fv_onnx_made *o, const char *field, double v);
FV_MUST_USE fv_status fv__onnx_set_ints(fv_onnx_node *n, fv_onnx_made *o, const char *field,
                                        const fv_ints *v, bool cross);
FV_MUST_USE fv_status fv__onnx_set_word(fv_onnx_node *n, fv_onnx_made *o, const char *field,
                                        const char *word);

/* Input i, if it is there, as an option: a number or a list of them. */
FV_MUST_USE fv_status fv__onnx_set_known(fv_onnx_node *n, fv_onnx_made *o, const char *field,
                                         int i);

/* The numbers of input i, which must be known while importing: a shape, an axis, a weight. */
FV_MUST_USE fv_status fv__onnx_known(const fv_onnx_node *n, int i, const char *what,
                                     const fv_constant **out);
/* Whether input i is there. */
static inline bool fv__onnx_has(const fv_onnx_node *n, int i) {
    return i < n->inputs && n->in[i];
}

/* Adds the operator: its inputs are inputs in[0 … count) of the node (constants become constants of
   our graph), its parameters `params`, in the order of its site; its outputs get the node's names.
   Where all inputs are known and there are no parameters it is computed at once. */
FV_MUST_USE fv_status fv__onnx_add(fv_onnx_node *n, const fv_onnx_made *o, const int *in, int count,
                                   const fv_constant *const *params, int param_count);
/* The same for entries that are not the node's own inputs, with outputs into `out` instead. */
FV_MUST_USE fv_status fv__onnx_add_to(fv_onnx_node *n, const fv_onnx_made *o, fv_entry *const *in,
                                      int count, const fv_constant *const *params, int param_count,
                                      fv_entry *const *out, int outputs);
/* A constant of zeros in the importer's memory, which has a limit: see FV_ONNX_ALLOWANCE. */
FV_MUST_USE fv_status fv__onnx_new(const fv_onnx_node *n, fv_dtype dtype, const fv_shape *shape,
                                   fv_constant *out);
/* Computed at once, from inputs that are all known. */
FV_MUST_USE fv_status fv__onnx_compute(fv_onnx_node *n, const fv_onnx_made *o, fv_entry *const *in,
                                       int count, fv_entry *const *out, int outputs);
/* An entry without a name of the file's, for what lies between two operators of one node. */
FV_MUST_USE fv_status fv__onnx_between(fv_onnx_node *n, fv_entry **out);
/* The entry of output i; NULL: left out, and nobody reads it. */
FV_MUST_USE fv_status fv__onnx_output(fv_onnx_node *n, int i, fv_entry **out);

/* A matrix whose rows and columns have changed places. */
FV_MUST_USE fv_status fv__onnx_transposed(const fv_onnx_node *n, const fv_constant *from,
                                          fv_constant *out);

/* A value of our graph for an entry; a constant becomes one. */
FV_MUST_USE fv_status fv__onnx_value(fv_onnx_node *n, fv_entry *e, int *value);
/* Shape of an entry as the file has it, of no dimensions for NULL, an input that is left out;
   batched: dim[0] is 1 and stands for the batch. */
const fv_shape *fv__onnx_shape(const fv_importer *im, const fv_entry *e, bool *batched);

/* Translates an operator's options where a value's batch is not the first dimension in the file;
   batch_at: where it is in its outputs. And notes that of an entry with a value. */
FV_MUST_USE fv_status fv__onnx_turn(fv_onnx_node *n, fv_onnx_made *o, fv_entry *const *in,
                                    int count, int *batch_at);
void fv__onnx_turned(const fv_importer *im, fv_entry *e, int batch_at);

/* The image and further inputs, of which the names of initializers are none. */
FV_MUST_USE fv_status fv__onnx_read_inputs(fv_importer *im, const fv_onnx_options *options);

/* The entry of a name, NULL: there is none; a new one, which must not be there yet. */
fv_entry *fv__importer_find(const fv_importer *im, const char *name);
FV_MUST_USE fv_status fv__importer_name(fv_importer *im, const char *name, fv_entry **out);

/* The size of the image, the input `name`, as stated in *shape (-1: left open) and as `given`
   (NULL: nothing is); FV_BAD_INPUT when they contradict each other, or neither says it. */
FV_MUST_USE fv_status fv__importer_size(fv_importer *im, const char *name, const fv_input *given,
                                        fv_shape *shape);
/* Fills im->needed. */
FV_MUST_USE fv_status fv__importer_needed(fv_importer *im);

/* A row: how a node of one operator is taken, from an opset on. */
typedef fv_status fv_onnx_row_fn(fv_onnx_node *n);
typedef struct fv_onnx_row {
    const char *op;
    int64_t since;
    fv_onnx_row_fn *take;
} fv_onnx_row;
#define FV_ONNX_ROW(op, since, name) fv_status fv__onnx_take_##name(fv_onnx_node *n);
#include "onnx/row_list.h"
#undef FV_ONNX_ROW

#endif
#endif
