/* SPDX-License-Identifier: MIT */
/*
 * constant.h - a tensor that an ONNX file holds: weights, constants, and what is computed from them
 * while the file is read.
 */
#ifndef FV_ONNX_CONSTANT_H
#define FV_ONNX_CONSTANT_H

#include "base/field.h"
#include "onnx/message.h"
#include "tensor/tensor.h"

/* Dense elements of one of the types FV_F32, FV_I64, FV_I32, FV_U8, FV_I8, FV_BOOL8. */
typedef struct fv_constant {
    fv_dtype dtype;
    fv_shape shape; /* rank 0: a single number */
    const void *data;
} fv_constant;

/* A constant of that type and shape with its memory, zeros, from the arena; FV_BAD_INPUT when it
   has too many elements to be counted. */
FV_MUST_USE fv_status fv__constant_new(fv_context *ctx, fv_arena *arena, fv_dtype dtype,
                                       const fv_shape *shape, fv_constant *out);
/* Element i as a number. */
double fv__constant_get(const fv_constant *c, int64_t i);
int64_t fv__constant_int(const fv_constant *c, int64_t i);
void fv__constant_set(const fv_constant *c, int64_t i, double v);
/* Its elements as whole numbers: axes, shapes, pads; at most FV_LIST_MAX. False: too many, or none
   of a whole-number type. */
bool fv__constant_ints(const fv_constant *c, fv_ints *out);

#ifdef FV_HAVE_ONNX
/* What a TensorProto holds: half precision and double become float32. Numbers that lie in a file of
   their own are read from `folder`, the model's. FV_BAD_INPUT with the tensor's name: a type that
   is not read, a count that does not match its dimensions, a file that is not there or too short.
 */
FV_MUST_USE fv_status fv__constant_read(fv_context *ctx, fv_arena *arena, const char *folder,
                                        const Onnx__TensorProto *from, fv_constant *out);
/* ONNX's name of an element type, "uint16"; "type 99" is not one. */
const char *fv__onnx_type_name(int32_t data_type);
#endif

#endif
