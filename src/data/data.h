/* SPDX-License-Identifier: MIT */
/*
 * data.h - data sets: samples, each an image and what it is to be told as; and batches of them.
 *
 * A set says how many samples it has and gives any of them by number. Where they come from is its
 * own affair: files read into memory, drawings, a program's function. Sizes may differ from sample
 * to sample.
 */
#ifndef FV_DATA_DATA_H
#define FV_DATA_DATA_H

#include "base/random.h"
#include "data/image.h"
#include "net/target.h"

#define FV_TARGETS_MOST FV_TARGETS_MAX

/* One target of one sample. Shape without the batch: a class has rank 0, a map height and width of
   its image, a vector its length. dtype: class and map FV_I32 or FV_U8, vector FV_F32. Dense. */
typedef struct fv_target {
    fv_target_kind kind;
    fv_dtype dtype;
    fv_shape shape;
    const void *data;
} fv_target;

typedef struct fv_sample {
    fv_image_view image;
    fv_target target[FV_TARGETS_MOST];
    int targets;
    const char *file; /* behind it, for messages; NULL: none */
} fv_sample;

/* A target that a set offers with every sample; `length`: the numbers of a vector. */
typedef struct fv_target_offer {
    fv_target_kind kind;
    int64_t length;
} fv_target_offer;

typedef struct fv_dataset fv_dataset;

/* How a set is to be made where it says less itself. */
typedef struct fv_set_options {
    uint64_t seed;       /* of sets that are drawn */
    uint64_t split_seed; /* of sets that are divided by chance */
    double split;        /* of those, the share of pictures for the test */
    double held;         /* share of the training samples that is the test instead (0: none), and
                            the set's own test part is not opened */
    struct fv_picture_cache *cache; /* through which pictures in files are read; it outlives the
                                       set. NULL: none */
} fv_set_options;

/* What is worth knowing about a set before anything is made of it. */
typedef struct fv_remark {
    fv_log_level level;
    const char *text;
} fv_remark;
#define FV_REMARKS_MOST 12

/* Gives sample i (0 … count-1). What `out` points at lies in the set or in `scratch` and is good as
   long as both are. Called from several threads at once, each with its own ctx and scratch, unless
   the set is serial. */
typedef fv_status fv_sample_fn(fv_context *ctx, const fv_dataset *set, int64_t i, fv_arena *scratch,
                               fv_sample *out);

struct fv_dataset {
    char name[FV_WORD_MAX];
    int64_t count;
    fv_target_offer target[FV_TARGETS_MOST]; /* in the order of fv_sample.target */
    int targets;
    int64_t classes;                /* of class and map targets; 0: it has none */
    const char *const *class_names; /* `classes` of them; NULL: numbers */

    fv_dtype dtype;                  /* of its images: FV_U8 or FV_F32 */
    bool one_size;                   /* every image is channels x height x width; */
    int64_t channels, height, width; /* otherwise all three are 0 */

    bool serial;       /* one call of `sample` at a time */
    bool mutable;      /* sample i may be another one the next time */
    uint64_t checksum; /* FNV-1a over pixels and labels; over names, sizes of files and labels of
                          pictures that are not in memory; of a program's own set what it said */

    fv_sample_fn *sample;
    /* The name of the file behind sample i, which lies in the set; NULL: there are none. */
    const char *(*file)(const fv_dataset *set, int64_t i);

    /* Of a set in memory: pixels [count][channels][height][width]; NULL of any other. */
    const uint8_t *pixels;
    const int32_t *labels; /* [count], where they are known without the samples; NULL: not so */

    fv_remark remark[FV_REMARKS_MOST];
    int remark_count;

    void *owned[5]; /* memory and files behind it */
    fv_bytes files[4];
    void (*close)(fv_dataset *set); /* what else is behind it; NULL: nothing */
    void *state;
};

/* Training and test part by name or path; data/dataset_list.h lists the kinds, `fovea data` what
   they are called. `seed` matters to sets that are drawn. Either out pointer may be NULL. */
FV_MUST_USE fv_status fv__dataset_open(fv_context *ctx, const char *name, uint64_t seed,
                                       fv_dataset *train, fv_dataset *test);
/* The same with all options; the other has the defaults of a recipe. */
FV_MUST_USE fv_status fv__dataset_open_with(fv_context *ctx, const char *name,
                                            const fv_set_options *options, fv_dataset *train,
                                            fv_dataset *test);
/* Tells the log what is to be known about a set. */
void fv__dataset_tell(const fv_context *ctx, const fv_dataset *set);
void fv__dataset_close(fv_dataset *set);

struct fv_listing;

/* A kind of data set: its own file and one line in data/dataset_list.h. */
typedef struct fv_dataset_kind {
    const char *name; /* what to write: "mnist", or "FOLDER" where it is given by path */
    const char *help; /* one line */
    bool by_path;
    const char *how;   /* by path: "a folder with CIFAR-10's binary files" */
    const char *holds; /* of a folder: what lies in it, for the message where it does not */
    const char *const *class_names; /* NULL-ended; NULL: the files say them, or they have none */

    /* Whether what the user wrote is of this kind; asked in the list's order. */
    bool (*recognise)(const char *name);
    fv_status (*open)(fv_context *ctx, const char *name, const fv_set_options *options,
                      fv_dataset *train, fv_dataset *test);
    /* Of pictures in files of their own, in place of `open`: reads which there are. */
    fv_status (*read)(struct fv_listing *listing, const char *name);
} fv_dataset_kind;
extern const fv_dataset_kind *const fv__dataset_kinds[]; /* NULL-ended */
/* The kind that knows what the user wrote; NULL: none. */
const fv_dataset_kind *fv__dataset_kind_of(const char *name);

/* A set made of a program's own function. */
typedef struct fv_sample_source {
    const char *name;
    int64_t count;
    fv_target_offer target[FV_TARGETS_MOST];
    int targets;
    int64_t classes;
    const char *const *class_names;  /* `classes` of them, copied; NULL: numbers */
    fv_dtype dtype;                  /* FV_U8 or FV_F32 */
    int64_t channels, height, width; /* of every image; 0, 0, 0: sizes differ */
    bool serial, mutable;
    uint64_t checksum; /* 0: not known */

    /* Fills `out` with sample i: the image and all targets, in the order of `target`. What it
       points at must stay until the scratch is freed: allocate it there, or own it. A failure is
       passed on with the message in ctx. */
    fv_status (*sample)(fv_context *ctx, void *user, int64_t i, fv_arena *scratch, fv_sample *out);
    void (*close)(void *user); /* when the set is closed, and only then; may be NULL */
    void *user;
} fv_sample_source;

/* Every sample is checked against what was announced before anyone uses it. On failure `user` stays
   the caller's. */
FV_MUST_USE fv_status fv__dataset_from(fv_context *ctx, const fv_sample_source *source,
                                       fv_dataset *out);

/* Sample i of any set, the number checked. */
FV_MUST_USE fv_status fv__dataset_sample(fv_context *ctx, const fv_dataset *set, int64_t i,
                                         fv_arena *scratch, fv_sample *out);
/* The class of every sample into labels [count], without its image where that can be; FV_BAD_INPUT:
   the set has no classes. */
FV_MUST_USE fv_status fv__dataset_labels(fv_context *ctx, const fv_dataset *set, int32_t *labels);
/* The file behind sample i; NULL: none, or it is not known without reading the sample. */
const char *fv__dataset_file(const fv_dataset *set, int64_t i);
/* The first target of this kind that a set offers; -1: none. */
int fv__dataset_target(const fv_dataset *set, fv_target_kind kind);
/* Puts what this sample is before the message of a failure: its set, number and file. */
fv_status fv__sample_failed(fv_context *ctx, const fv_dataset *set, int64_t i,
                            const fv_sample *sample);
/* The class of a sample whose target `index` is one. */
int32_t fv__sample_class(const fv_sample *sample, int index);

/* Whether images and classes fit a net's input and outputs (0: only the images): a sentence when
   not. */
FV_MUST_USE fv_status fv__dataset_fits(fv_context *ctx, const fv_dataset *set,
                                       const fv_input *input, int64_t outputs);

/* Which samples: order[start … start+n-1] of the set, or without an order start … start+n-1. What
   augmentation does depends on (seed, epoch, sample) alone. */
typedef struct fv_batch {
    const uint32_t *order;
    int64_t start, n;
    const fv_augment *augment;              /* NULL: none */
    const struct fv_components *components; /* of the set's colours, for augment->pca */
    uint64_t seed, epoch;
    int views, view; /* which view of each (fovea/image.h); with augment NULL */
} fv_batch;

/* One target of a batch, and where to write it: class int32 [n]; map int32 [n, h, w] of the
   input's size, moved along with the image; vector float [n, k]. With `classes` k a class or map
   becomes shares, float [n, k] or [n, k, h, w]: 1 at the class, and all 0 where it is ignored. */
typedef struct fv_batch_target {
    int index;       /* which of the set's targets */
    int32_t ignored; /* the class of pad and bare pixels of a map; others may have it too */
    void *data;
    int64_t classes; /* 0: as it is */
} fv_batch_target;

/* Whether the set's images can be changed so: colours only of pictures. A sentence when not. */
FV_MUST_USE fv_status fv__augment_takes(fv_context *ctx, const fv_augment *augment,
                                        const fv_dataset *set);

/* Fills a batch: images preprocessed into x (n * C*H*W floats; NULL: not wanted) and targets. Runs
   on the pool; the same bits for any number of threads. Bytes that need no resizing take one pass;
   floats of the input's own shape are copied. */
FV_MUST_USE fv_status fv__batch_fill(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                                     const fv_batch *batch, float *x,
                                     const fv_batch_target *targets, int count);
/* The same with the set's first class target: labels [n] (NULL: not wanted). */
FV_MUST_USE fv_status fv__batch_fill_classes(fv_context *ctx, const fv_dataset *set,
                                             const fv_input *input, const fv_batch *batch, float *x,
                                             int32_t *labels);

/* One sample at its own size, for networks that take any: resized and cropped as `input` says, but
   not made to fit. */
typedef struct fv_loaded {
    float *x; /* channels x height x width, channels of the input */
    int64_t height, width;
    fv_target target[FV_TARGETS_MOST]; /* maps have the same height and width */
    int targets;
} fv_loaded;

/* All of it lies in `scratch` or in the set. `ignored` as in fv_batch_target. */
FV_MUST_USE fv_status fv__sample_load(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                                      int64_t i, int32_t ignored, fv_arena *scratch,
                                      fv_loaded *out);

/* A generated handwritten digit: 28x28 gray bytes, white on black, `index` of the stream; label is
   index % 10 permuted by the seed. */
void fv__digit_draw(fv_key key, uint64_t index, uint8_t out[28 * 28], int *label);

#endif
