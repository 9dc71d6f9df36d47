/* SPDX-License-Identifier: MIT */
/*
 * safetensors.h - the model file: 8 bytes little-endian length, a JSON header, the tensors' bytes.
 * https://github.com/huggingface/safetensors. Names, dtypes, shapes, offsets; metadata is a flat
 * map of texts.
 */
#ifndef FV_FORMAT_SAFETENSORS_H
#define FV_FORMAT_SAFETENSORS_H

#include "format/tensor_file.h"

/* FV_BAD_INPUT for whatever lies: a header longer than the file, overlapping or short ranges,
   shapes that do not match the bytes, holes, doubled names. On failure nothing is left to close. */
FV_MUST_USE fv_status fv__safetensors_open(fv_context *ctx, const char *path, fv_tensor_file *out);
/* The same from bytes in memory, which must outlive it; `name` is for messages. */
FV_MUST_USE fv_status fv__safetensors_parse(fv_context *ctx, const char *name, const void *data,
                                            size_t size, fv_tensor_file *out);

/* What is to be written; the same input gives the same bytes. */
typedef struct fv_st_tensor {
    const char *name;
    fv_shape shape;
    const void *data;
    fv_dtype dtype; /* F32 unless something else is said */
} fv_st_tensor;
/* What a type is called in files: "F32", "BOOL". */
const char *fv__st_type(fv_dtype dtype);
typedef struct fv_st_meta {
    const char *name, *value;
} fv_st_meta;
/* Atomic. Tensors and metadata in the order given. FV_USAGE: doubled names, texts that are not
   UTF-8. */
FV_MUST_USE fv_status fv__safetensors_write(fv_context *ctx, const char *path,
                                            const fv_st_tensor *tensors, size_t count,
                                            const fv_st_meta *metadata, size_t metadata_count);

#endif
