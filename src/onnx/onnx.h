/* SPDX-License-Identifier: MIT */
/*
 * onnx.h - networks and weights from ONNX files.
 *
 * Operators and their versions: the ONNX specification, opsets 1 and 6 to 17. The batch is the
 * first dimension of the first input where it is symbolic or 1, and every value computed from it
 * keeps it first.
 */
#ifndef FV_ONNX_ONNX_H
#define FV_ONNX_ONNX_H

#include "net/net.h"
#include "onnx/constant.h"

/* An input whose numbers are known while importing, by its name. */
typedef struct fv_onnx_given {
    const char *name;
    fv_constant constant;
} fv_onnx_given;

typedef struct fv_onnx_options {
    bool fixed; /* nothing is a batch: every dimension is what the file says */
    const fv_onnx_given *given;
    int given_count;
    const fv_input *input; /* the size of images where the file leaves it open, and how they become
                              the input; NULL: as the file says, and values as they are */
} fv_onnx_options;

/* A line of a file's metadata_props. */
typedef struct fv_onnx_note {
    const char *key, *value;
} fv_onnx_note;

/* What an input or output of the file is here. */
typedef struct fv_onnx_port {
    const char *name;
    int value;                   /* of the graph; -1: a constant */
    const fv_constant *constant; /* NULL: not one */
} fv_onnx_port;

typedef struct fv_onnx_import {
    fv_graph *graph; /* frozen */
    float *weights;  /* of all its parameters; from fv__alloc */
    fv_onnx_port *inputs, *outputs;
    int input_count, output_count;
    const fv_onnx_note *notes;
    int note_count;
    fv_arena arena; /* of names, constants and notes */
} fv_onnx_import;

/* Whether bytes look like an ONNX model. */
bool fv__onnx_recognise(const uint8_t *bytes, size_t size);
/* FV_BAD_INPUT: a damaged file; operators that there are not, all of them by name; a node that
   cannot be taken, with its name and why. FV_USAGE: built without ONNX. */
FV_MUST_USE fv_status fv__onnx_import(fv_context *ctx, const char *path,
                                      const fv_onnx_options *options, fv_onnx_import *out);
void fv__onnx_import_free(fv_onnx_import *import);
#ifdef FV_HAVE_ONNX
/* The same from bytes in memory; `name` is for messages, and its folder is where tensors lie that
   are files of their own. */
FV_MUST_USE fv_status fv__onnx_parse(fv_context *ctx, const char *name, const uint8_t *bytes,
                                     size_t size, const fv_onnx_options *options,
                                     fv_onnx_import *out);
#endif

#endif
