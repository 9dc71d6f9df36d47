/* SPDX-License-Identifier: MIT */
/*
 * fovea.h - convolutional networks in C: the one public header.
 *
 * A context carries threads and the last error. A model is a network with its weights. A run is
 * the memory of one execution of a model; a trainer changes a model's weights step by step.
 *
 * Threads: a context belongs to one thread at a time, and so do the runs and the trainer made with
 * it. A model is not changed by its runs: any number of runs, in any number of threads, each with
 * a context of its own, may share one model. Nothing else may use a model while a trainer steps it.
 *
 * Errors: every function that can fail returns an fv_status; FV_OK is 0. The sentence that says
 * what went wrong, where, and what to do is in the context: fv_context_error(). The library never
 * prints, never exits, never aborts and keeps no global state.
 *
 * Pictures and values are float32, laid out N, C, H, W: sample, channel, row, column.
 */
#ifndef FOVEA_H
#define FOVEA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define FV_MUST_USE __attribute__((warn_unused_result))
#define FV_API      __attribute__((visibility("default")))
#else
#define FV_MUST_USE
#define FV_API
#endif

#define FOVEA_VERSION "0.1.0"

/* What a function says of itself; the command's exit codes are the same numbers. */
typedef enum fv_status {
    FV_OK = 0,
    FV_FAILED = 1,       /* something else went wrong: a file that cannot be written, say */
    FV_USAGE = 2,        /* an unknown verb, flag or key, or a call that makes no sense */
    FV_BAD_INPUT = 3,    /* a network, file or data set that is missing, malformed or does not fit */
    FV_DIVERGED = 4,     /* the loss is no longer a finite number */
    FV_EXHAUSTED = 5,    /* out of memory or disk */
    FV_DIFFERS = 6,      /* a check found a difference */
    FV_INTERRUPTED = 130 /* stopped on request; the state on disk is valid */
} fv_status;

typedef struct fv_context fv_context;
typedef struct fv_model fv_model;
typedef struct fv_run fv_run;
typedef struct fv_trainer fv_trainer;

#ifdef __cplusplus
}
#endif
#endif
