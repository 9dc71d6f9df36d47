/* SPDX-License-Identifier: MIT */
/*
 * torch_file.h - PyTorch's files of tensors, what torch.save writes of a state dictionary: .pth,
 * .pt, .th, .bin. Nothing in them is run.
 *
 * Both forms are read: since 1.6 a ZIP archive with a pickle and one file for each storage, before
 * that pickles one after the other and the storages behind them. Of a checkpoint the dictionary
 * under "state_dict" (or "model" and the like) is taken, of others all tensors; names of
 * dictionaries within dictionaries are joined with dots.
 */
#ifndef FV_FORMAT_TORCH_FILE_H
#define FV_FORMAT_TORCH_FILE_H

#include "format/tensor_file.h"

/* By its first bytes. */
bool fv__torch_recognise(const uint8_t *data, size_t size);
/* Entries in the order of the dictionary. FV_BAD_INPUT for whatever lies, and for files that hold
   more than tensors. On failure nothing is left to close. */
FV_MUST_USE fv_status fv__torch_open(fv_context *ctx, const char *path, fv_tensor_file *out);
/* The same from bytes in memory, which must outlive it; `name` is for messages. */
FV_MUST_USE fv_status fv__torch_parse(fv_context *ctx, const char *name, const void *data,
                                      size_t size, fv_tensor_file *out);

#endif
