/* SPDX-License-Identifier: MIT */
/*
 * feature_images.h - what a network has learnt and what it makes of a image, drawn.
 */
#ifndef FV_LOOK_FEATURE_IMAGES_H
#define FV_LOOK_FEATURE_IMAGES_H

#include "format/model.h"
#include "view/view.h"

/* The first parameter that filters can be drawn of: a convolution's weight with a window larger
   than one pixel, or the weight of a fully connected layer that reads the image itself. -1: none.
 */
int fv__first_filters(const fv_graph *net);

/* The filters of a convolution's weight: one image per output channel, in colour when it reads
   three channels, otherwise one per pair of channels (at most 16 inputs are shown). */
FV_MUST_USE fv_status fv__draw_filters(fv_context *ctx, const fv_model *model, int param,
                                       fv_canvas *out);

/* Whether filters can be drawn of a parameter: the first of fv__first_filters, or the weight of a
   convolution with a window larger than a pixel. */
bool fv__filters_worth(const fv_graph *net, int param);

/* Whether a node's output is worth an image: a convolution, pool, join or classifier. */
bool fv__maps_worth(const fv_graph *net, int node);
/* The value drawn for a node: that of the activation behind it, when there is one and nothing else
   reads the node, because that is what the next layer sees. */
int fv__maps_value(const fv_graph *net, int node);
/* The first sample of a value under a name: maps as gray planes (at most `most` channels), a vector
   as bars of colour. */
FV_MUST_USE fv_status fv__draw_maps(fv_context *ctx, const char *name, const fv_tensor *value,
                                    int64_t most, fv_canvas *out);
/* What goes into a network, preprocessed: C,H,W. */
FV_MUST_USE fv_status fv__draw_input(fv_context *ctx, const fv_graph *net, const float *x,
                                     fv_canvas *out);

/* An output that is an image of as many channels as the input has, 1 or 3: the input's scale, mean,
   std and order are undone. FV_BAD_INPUT: another. */
FV_MUST_USE fv_status fv__draw_output(fv_context *ctx, const fv_input *input,
                                      const fv_tensor *value, fv_canvas *out);

/* One image run through a network, every value kept. */
typedef struct fv_look fv_look;
/* `x`: one preprocessed image, C,H,W. */
FV_MUST_USE fv_status fv__look_new(fv_context *ctx, const fv_model *model, const float *x,
                                   fv_look **out);
void fv__look_free(fv_look *look);
/* A node's output, as fv__draw_maps does. */
FV_MUST_USE fv_status fv__look_draw(fv_context *ctx, const fv_look *look, int node, int64_t most,
                                    fv_canvas *out);

/* output_image.c: a number of channel c of an input as a pixel of 0 to 255, scale, mean and std
   undone. */
uint8_t fv__input_pixel(const fv_input *input, int64_t c, float v);

#endif
