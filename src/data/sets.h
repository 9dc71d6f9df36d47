/* SPDX-License-Identifier: MIT */
/*
 * sets.h - what the files of this room share about data sets: sets in memory, readers of one part
 * each, and where files are looked for.
 */
#ifndef FV_DATA_SETS_H
#define FV_DATA_SETS_H

#include "data/data.h"

#define FV_PATH_MAX 4096

/* A folder in which no kind finds what it reads: says what each would have. */
fv_status fv__dataset_unknown_folder(fv_context *ctx, const char *name);

/* Memory and files behind a set, to be released by fv__dataset_close. */
FV_MUST_USE fv_status fv__set_alloc(fv_context *ctx, fv_dataset *set, size_t bytes,
                                    const char *what, void **out);

/* Makes `set`, whose count, sizes, classes, pixels and labels are filled in, one that gives its
   samples from memory. */
void fv__set_in_memory(fv_dataset *set);
/* FNV-1a over the pixels and labels of such a set. */
uint64_t fv__set_checksum(const fv_dataset *set);

/* How many of n are a share of them: one at least, and one stays; of fewer than two none. */
uint32_t fv__set_share(uint32_t n, double share);
/* The numbers that say which samples of a class are held out. */
static inline fv_key fv__held_key(const fv_set_options *o, int64_t class) {
    return fv__key(o->split_seed, FV_STREAM_SPLIT, (uint64_t) class, 1);
}
/* The sentence that says so. */
void fv__held_note(fv_text *out, const char *name, int64_t held, int64_t all,
                   const fv_set_options *o);
/* The training part of a set in memory as two: what is learned from, and options->held of it, which
   stands for the test. Either may be NULL. */
FV_MUST_USE fv_status fv__set_hold_out(fv_context *ctx, const char *name, const fv_dataset *from,
                                       const fv_set_options *options, fv_dataset *train,
                                       fv_dataset *test);

/* A copy of `count` names that belongs to the set. */
FV_MUST_USE fv_status fv__set_class_names(fv_context *ctx, fv_dataset *set,
                                          const char *const *names, int64_t count);

/* One pair of IDX files, plain or gzip, into `set` (empty before; close it on failure).
   `classes`: how many there must be; 0: as many as the labels show. */
FV_MUST_USE fv_status fv__idx_pair(fv_context *ctx, const char *images, const char *labels,
                                   int64_t classes, fv_dataset *set);

/* The same from set->files[0] and [1]; the names are for messages. */
FV_MUST_USE fv_status fv__idx_parse(fv_context *ctx, const char *images, const char *labels,
                                    int64_t classes, fv_dataset *set);

/* The paths of four IDX files: training images and labels, test images and labels. */
typedef struct fv_idx_four {
    char path[4][FV_PATH_MAX];
} fv_idx_four;
#define FV_IDX_FOUR                                                                                \
    "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "                \
    "t10k-labels-idx1-ubyte"

/* Looks for them in a folder under MNIST's names, plain or .gz; returns how many are there. */
int fv__idx_find(const char *folder, fv_idx_four *out);
/* Opens what fv__idx_find found; an error when only some are there. */
FV_MUST_USE fv_status fv__idx_open(fv_context *ctx, const char *folder, const fv_idx_four *four,
                                   int64_t classes, fv_dataset *train, fv_dataset *test);
/* A set of four IDX files known by name. `source`: where they come from; `installed`: the folder
   that a package of the system puts them into, looked at last, or NULL. */
FV_MUST_USE fv_status fv__idx_open_named(fv_context *ctx, const char *name, const char *source,
                                         const char *installed, int64_t classes, fv_dataset *train,
                                         fv_dataset *test);

/* CIFAR-10 or CIFAR-100: what its binary files are. */
#define FV_CIFAR_FILES 5
typedef struct fv_cifar {
    const char *title;
    int label_bytes; /* before the pixels; the last counts */
    int classes;
    const char *training[FV_CIFAR_FILES]; /* fewer: NULL behind them */
    const char *test;
    const char *meta;     /* a file of class names, if it is there */
    const char *python;   /* a file of the version for Python */
    const char *inner[2]; /* folders that archives unpack into */
    const char *files;    /* all of them, in words */
    const char *const *names;
} fv_cifar;
extern const fv_cifar fv__cifar10, fv__cifar100;

/* The folder that holds its files: `folder` itself or the one its archive unpacks into. False: none
   of them is there. */
bool fv__cifar_find(const fv_cifar *kind, const char *folder, char out[FV_PATH_MAX]);
FV_MUST_USE fv_status fv__cifar_open(fv_context *ctx, const fv_cifar *kind, const char *folder,
                                     fv_dataset *train, fv_dataset *test);
/* Looked for by name. */
FV_MUST_USE fv_status fv__cifar_open_named(fv_context *ctx, const fv_cifar *kind, const char *name,
                                           fv_dataset *train, fv_dataset *test);

/* `count` generated digits of the stream `part` (0 training, 1 test) of a seed. */
FV_MUST_USE fv_status fv__digits_part(fv_context *ctx, int64_t count, uint64_t seed, uint64_t part,
                                      fv_dataset *set);

/* Names of ten classes, NULL-ended. */
extern const char *const fv__digit_names[];

/* Joins a folder and a name; false, and FV_BAD_INPUT, when the path is too long. */
bool fv__path_put(char out[FV_PATH_MAX], const char *folder, const char *name);
FV_MUST_USE fv_status fv__path_join(fv_context *ctx, char out[FV_PATH_MAX], const char *folder,
                                    const char *name);

/* Where a named set's files may lie: $FOVEA_DATA/NAME, ~/.cache/fovea/NAME, then where a package
   puts them (NULL: none does). Empty: not given. */
#define FV_SET_FOLDERS 3
typedef struct fv_set_folders {
    char path[FV_SET_FOLDERS][FV_PATH_MAX];
} fv_set_folders;
FV_MUST_USE fv_status fv__set_folders(fv_context *ctx, const char *name, const char *installed,
                                      fv_set_folders *out);
/* Says that `files` are in none of them, and where they come from. */
fv_status fv__set_not_found(fv_context *ctx, const char *name, const fv_set_folders *folders,
                            const char *files, const char *source);

#endif
