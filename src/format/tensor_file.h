/* SPDX-License-Identifier: MIT */
/*
 * tensor_file.h - a file of named tensors, whatever its format: what every reader of weights fills
 * and everyone who wants weights looks at.
 */
#ifndef FV_FORMAT_TENSOR_FILE_H
#define FV_FORMAT_TENSOR_FILE_H

#include "base/file.h"
#include "base/floats.h"
#include "base/json.h"
#include "tensor/tensor.h"

typedef struct fv_tensor_entry {
    const char *name;
    const fv_file_type *type;
    fv_shape shape;      /* rank 0: a single number */
    const uint8_t *data; /* into the file; little-endian, not aligned */
    size_t bytes;        /* of all its numbers, one after the other */
    bool strided;        /* they do not lie one after the other; then, in numbers, */
    int64_t
        stride[FV_RANK_MAX]; /* how far apart the neighbours along a dimension are, 0 and more */
} fv_tensor_entry;

typedef struct fv_tensor_file {
    fv_arena arena;
    fv_bytes file;            /* empty when it was read from memory */
    fv_tensor_entry *entries; /* in the order of the file */
    size_t count;
    const fv_tensor_entry **by_name; /* the same, sorted by name */
    const fv_json *metadata;         /* object of strings, or NULL */
} fv_tensor_file;

/* Fills by_name; FV_BAD_INPUT when two have one name. For readers, once the entries are there. */
FV_MUST_USE fv_status fv__tensor_file_sort(fv_context *ctx, fv_tensor_file *file);
void fv__tensor_file_close(fv_tensor_file *file);
const fv_tensor_entry *fv__tensor_file_find(const fv_tensor_file *file, const char *name);
/* Copies an entry to float32, dense (from F64, F32, F16 or BF16); FV_BAD_INPUT for other types. No
   entry has more numbers than its file has bytes. */
FV_MUST_USE fv_status fv__tensor_file_floats(fv_context *ctx, const fv_tensor_entry *e, float *out);

#endif
