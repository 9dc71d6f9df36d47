/* SPDX-License-Identifier: MIT */
/*
 * floats.h - numbers of files, in whatever type they lie there, as float32.
 */
#ifndef FV_BASE_FLOATS_H
#define FV_BASE_FLOATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A type of numbers in files, by its name in safetensors. */
typedef struct fv_file_type {
    const char *name;
    size_t bytes;                                                    /* of one number */
    void (*to_floats)(const uint8_t *from, size_t count, float *to); /* NULL: not read as weights */
} fv_file_type;

/* F32, F64, F16, BF16, and those that only have a size; NULL: unknown. Bytes in files are
   little-endian and need no alignment. */
const fv_file_type *fv__file_type(const char *name);

/* Where the first number that is not finite stands; -1: all are. */
int64_t fv__first_not_finite(const float *v, int64_t count);

/* Whether float32 lies in memory as it lies in files. */
#define FV_FLOATS_AS_IN_FILES (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

#endif
