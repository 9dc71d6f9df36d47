/* SPDX-License-Identifier: MIT */
/*
 * preview.h - a batch as a network sees it in training: resized, cropped, scaled, augmented, mixed.
 * The numbers are those that the training of the same data, settings and seed learns from.
 */
#ifndef FOVEA_PREVIEW_H
#define FOVEA_PREVIEW_H

#include "common.h"

FV_BEGIN

typedef struct fv_preview fv_preview;

typedef struct fv_preview_options {
    size_t size;      /* FV_INIT(fv_preview_options) */
    const char *data; /* a word as for fv_dataset_open */
    /* A word as for fv_net_open, whose input line and recipe count. NULL: none; then images are
       taken as they are, or where sizes differ as 3x224x224 resize 256 crop 224. */
    const char *net;
    const char *input; /* the words of an input line, in place of that; NULL: that */
    /* "batch=16 flip=yes seed=3": settings of a training, the others for the parameters of the
       network's text. NULL: as the recipe says; without a network nothing is augmented. */
    const char *settings;
    int64_t epoch, step; /* which batch, both from 1; 0: 1 */
} fv_preview_options;

typedef struct fv_preview_facts {
    const char *data;  /* its name */
    const char *input; /* the input line: "3x224x224 resize 256 crop 224 scale 1/255" */
    const char
        *augmentation; /* the settings of it that do something, "flip=yes shift=4"; "": none */
    int64_t epoch, step, steps; /* of the epoch */
    int64_t count;              /* samples */
    int64_t channels, height, width;
    const float *x; /* count x channels x height x width: the network's input */
} fv_preview_facts;

/* One of its samples. */
typedef struct fv_preview_sample {
    size_t size;      /* FV_INIT(fv_preview_sample) */
    int64_t number;   /* in the training part */
    const char *file; /* behind it; NULL: none */
    int label;        /* its class; -1: it has none */
    const char *name; /* of the class; NULL: it has none */
    int64_t other;    /* the sample of the batch it is mixed with, from 0; -1: none */
    double keep;      /* how much of it is left; 1: all */
} fv_preview_sample;

/* FV_BAD_INPUT: no such data or network, or images that it cannot take. FV_USAGE: settings that are
   unknown, an epoch or a batch that there is none of. */
FV_MUST_USE FV_API fv_status fv_preview_make(fv_context *ctx, const fv_preview_options *options,
                                             fv_preview **out);
FV_API void fv_preview_free(fv_preview *preview); /* NULL is allowed */
FV_API const fv_preview_facts *fv_preview_describe(const fv_preview *preview);
/* Sample i from 0; *out is filled. 0: there is none of that number. */
FV_API int fv_preview_at(const fv_preview *preview, int64_t i, fv_preview_sample *out);

/* Its pictures in a grid as a PNG file, scale, mean, std and order undone for the eye, the classes
   below and of mixed ones both with their shares. FV_BAD_INPUT: pictures have 1 or 3 channels. */
FV_MUST_USE FV_API fv_status fv_draw_preview(fv_context *ctx, const fv_preview *preview,
                                             fv_blob **out);

FV_END
#endif
