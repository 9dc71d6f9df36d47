/* SPDX-License-Identifier: MIT */
/*
 * weights.h - weights of files, of ours and of other programs, into models: matched by name, by
 * order or by a mapping file, and what came of it.
 */
#ifndef FV_FORMAT_WEIGHTS_H
#define FV_FORMAT_WEIGHTS_H

#include "base/name_table.h"
#include "format/model.h"

typedef struct fv_weight_options {
    fv_match match;
    const char *map;           /* a mapping file; NULL: none */
    uint64_t seed;             /* of the fresh weights of a bare model that only training has */
    fv_weight_report **report; /* NULL: not wanted */
} fv_weight_options;

/* Reads a file in whatever format, into a model of its network. Without a report, matching by order
   is told to the log. On failure the model stays as it was; FV_BAD_INPUT says what does not fit. */
FV_MUST_USE fv_status fv__weights_read(fv_context *ctx, fv_model *model, const char *path,
                                       const fv_weight_options *options);
FV_MUST_USE fv_status fv__model_load_weights(fv_context *ctx, fv_model *model, const char *path);

/* ------------------------------------------------------------------- of weights_*.c among them ---
 */

/* Which tensor goes where. */
typedef struct fv_weight_match {
    fv_context *ctx;
    fv_arena *arena;
    const fv_graph *net;
    const fv_tensor_file *file;
    const fv_tensor_entry **from; /* of each parameter; NULL: none */
    bool *used;                   /* of each entry: it has a place */
    bool *left_out;               /* of each entry: it is to have none */
    bool *fresh;                  /* of each parameter: it is to have no tensor */
    int mapped;
    bool bad_map; /* what is wrong is wrong with the mapping file */
    fv_match how;
    bool keras; /* its tensors lie as Keras has them */
} fv_weight_match;

/* By whichever way fits; its arrays are there and empty. */
FV_MUST_USE fv_status fv__weights_match(fv_weight_match *match, const fv_weight_options *options);
/* The same of a file of Keras' (weights_keras.c), by name or else by order; and the numbers of a
   parameter from one, as they lie here. */
FV_MUST_USE fv_status fv__weights_keras(fv_weight_match *match);
FV_MUST_USE fv_status fv__weights_turned(const fv_weight_match *match, int param, float *out);
/* A line of a mapping file for each tensor that has one: its parameter by name. FV_BAD_INPUT: a
   line that names nothing. `params` are the network's parameters by name. */
FV_MUST_USE fv_status fv__weights_map(fv_weight_match *match, const char *path,
                                      const fv_names *params);
/* The parameter of that name, or of what it is in PyTorch; -1: none. */
int fv__weights_param(const fv_names *params, const char *name);
/* The name without what wraps the network ("module."), or NULL: nothing does. */
const char *fv__weights_unwrap(const char *name);
/* Gives a tensor to a parameter; FV_BAD_INPUT when it has one. */
FV_MUST_USE fv_status fv__weights_give(fv_weight_match *match, int param, const fv_tensor_entry *e);
/* Whether a tensor of another shape holds the parameter's numbers in the same order: those of fc
   are those of the convolution that sees all of its input. */
bool fv__weights_reshapes(const fv_shape *from, const fv_shape *to);

#endif
