/* SPDX-License-Identifier: MIT */
/*
 * format_list.h - every file format, one line each: a descriptor fv__format_NAME in
 * format/format_NAME.c. An X-macro list, without include guard: define FV_FORMAT, include,
 * undefine. A file whose name does not tell is shown to them in this order.
 */
FV_FORMAT(net_text)
FV_FORMAT(safetensors)
FV_FORMAT(onnx)
FV_FORMAT(keras)
FV_FORMAT(torch)
