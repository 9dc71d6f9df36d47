/* SPDX-License-Identifier: MIT */
/*
 * open_model.h - from a word to a network or a model, whatever the word is.
 *
 * A word is a name of the zoo, the path of a file in one of the formats, or the folder of a
 * training run, which stands for the model in it: the one at the end or, while the run goes on, the
 * best.
 */
#ifndef FV_FORMAT_OPEN_MODEL_H
#define FV_FORMAT_OPEN_MODEL_H

#include "format/format.h"
#include "format/weights.h"

typedef struct fv_open_options {
    const fv_setting *settings; /* values for the parameters of a network's text */
    size_t setting_count;
    const char *weights;     /* a file whose weights the network gets; NULL: its own */
    fv_weight_options match; /* how */
    const char *input;   /* the words of an input line, in place of the network's; NULL: its own */
    const char *classes; /* a file of the classes' names; NULL: the model's own */
    uint64_t seed;       /* of fresh weights */
    bool fresh;          /* a network without weights gets fresh ones; otherwise that is an error */
} fv_open_options;

/* The network of a word. With options->weights these are read too, to see that they belong to it.
 */
FV_MUST_USE fv_status fv__net_open(fv_context *ctx, const char *word,
                                   const fv_open_options *options, fv_net *out);

/* A model: of a file of weights and their network; or of a network and options->weights; or, if
   `fresh`, with new ones. FV_BAD_INPUT says what else the word is, or which weight is no number. */
FV_MUST_USE fv_status fv__model_open(fv_context *ctx, const char *word,
                                     const fv_open_options *options, fv_model **out);

/* The file of the weights that a word brings along, copied into the arena: that of a model, or in a
   training run's folder. NULL: it brings none. */
FV_MUST_USE fv_status fv__word_weights(fv_context *ctx, fv_arena *arena, const char *word,
                                       const char **out);
/* A file of weights and nothing else, such as those of other programs, for looking at: *found tells
   whether the word is one. `file` is to be closed then. */
FV_MUST_USE fv_status fv__weights_open(fv_context *ctx, const char *word, fv_tensor_file *file,
                                       bool *found);

#endif
