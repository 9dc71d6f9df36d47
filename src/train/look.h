/* SPDX-License-Identifier: MIT */
/*
 * look.h - what a network has learnt and what it makes of an image, drawn.
 */
#ifndef FV_TRAIN_LOOK_H
#define FV_TRAIN_LOOK_H

#include "format/model.h"
#include "view/view.h"

/* The first parameter that filters can be drawn of: a convolution's weight with a window larger
   than one pixel, or the weight of a fully connected layer that reads the image itself. -1: none.
 */
int fv__first_filters(const fv_net *net);

/* The filters of a convolution's weight: one image per output channel, in colour when it reads
   three channels, otherwise one per pair of channels (at most 16 inputs are shown). */
FV_MUST_USE fv_status fv__draw_filters(fv_context *ctx, const fv_model *model, int param,
                                       fv_canvas *out);

/* One image run through a network, every value kept. */
typedef struct fv_look fv_look;
/* `x`: one preprocessed image, C,H,W. */
FV_MUST_USE fv_status fv__look_new(fv_context *ctx, const fv_model *model, const float *x,
                                   fv_look **out);
void fv__look_free(fv_look *look);
/* Whether a node's output is worth an image: a convolution, pool, join or classifier. */
bool fv__look_worth(const fv_net *net, int node);
/* A node's output: maps as gray planes (at most `most` channels), a vector as bars of colour. */
FV_MUST_USE fv_status fv__look_draw(fv_context *ctx, const fv_look *look, int node, int64_t most,
                                    fv_canvas *out);
/* The main head's values for the image: probabilities where it ends in softmax. */
fv_tensor fv__look_output(const fv_look *look);

#endif
