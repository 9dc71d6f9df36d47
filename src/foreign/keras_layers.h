/* SPDX-License-Identifier: MIT */
/*
 * keras_layers.h - what the files share that read an architecture of Keras.
 */
#ifndef FV_FOREIGN_KERAS_LAYERS_H
#define FV_FOREIGN_KERAS_LAYERS_H

#include "base/name_table.h"
#include "foreign/keras.h"

#define FV_KERAS_INPUTS 64 /* most inputs of a layer */

typedef struct fv_keras_layer {
    const char *name, *class;
    const fv_json *config;
    const fv_json *calls; /* inbound_nodes */
    int own, depthwise;   /* nodes of our graph that have its parameters; -1: none yet */
    int *value;           /* of each call; below 0: not yet */
    int call_count;
} fv_keras_layer;

typedef struct fv_keras {
    fv_context *ctx;
    fv_arena arena;
    fv_graph *graph;
    fv_names names; /* layers by name */
    fv_keras_layer *layers;
    int layer_count, call_count;
} fv_keras;

/* FV_BAD_INPUT: "layer conv1 (Conv2D): …". */
FV_MUST_USE fv_status fv__keras_refuse(const fv_keras *k, const fv_keras_layer *layer,
                                       const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds what a layer does to our values in[0 … count), for its call of that number. */
FV_MUST_USE fv_status fv__keras_add(fv_keras *k, fv_keras_layer *layer, int call, const int *in,
                                    int count, int *value);

/* An option of `op` from a value of the config. */
FV_MUST_USE fv_status fv__keras_set(const fv_keras *k, const fv_keras_layer *layer, const fv_op *op,
                                    void *options, const char *field, const fv_json *value);
FV_MUST_USE fv_status fv__keras_set_text(const fv_keras *k, const fv_keras_layer *layer,
                                         const fv_op *op, void *options, const char *field,
                                         const char *text);

/* Options that rows compute when they write, the other way round: keras_options.c. `x` is what the
   layer reads. */
typedef struct fv_keras_option {
    const char *name; /* "pad", which rows call @pad */
    fv_status (*read)(const fv_keras *k, const fv_keras_layer *layer, const fv_op *op,
                      void *options, const fv_shape *x, const fv_json *value);
} fv_keras_option;
extern const fv_keras_option fv__keras_options[]; /* ended by name NULL */

#endif
