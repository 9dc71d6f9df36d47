/* SPDX-License-Identifier: MIT */
/*
 * onnx_writer.h - small ONNX models, written call by call:
 *
 *     onnx_writer w;
 *     write_begin(&w, 6);
 *     write_input(&w, "x", 2, (int64_t[]){1, 3});
 *     write_node(&w, "Clip", "x", "y");
 *     write_float(&w, "min", 0);
 *     write_end(&w, "y", ctx, "clip.onnx");
 *
 * Names of inputs and outputs stand in one text, with spaces between them; "-" is one left out.
 * Attributes belong to the node before them. What does not fit ends the test.
 */
#ifndef FV_TESTS_ONNX_WRITER_H
#define FV_TESTS_ONNX_WRITER_H

#include "base/error.h"

#ifdef FV_HAVE_ONNX
#include <onnx/onnx.pb-c.h>

#define WRITER_MOST 16 /* nodes; weights; inputs; names and attributes of a node */

typedef struct onnx_writer {
    Onnx__ModelProto model;
    Onnx__GraphProto graph;
    Onnx__OperatorSetIdProto opset, *opsets[1];
    Onnx__NodeProto node[WRITER_MOST], *nodes[WRITER_MOST];
    Onnx__TensorProto weight[WRITER_MOST], *weights[WRITER_MOST];
    Onnx__ValueInfoProto input[WRITER_MOST], *inputs[WRITER_MOST], output[WRITER_MOST],
        *outputs[WRITER_MOST];
    size_t used;
    _Alignas(16) char pool[1 << 16]; /* of all that these point to */
} onnx_writer;

void write_begin(onnx_writer *w, int64_t opset);
/* A dimension of -1 is open. */
void write_input(onnx_writer *w, const char *name, int rank, const int64_t *dims);
void write_typed_input(onnx_writer *w, const char *name, int type, int rank, const int64_t *dims);
void write_weight(onnx_writer *w, const char *name, int rank, const int64_t *dims,
                  const float *numbers);
/* int64, a list; a count of -1: a single number */
void write_whole(onnx_writer *w, const char *name, int count, const int64_t *numbers);
void write_node(onnx_writer *w, const char *op, const char *inputs, const char *outputs);
void write_int(onnx_writer *w, const char *name, int64_t v);
void write_float(onnx_writer *w, const char *name, float v);
void write_word(onnx_writer *w, const char *name, const char *v);
void write_ints(onnx_writer *w, const char *name, int count, const int64_t *v);
void write_floats(onnx_writer *w, const char *name, int count, const float *v);
/* Into a file; `outputs` as those of a node. */
fv_status write_end(onnx_writer *w, const char *outputs, fv_context *ctx, const char *path);

#endif
#endif
