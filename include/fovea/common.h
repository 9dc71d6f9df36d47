/* SPDX-License-Identifier: MIT */
/*
 * common.h - what all pages of the library share: statuses, the handles' names, tensors, blobs.
 */
#ifndef FOVEA_COMMON_H
#define FOVEA_COMMON_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define FV_MUST_USE __attribute__((warn_unused_result))
#define FV_API      __attribute__((visibility("default")))
#else
#define FV_MUST_USE
#define FV_API
#endif

#ifdef __cplusplus
#define FV_BEGIN extern "C" {
#define FV_END   }
template <class T> inline T fv_initial() {
    T all = T();
    all.size = sizeof(T);
    return all;
}
#define FV_INIT(type) fv_initial<type>()
#else
#define FV_BEGIN
#define FV_END
/* A struct that begins with `size`, everything else at its default. */
#define FV_INIT(type)                                                                              \
    { .size = sizeof(type) }
#endif

FV_BEGIN

/* What a function says of itself; the command's exit codes are the same numbers. */
typedef enum fv_status {
    FV_OK = 0,
    FV_FAILED = 1,    /* something else went wrong: a file that cannot be written, say */
    FV_USAGE = 2,     /* an unknown verb, flag or key, or a call that makes no sense */
    FV_BAD_INPUT = 3, /* a network, file or data set that is missing, malformed or does not fit */
    FV_DIVERGED = 4,  /* the loss is no longer a finite number */
    FV_EXHAUSTED = 5, /* out of memory or disk */
    FV_DIFFERS = 6,   /* a check found a difference */
    FV_INTERRUPTED = 130 /* stopped on request; the state on disk is valid */
} fv_status;

typedef struct fv_context fv_context; /* context.h */
typedef struct fv_net fv_net;         /* net.h */
typedef struct fv_model fv_model;     /* model.h */
typedef struct fv_run fv_run;         /* run.h */
typedef struct fv_dataset fv_dataset; /* dataset.h */
typedef struct fv_trainer fv_trainer; /* trainer.h */

/* The version of the library in use, "0.1.0"; FOVEA_VERSION is that of the headers. */
FV_API const char *fv_version(void);

/* -------------------------------------------------------------------------------- tensors --- */

/* What an element is. */
typedef enum fv_dtype {
    FV_F32,
    FV_F64,
    FV_F16,
    FV_BF16,
    FV_I32,
    FV_I64,
    FV_I8,
    FV_U8,
    FV_BOOL8 /* one byte, 0 or 1 */
} fv_dtype;

/* Most dimensions that anything has. */
#define FV_DIMS_MAX 8

/* Numbers under a name: a weight, a value inside a network, a gradient. All it points to belongs to
   the handle it was got from. Dense, outermost dimension first. */
typedef struct fv_tensor_view {
    size_t size;               /* FV_INIT(fv_tensor_view) */
    const char *name;          /* "conv1.weight", "bn1.mean"; of a value "conv1" */
    void *data;                /* `count` elements */
    fv_dtype dtype;            /* FV_F32 unless a network computes with integers */
    int64_t count;             /* the product of dims */
    int rank;                  /* how many dims */
    int64_t dims[FV_DIMS_MAX]; /* out, in, height, width of a convolution's weight; out, in of fc's;
                                  sample, channel, row, column of a value */
    int learned;               /* of a model's tensor: 1, or 0 for running statistics */
} fv_tensor_view;

/* ---------------------------------------------------------------------------------- blobs --- */

/* Bytes the library made: a PNG file, a text. Yours; may be used in any thread. */
typedef struct fv_blob fv_blob;

/* The bytes. One byte of 0 follows the last, so that a text can be read as it is. */
FV_API const void *fv_blob_data(const fv_blob *blob);
FV_API size_t fv_blob_size(const fv_blob *blob); /* without that 0; 0 for NULL */
/* Writes them as a file: complete or not at all. FV_FAILED: cannot be written there. FV_EXHAUSTED:
   the disk is full. */
FV_MUST_USE FV_API fv_status fv_blob_save(fv_context *ctx, const fv_blob *blob, const char *path);
FV_API void fv_blob_free(fv_blob *blob); /* NULL is allowed */

FV_END
#endif
