/* SPDX-License-Identifier: MIT */
/*
 * builder.h - a network built by calls instead of text.
 *
 *     fv_builder *b;
 *     status = fv_builder_new(ctx, "small", "3x32x32 scale 1/255", &b);
 *     int x = fv_builder_then(b, 0, "conv", "16 3x3 pad 1");
 *     int y = fv_builder_then(b, fv_builder_then(b, x, "relu", NULL), "conv", "16 3x3 pad 1");
 *     int z = fv_builder_add(b, NULL, "add", NULL, 2, (int[]){x, y});
 *     …
 *     fv_builder_head(b, NULL, scores, NULL, 1, 0);
 *     status = fv_builder_finish(b, &net);
 *
 * Values are numbers; the input is 0. A call that fails gives -1, and so do all after it:
 * fv_builder_finish() says what was wrong with the first.
 */
#ifndef FOVEA_BUILDER_H
#define FOVEA_BUILDER_H

#include "common.h"

FV_BEGIN

typedef struct fv_builder fv_builder;

/* Begins a network. `input` is what stands behind `input` in a text: its shape, and how an image
   becomes it. FV_BAD_INPUT: an input that does not parse. */
FV_MUST_USE FV_API fv_status fv_builder_new(fv_context *ctx, const char *name, const char *input,
                                            fv_builder **out);
/* Of one that is not to be finished. NULL is allowed. */
FV_API void fv_builder_free(fv_builder *builder);

/* Adds a layer: `op` and `options` as in a text ("conv", "64 3x3 pad 1"; NULL: none), reading the
   values in[0 … inputs-1]. `name` NULL: numbered, "conv1". Returns its value, or its first one. */
FV_API int fv_builder_add(fv_builder *builder, const char *name, const char *op,
                          const char *options, int inputs, const int *in);
/* The same for one input and a numbered name. */
FV_API int fv_builder_then(fv_builder *builder, int value, const char *op, const char *options);
/* Adds a layer like the one that made `like`: the same operator and options, and the same
   parameters, which get the sum of both gradients. */
FV_API int fv_builder_add_sharing(fv_builder *builder, const char *name, int like, int inputs,
                                  const int *in);
/* Output i of the layer that made `value`, for layers with several; 0 is `value` itself. */
FV_API int fv_builder_output(fv_builder *builder, int value, int i);
/* A value that is the same for all samples: `dims` without a batch, `data` its numbers, dense,
   copied. */
FV_API int fv_builder_constant(fv_builder *builder, const char *name, fv_dtype dtype, int rank,
                               const int64_t *dims, const void *data);

/* The shape of a value for one sample, outermost first, and the number of dimensions as the result;
   0 when there is no such value. */
FV_API int fv_builder_dims(const fv_builder *builder, int value, int64_t dims[FV_DIMS_MAX]);

/* Makes a value an output. The first is the main one: it is called "output" (`name` NULL), always
   there, and its loss has the weight 1; further ones have names of their own. `loss` is a layer
   that compares, with options: "crossentropy", "crossentropy ignore 255"; NULL: as the recipe says.
   It says what target training needs for this head. `weight` is that of its loss in the sum.
   `training`: the head is there in training only. Returns 0, or -1 on failure. */
FV_API int fv_builder_head(fv_builder *builder, const char *name, int value, const char *loss,
                           double weight, int training);
/* Settings of the recipe, "optimizer=adam lr=0.001". Returns 0, or -1 on failure. */
FV_API int fv_builder_train(fv_builder *builder, const char *settings);

/* Ends it and gives the network; the builder is gone, on failure too. Errors are those of the first
   call that failed. FV_USAGE: no head, or a layer that leads to none. */
FV_MUST_USE FV_API fv_status fv_builder_finish(fv_builder *builder, fv_net **out);

FV_END
#endif
