/* SPDX-License-Identifier: MIT */
/*
 * torch.h - what torch.c and torch_moves.c share: computed parts of a call, see fv_computed.
 */
#ifndef FV_FOREIGN_TORCH_H
#define FV_FOREIGN_TORCH_H

#include "foreign/writer.h"

FV_MUST_USE fv_status fv__torch_slice(fv_writer *w, fv_text *out); /* ":, 1:3, ::2" */
FV_MUST_USE fv_status fv__torch_crop(fv_writer *w, fv_text *out);
/* "(1, 2, 0, 1), mode="reflect"": from the last dimension on, as F.pad counts */
FV_MUST_USE fv_status fv__torch_pads(fv_writer *w, fv_text *out);

#endif
