/* SPDX-License-Identifier: MIT */
/*
 * dataset.h - labelled samples: those known by name, files, and sets of your own program.
 *
 * A data set is not changed by what reads it: any number of threads, each with a context of its
 * own, may share one (a set of your own: see `serial`). It outlives the context it was opened with.
 */
#ifndef FOVEA_DATASET_H
#define FOVEA_DATASET_H

#include "common.h"

FV_BEGIN

/* The kinds of sets: how many, what is written for number i ("mnist"; "FOLDER" where it is a path)
   and one line about it. NULL when there is none of that number. */
FV_API int fv_dataset_kinds(void);
FV_API const char *fv_dataset_kind_name(int i);
FV_API const char *fv_dataset_kind_help(int i);
/* Whether number i is given by its path and has no name of its own. */
FV_API int fv_dataset_kind_by_path(int i);

/* Training and test part of a set; either may be NULL when it is not wanted. `word` is one of:
   "digits" or "digits:N", drawn by the library according to the seed, N training images (12,000
   unless said) and a sixth of that for the test; "mnist" or "fashion", four IDX files, plain or
   .gz, in $FOVEA_DATA/NAME or ~/.cache/fovea/NAME, "fashion" also where Debian's package
   dataset-fashion-mnist puts them; "cifar10", its binary files, likewise; the path
   of a folder that holds such files, or that holds a folder of pictures for each class
   (DIR/train/CLASS, DIR/test/CLASS, or DIR/CLASS alone, of which a share is set aside for the
   test); "A,B,C,D", four IDX files: the training images, their labels, the test images, their
   labels. fv_dataset_kind_name() lists them all. FV_BAD_INPUT: no such set,
   files that are missing (the message says where they were looked for), damaged, or do not belong
   together. */
FV_MUST_USE FV_API fv_status fv_dataset_open(fv_context *ctx, const char *word, uint64_t seed,
                                             fv_dataset **train, fv_dataset **test);
FV_API void fv_dataset_free(fv_dataset *set); /* NULL is allowed */

/* The same with options. What is worth knowing about the set (how it was divided, classes without a
   test) goes to the context's log. */
typedef struct fv_dataset_options {
    size_t size;   /* FV_INIT(fv_dataset_options) */
    uint64_t seed; /* of sets that are drawn, or divided by chance */
    double split;  /* share of the pictures for the test, of sets without a test part; 0: the usual,
                      0.2 */
    const fv_model *model; /* whose test is meant: sets are divided by chance as its training had
                              them; NULL: none */
} fv_dataset_options;
FV_MUST_USE FV_API fv_status fv_dataset_open_with(fv_context *ctx, const char *word,
                                                  const fv_dataset_options *options,
                                                  fv_dataset **train, fv_dataset **test);

FV_API const char *fv_dataset_name(const fv_dataset *set);
FV_API int64_t fv_dataset_count(const fv_dataset *set);
/* Channels, height and width of its images into dims[0 … 2]; 0 where sizes differ. */
FV_API void fv_dataset_image(const fv_dataset *set, int64_t dims[3]);
/* Labels are 0 … classes-1. The name of class i, NULL when it has none. */
FV_API int64_t fv_dataset_classes(const fv_dataset *set);
FV_API const char *fv_dataset_class(const fv_dataset *set, int64_t i);
/* The file behind sample i as the set calls it; NULL: none. */
FV_API const char *fv_dataset_file(const fv_dataset *set, int64_t i);
/* The class of every sample into labels [count], without its image where that can be.
   FV_BAD_INPUT: the set has no classes. */
FV_MUST_USE FV_API fv_status fv_dataset_labels(fv_context *ctx, const fv_dataset *set,
                                               int32_t *labels);
/* FNV-1a over images and labels, or of pictures in files of their own over names, sizes of files
   and labels, as contents may be more than one wants to read; 0 for a set of your own, which may
   change. */
FV_API uint64_t fv_dataset_checksum(const fv_dataset *set);

/* -------------------------------------------------------------------------------- samples --- */

/* What a target is. */
typedef enum fv_target_kind {
    FV_TARGET_NONE,
    FV_TARGET_CLASS,  /* int32: one class per sample */
    FV_TARGET_MAP,    /* int32: one class per pixel, height x width */
    FV_TARGET_VECTOR, /* float32: numbers */
    FV_TARGET_SHARES  /* float32: how much of each class, of the sample or of every pixel. What
                         a network may want (`loss crossentropy target shares`); of a data set
                         they are made of its classes, or are a vector of as many numbers */
} fv_target_kind;

#define FV_TARGETS_MAX 4 /* most targets of one sample */

/* What is to be learned of one sample. `data` is dense, outermost dimension first. */
typedef struct fv_target_view {
    fv_target_kind kind;
    int rank;                  /* 0 of a class, 2 of a map, 1 of a vector */
    int64_t dims[FV_DIMS_MAX]; /* height, width of a map; the length of a vector */
    const void *data;          /* int32 of a class or map, float of a vector */
} fv_target_view;

/* One sample: its image as bytes or as numbers, and what it is. */
typedef struct fv_sample_view {
    size_t size; /* of this struct */
    int64_t channels, height, width;
    const uint8_t *pixels; /* 0 … 255; NULL when there are `values` */
    int interleaved;     /* pixels are rows of pixels of channels (H, W, C); 0: planes (C, H, W) */
    const float *values; /* C, H, W; of the network's input size, taken as they are */
    int32_t label;       /* its class; -1: none */
    int target_count;    /* all targets, where they are more than a label, in the set's order; */
    fv_target_view targets[FV_TARGETS_MAX]; /* data of a class NULL: it is the label */
    const char *file; /* the file behind it, which messages name; NULL: none */
} fv_sample_view;

/* Sample i, 0 … count-1; the set must outlive it. FV_USAGE: no such sample. */
FV_MUST_USE FV_API fv_status fv_dataset_sample(fv_context *ctx, const fv_dataset *set, int64_t i,
                                               fv_sample_view **out);
FV_API void fv_sample_free(fv_sample_view *sample); /* NULL is allowed */

/* A batch for a network: samples which[0 … n-1], or start … start+n-1 when `which` is NULL, as the
   `input` line of the network makes them, into x (n * fv_net_input() floats, N, C, H, W) and their
   classes into labels (n; NULL: not wanted). On all threads. FV_USAGE: no such sample.
   FV_BAD_INPUT: images that this network cannot take. */
FV_MUST_USE FV_API fv_status fv_dataset_batch(fv_context *ctx, const fv_dataset *set,
                                              const fv_net *net, const int64_t *which,
                                              int64_t start, int64_t n, float *x, int32_t *labels);

/* ----------------------------------------------------------------------- sets of your own --- */

typedef struct fv_dataset_source {
    size_t size; /* FV_INIT(fv_dataset_source) */
    const char *name;
    int64_t count;
    int64_t channels, height, width; /* of all images; height and width 0: they differ */
    int64_t classes;
    const char *const *class_names; /* `classes` texts; NULL: none */
    /* What every sample has: its kind, and of a vector the length in dims[0]. None: one class, the
       label. */
    int target_count;
    fv_target_view targets[FV_TARGETS_MAX];
    int values; /* 1: samples are `values`, 0: pixels */
    /* Fills `out`, in which everything but its size is 0, with sample i. What it points to must
       hold until the next call in the same thread; it is copied. What is not FV_OK ends what is
       going on with that status; say why with fv_context_fail. The same i must give the same sample
       each time: that is what makes a training repeatable. */
    fv_status (*sample)(void *user, fv_context *ctx, int64_t i, fv_sample_view *out);
    int serial; /* 1: sample() is called from one thread at a time, the one that called the library;
                   otherwise from several at once */
    void (*close)(void *user); /* called by fv_dataset_free; NULL: nothing to do */
    void *user;
} fv_dataset_source;

/* A data set whose samples your program gives. FV_USAGE: sizes or counts below 1. On failure
   close() is not called. */
FV_MUST_USE FV_API fv_status fv_dataset_new(fv_context *ctx, const fv_dataset_source *source,
                                            fv_dataset **out);

/* --------------------------------------------------------------------------------- checked --- */

/* One thing that a kind of flaw was found in. */
typedef struct fv_flawed {
    const char *file;    /* from where the program stands; of a set in memory "test image 7" */
    const char *other;   /* beside which it is to be seen; NULL: none */
    const char *detail;  /* in words; NULL: none */
    const char *command; /* for a POSIX shell, which mends it; NULL: none */
} fv_flawed;

typedef struct fv_flaw_group {
    const char *id;       /* "unreadable" */
    int rank;             /* 0 serious, 1 notable, 2 minor */
    const char *headline; /* "2 pictures are damaged or cut short" */
    const char *advice;   /* what to do, in words; "" where commands say it */
    int64_t count;
    const fv_flawed *flawed; /* [count] */
} fv_flaw_group;

typedef struct fv_dataset_check {
    int64_t pictures, classes;
    int count;
    const fv_flaw_group *group; /* [count], the worst first */
} fv_dataset_check;

typedef struct fv_dataset_check_settings {
    size_t size; /* FV_INIT(fv_dataset_check_settings) */
    uint64_t seed;
    double split;                                         /* as in fv_dataset_options */
    void (*watch)(void *user, int64_t done, int64_t all); /* how far it is; NULL: not wanted */
    void *user;
} fv_dataset_check_settings;

/* Reads every picture of a data set and says what is wrong with it; changes nothing. FV_OK: nothing
   is; FV_DIFFERS with a sentence: something is; in both cases *out is there. FV_BAD_INPUT: there is
   no such set. */
FV_MUST_USE FV_API fv_status fv_dataset_check_all(fv_context *ctx, const char *word,
                                                  const fv_dataset_check_settings *settings,
                                                  fv_dataset_check **out);
FV_API void fv_dataset_check_free(fv_dataset_check *check); /* NULL is allowed */

FV_END
#endif
