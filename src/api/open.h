/* SPDX-License-Identifier: MIT */
/*
 * open.h - what a word names: a network of the zoo, a text, a model file, the folder of a run.
 */
#ifndef FV_API_OPEN_H
#define FV_API_OPEN_H

#include "format/model.h"

/* The model that a folder of a training run holds, in the arena; otherwise the word itself. NULL:
   memory is refused. */
const char *fv__open_path(fv_arena *arena, const char *word);
/* Whether a word names a model file, by its end. */
bool fv__is_model_file(const char *word);
/* As fv_net_open. */
FV_MUST_USE fv_status fv__open_net(fv_context *ctx, const char *word, const char *settings,
                                   fv_net **out);
/* A handle over a graph and a recipe, which it takes over, on failure too. */
FV_MUST_USE fv_status fv__net_handle(fv_context *ctx, const fv_net *net, fv_net **out);
/* As fv_model_open. */
FV_MUST_USE fv_status fv__open_model(fv_context *ctx, const char *word,
                                     const fv_model_options *options, fv_model **out);

#endif
