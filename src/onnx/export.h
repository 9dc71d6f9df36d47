/* SPDX-License-Identifier: MIT */
/*
 * export.h - a network with its weights as an ONNX file.
 */
#ifndef FV_ONNX_EXPORT_H
#define FV_ONNX_EXPORT_H

#include "net/net.h"
#include "onnx/onnx.h"

#define FV_ONNX_OPSET_FIRST 7
#define FV_ONNX_OPSET_LAST  17
#define FV_ONNX_OPSET       13 /* unless told otherwise, or the operators are younger */

typedef struct fv_onnx_export_options {
    int64_t opset; /* 0: FV_ONNX_OPSET, or as much more as an operator needs */
    bool logits;   /* a softmax at the end of an output is left out */
    const fv_onnx_note *notes;
    int note_count;
} fv_onnx_export_options;

/* Writes the heads that inference has, over a batch of any size; the file is complete or not there
   at all. The weights are those of the net's block. FV_BAD_INPUT: layers that ONNX has nothing for,
   all of them by name; an option without a counterpart; more than 2 GB. FV_USAGE: an opset that is
   not written, or too early for an operator; built without ONNX. */
FV_MUST_USE fv_status fv__onnx_export(fv_context *ctx, const fv_graph *net, const float *weights,
                                      const fv_onnx_export_options *options, const char *path);

#endif
