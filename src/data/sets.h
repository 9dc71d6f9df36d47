/* SPDX-License-Identifier: MIT */
/*
 * sets.h - what the files of this room share about data sets: readers of one part each.
 */
#ifndef FV_DATA_SETS_H
#define FV_DATA_SETS_H

#include "data/decode.h"

#define FV_PATH_MAX 4096

/* Memory and files behind a set, to be released by fv__dataset_close. */
FV_MUST_USE fv_status fv__set_alloc(fv_context *ctx, fv_dataset *set, size_t bytes,
                                    const char *what, void **out);

/* One pair of IDX files, plain or gzip, into `set` (empty before; close it on failure).
   `classes`: how many there must be; 0: as many as the labels show. */
FV_MUST_USE fv_status fv__idx_pair(fv_context *ctx, const char *images, const char *labels,
                                   int64_t classes, fv_dataset *set);

/* The same from set->files[0] and [1]; the names are for messages. */
FV_MUST_USE fv_status fv__idx_parse(fv_context *ctx, const char *images, const char *labels,
                                    int64_t classes, fv_dataset *set);

/* CIFAR-10's binary files in a folder: the five of training, or the one of the test. */
FV_MUST_USE fv_status fv__cifar10_part(fv_context *ctx, const char *folder, bool test,
                                       fv_dataset *set);

/* `count` generated digits of the stream `part` (0 training, 1 test) of a seed. */
FV_MUST_USE fv_status fv__digits_part(fv_context *ctx, int64_t count, uint64_t seed, uint64_t part,
                                      fv_dataset *set);

/* Joins a folder and a name; FV_BAD_INPUT when the path is too long. */
FV_MUST_USE fv_status fv__path_join(fv_context *ctx, char out[FV_PATH_MAX], const char *folder,
                                    const char *name);

#endif
