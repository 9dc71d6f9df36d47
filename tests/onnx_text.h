/* SPDX-License-Identifier: MIT */
/*
 * onnx_text.h - ONNX models out of a few lines of text, for tests. A line each:
 *
 *     opset 13
 *     in x N,2,4,4 [7]            an input, of dimensions and an element type (1: float32)
 *     weight w 3,2,3,3            float32 numbers of that shape
 *     ints shape 0,-1             an int64 vector; `floats`: a float32 one
 *     Conv x,w -> y pads=1,1,1,1  a node; attributes are lists with a comma in them, numbers,
 *                                 words, or value=@1,2 tensors (with a point: of float32)
 *     out y                       an output; without one, those of the last node
 */
#ifndef TEST_ONNX_TEXT_H
#define TEST_ONNX_TEXT_H

#include "wire.h"

/* The fields of ONNX's messages that these models have (onnx.proto). */
enum {
    ONNX_MODEL_GRAPH = 7,
    ONNX_GRAPH_NODE = 1,
    ONNX_NODE_ATTRIBUTE = 5,
    ONNX_ATTRIBUTE_GRAPH = 6
};

wire *onnx_text(fv_arena *arena, const char *text);
/* Lets a second model go on where the first ends: its names get `prefix` before them, its x is the
   value `from` of the first. */
void onnx_append(fv_arena *arena, wire *model, const char *text, const char *prefix,
                 const char *from);

#endif
