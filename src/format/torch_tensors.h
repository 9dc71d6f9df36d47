/* SPDX-License-Identifier: MIT */
/*
 * torch_tensors.h - from PyTorch's pickles to tensors: which names they may use, what lies outside
 * of them, and the tensors among their values.
 */
#ifndef FV_FORMAT_TORCH_TENSORS_H
#define FV_FORMAT_TORCH_TENSORS_H

#include "format/pickle.h"
#include "format/tensor_file.h"

/* Numbers of one type in the file; tensors are views of them. */
typedef struct fv_torch_storage {
    const char *key; /* `length` bytes, not ended by 0 */
    size_t length;
    const fv_file_type *type;
    uint64_t count;      /* numbers */
    const uint8_t *data; /* NULL: not found yet */
} fv_torch_storage;

/* The names that PyTorch's pickles may use. */
extern const fv_pickle_global fv__torch_names[];

/* What a PERSISTENT says of its storage: key, type and count. FV_BAD_INPUT: it is none. */
FV_MUST_USE fv_status fv__torch_storage_of(fv_context *ctx, const fv_pickle_list *persistent,
                                           fv_torch_storage *out);
/* A legacy file's storage may be a piece of another: cuts `storage`, which has data, to it. */
FV_MUST_USE fv_status fv__torch_storage_cut(fv_context *ctx, const fv_pickle_list *persistent,
                                            fv_torch_storage *storage);
/* The tensors of a value whose PERSISTENTs have found their fv_torch_storage, into out->entries.
   `size`: of the file. */
FV_MUST_USE fv_status fv__torch_tensors(fv_context *ctx, const fv_pickle_value *root, size_t size,
                                        fv_tensor_file *out);

#endif
