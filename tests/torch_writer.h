/* SPDX-License-Identifier: MIT */
/*
 * torch_writer.h - PyTorch's files as torch.save writes them, in both forms, for tests.
 *
 * Bytes are gathered in an fv_text. A pickle may also be written by hand.
 */
#ifndef FV_TESTS_TORCH_WRITER_H
#define FV_TESTS_TORCH_WRITER_H

#include "base/text.h"

typedef struct torch_storage {
    const char *key;
    const void *data;
    size_t bytes;
    int64_t numbers;
} torch_storage;

typedef struct torch_tensor {
    const char *name;
    const char *type; /* "FloatStorage" */
    const torch_storage *storage;
    int64_t offset;
    int rank;
    int64_t dim[4], stride[4];
} torch_tensor;

/* A text, a whole number, and a tensor, as operations of a pickle. */
void torch_text(fv_text *out, const char *text);
void torch_whole(fv_text *out, int64_t value);
void torch_value(fv_text *out, const torch_tensor *t);
/* An OrderedDict of tensors with attributes, as a state dictionary is. */
void torch_dict(fv_text *out, const torch_tensor *t, int count);
/* The same, begun and ended as a pickle. */
void torch_pickle(fv_text *out, const torch_tensor *t, int count);

/* Files around a pickle. `wide`: with the numbers of ZIP64 alone. */
void torch_zip(fv_text *out, const fv_text *pickle, const torch_storage *storages, int count,
               bool wide);
void torch_legacy(fv_text *out, const fv_text *pickle, const torch_storage *storages, int count);

#endif
