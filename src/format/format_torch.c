/* SPDX-License-Identifier: MIT */
/*
 * format_torch.c - PyTorch's state dictionaries: weights without a network.
 */
#include "format/format.h"
#include "format/torch_file.h"

const fv_format fv__format_torch = {
    .name = "torch",
    .extension = ".pth",
    .what = "a PyTorch state dictionary, .pt, .th and .bin likewise",
    .help = "read only",
    .recognise = fv__torch_recognise,
    .read_tensors = fv__torch_open,
};
