/* SPDX-License-Identifier: MIT */
/*
 * draw.h - filters, feature maps, samples, mistakes, confusion and curves as PNG files in memory.
 *
 * Each function makes a blob that holds a PNG file; fv_blob_save() writes it.
 */
#ifndef FOVEA_DRAW_H
#define FOVEA_DRAW_H

#include "common.h"
#include "evaluate.h"
#include "training.h"

FV_BEGIN

/* The tensors whose filters are worth an image: weights of convolutions with a window larger than a
   pixel, or of a fully connected layer that reads the image itself. The name of number i, NULL when
   there is none of that number. */
FV_API const char *fv_filters_name(const fv_model *model, int i);
/* The filters of such a tensor: one image per output channel, in colour when it reads three
   channels, otherwise one per pair of channels (at most 16 inputs are shown). Positive weights are
   blue, negative red. FV_BAD_INPUT: no tensor of that name, or none that is worth an image. */
FV_MUST_USE FV_API fv_status fv_draw_filters(fv_context *ctx, const fv_model *model,
                                             const char *name, fv_blob **out);

/* The layers whose output is worth an image: convolutions, pools, joins, classifiers. The name of
   number i, NULL when there is none of that number. */
FV_API const char *fv_maps_name(const fv_model *model, int i);
/* What such a layer makes of the first sample of the last forward of a run that keeps values, after
   its activation: maps as gray planes (black: smallest, white: largest; at most `most` channels), a
   vector as bars of colour. FV_BAD_INPUT: no layer of that name. FV_USAGE: the run keeps no values.
 */
FV_MUST_USE FV_API fv_status fv_draw_maps(fv_context *ctx, fv_run *run, const char *layer,
                                          int64_t most, fv_blob **out);
/* The sample that went in, likewise. */
FV_MUST_USE FV_API fv_status fv_draw_input(fv_context *ctx, fv_run *run, fv_blob **out);

/* Output i of its last forward as an image, for networks that make images of images: the first
   sample's, brought back to pixels of 0 to 255 by undoing what the input's line did (scale, mean,
   std, order). FV_BAD_INPUT: not a map of as many channels as the input has, 1 or 3. */
FV_MUST_USE FV_API fv_status fv_draw_output(fv_context *ctx, fv_run *run, int i, fv_blob **out);

/* The first `rows` samples of each of the first 20 classes, a column per class; those that differ
   in size are fitted into squares. FV_BAD_INPUT: images that are no bytes, or no classes. */
FV_MUST_USE FV_API fv_status fv_draw_samples(fv_context *ctx, const fv_dataset *set, int rows,
                                             fv_blob **out);

/* The `most` samples that were predicted wrongly with the greatest confidence, with a caption each.
   The evaluation is of that set, with `each`. The model gives the classes' names. FV_USAGE: the
   evaluation has no predictions. FV_BAD_INPUT: there are no mistakes. */
FV_MUST_USE FV_API fv_status fv_draw_mistakes(fv_context *ctx, const fv_model *model,
                                              const fv_dataset *set,
                                              const fv_evaluation *evaluation, int most,
                                              fv_blob **out);

/* Which class was taken for which. FV_USAGE: the evaluation has no confusion matrix. */
FV_MUST_USE FV_API fv_status fv_draw_confusion(fv_context *ctx, const fv_model *model,
                                               const fv_evaluation *evaluation, fv_blob **out);

/* Loss and accuracy over the epochs of a training. FV_USAGE: none is behind. */
FV_MUST_USE FV_API fv_status fv_draw_curves(fv_context *ctx, const fv_training *training,
                                            fv_blob **out);

/* Images of bytes in a grid with captions below. */
typedef struct fv_gallery_options {
    size_t size;                            /* FV_INIT(fv_gallery_options) */
    const char *title;                      /* NULL: none */
    int64_t count, channels, height, width; /* of all images; channels 1 (gray) or 3 (RGB) */
    const uint8_t *const *images;           /* `count` images; NULL stays empty */
    int interleaved;                        /* rows of pixels of channels; 0: planes (C, H, W) */
    const char *const *captions; /* `count` texts, which may have several lines; NULL: none */
    int64_t columns;             /* 0: as many as look good */
} fv_gallery_options;
FV_MUST_USE FV_API fv_status fv_draw_gallery(fv_context *ctx, const fv_gallery_options *gallery,
                                             fv_blob **out);

/* How an image is drawn in letters. */
typedef enum fv_terminal_style {
    FV_TERMINAL_LETTERS, /* plain letters by their ink */
    FV_TERMINAL_BLOCKS,  /* half blocks; bright is ink */
    FV_TERMINAL_SHADES   /* the gray levels of a terminal's 256 colours (escape sequences) */
} fv_terminal_style;

/* A small gray image as text for a terminal, two rows of pixels a line, at most `columns` letters
   wide (larger ones are averaged down). */
FV_MUST_USE FV_API fv_status fv_draw_text(fv_context *ctx, const uint8_t *gray, int64_t height,
                                          int64_t width, int columns, fv_terminal_style style,
                                          fv_blob **out);

FV_END
#endif
