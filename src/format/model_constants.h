/* SPDX-License-Identifier: MIT */
/*
 * model_constants.h - the constants of a network that lie in the model's file beside its text.
 */
#ifndef FV_FORMAT_MODEL_CONSTANTS_H
#define FV_FORMAT_MODEL_CONSTANTS_H

#include "format/safetensors.h"
#include "lang/lang.h"

/* For the text in the file's metadata; the file must outlive it. */
fv_numbers fv__numbers_of(const fv_tensor_file *st);
/* What a file holds of a network's constants has to be the same: FV_BAD_INPUT. `used` has one flag
   per entry of the file. */
FV_MUST_USE fv_status fv__constants_compare(fv_context *ctx, const fv_graph *net,
                                            const fv_tensor_file *st, bool *used);
/* Those that the file has to hold, by net->source or, `printed`, by its text as printed anew; their
   number. With `list` NULL they are only counted. */
size_t fv__constants_list(const fv_graph *net, bool printed, fv_st_tensor *list);

#endif
