/* SPDX-License-Identifier: MIT */
/*
 * row_list.h - ONNX's operators that need more than their descriptor's own mapping, one line each.
 *
 * FV_ONNX_ROW(op, since, name): nodes of `op` are taken by fv__onnx_take_NAME (onnx/rows_*.c) from
 * that opset on; of several lines the last that is not above the file's opset counts. An operator
 * without a line is the one whose descriptor says `.onnx = "Op"`: attributes are options by
 * fv_field.onnx, its parameters are the inputs behind its own.
 */
FV_ONNX_ROW(Conv, 1, conv)
FV_ONNX_ROW(MaxPool, 1, pool)
FV_ONNX_ROW(AveragePool, 1, pool)
FV_ONNX_ROW(BatchNormalization, 1, bn)
FV_ONNX_ROW(Gemm, 1, gemm)
FV_ONNX_ROW(Flatten, 1, flatten)
FV_ONNX_ROW(Dropout, 1, dropout)
FV_ONNX_ROW(Constant, 1, constant)
FV_ONNX_ROW(Softmax, 1, softmax)
