/* SPDX-License-Identifier: MIT */
/*
 * data.h - pictures and data sets.
 */
#ifndef FV_DATA_DATA_H
#define FV_DATA_DATA_H

#include "base/file.h"
#include "base/random.h"
#include "net/settings.h"

/* A decoded picture: bytes, row by row, channels innermost (gray 1, RGB 3). */
typedef struct fv_picture {
    int64_t width, height;
    int channels;    /* 1 or 3 */
    uint8_t *pixels; /* from fv__alloc */
} fv_picture;

/* PNG, JPEG, PGM/PPM (P2 P3 P5 P6), by content, not by name. Alpha is laid over white, 16 bits are
   cut to 8. FV_BAD_INPUT: "cat.png: this is a text file, not a picture" and the like. */
FV_MUST_USE fv_status fv__picture_read(fv_context *ctx, const char *path, fv_picture *out);
FV_MUST_USE fv_status fv__picture_decode(fv_context *ctx, const char *name, const uint8_t *data,
                                         size_t size, fv_picture *out);
void fv__picture_free(fv_picture *p);

/* As the net's `input` says (net/settings.h) into `out`: channels*height*width floats, C,H,W. */
FV_MUST_USE fv_status fv__preprocess(fv_context *ctx, const fv_input *input, const fv_picture *p,
                                     float *out);

/* A set of labelled pictures in memory, all of one size. */
typedef struct fv_dataset {
    char name[FV_WORD_MAX];
    int64_t count, channels, height, width;
    const uint8_t *pixels; /* [count][channels][height][width]: C,H,W as the files have them */
    const int32_t *labels; /* [count], each 0 … classes-1 */
    int64_t classes;
    char *class_names; /* one per line; NULL: numbers */
    uint64_t checksum; /* FNV-1a over pixels and labels */
    void *owned[4];    /* memory behind it */
    fv_bytes files[4];
} fv_dataset;

/* Training and test part. `name`:
     digits, digits:N      generated (N training pictures; 12,000 unless said; test a sixth of that)
     mnist, fashion        four IDX files, plain or .gz, in $FOVEA_DATA/NAME or ~/.cache/fovea/NAME
     cifar10               the binary files, likewise
     A,B,C,D               four IDX files: training pictures, training labels, test pictures, test
                           labels; or a folder that holds them under MNIST's names
   `seed` matters to generated sets only. Either out pointer may be NULL. */
FV_MUST_USE fv_status fv__dataset_open(fv_context *ctx, const char *name, uint64_t seed,
                                       fv_dataset *train, fv_dataset *test);
void fv__dataset_close(fv_dataset *set);

/* Names and one-line descriptions of the data sets known by name; NULL-ended. */
typedef struct fv_dataset_kind {
    const char *name, *help;
} fv_dataset_kind;
extern const fv_dataset_kind fv__dataset_kinds[];

/* Whether pictures and labels fit a net's input and classes: a sentence when not. */
FV_MUST_USE fv_status fv__dataset_fits(fv_context *ctx, const fv_dataset *set,
                                       const fv_input *input, int64_t outputs);

/* Fills a batch: pictures order[start … start+n-1] of the set, or without an order start …
   start+n-1, preprocessed into x (n * C*H*W floats) and labels. Augmentation as in the recipe when
   `augment` is not NULL; its numbers depend on (seed, epoch, picture index) alone. Runs on the
   pool; the same bits for any number of threads. A plain pad-and-normalise (no resize) is one pass
   per picture. */
FV_MUST_USE fv_status fv__batch_fill(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                                     const uint32_t *order, int64_t start, int64_t n,
                                     const fv_recipe *augment, uint64_t seed, uint64_t epoch,
                                     float *x, int32_t *labels);

/* A generated handwritten digit: 28x28 gray bytes, white on black, `index` of the stream; label is
   index % 10 permuted by the seed. */
void fv__digit_draw(fv_key key, uint64_t index, uint8_t out[28 * 28], int *label);

#endif
