/* SPDX-License-Identifier: MIT */
/*
 * error.h - the context: its message, and the caller's memory and log.
 *
 * What can fail returns an fv_status and leaves one sentence (several lines, when a place in a text
 * is shown) in the context: what was expected, what was found, what to do.
 */
#ifndef FV_BASE_ERROR_H
#define FV_BASE_ERROR_H

#include "fovea.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define FV_MESSAGE_MAX 4096

struct fv_pool;
struct fv_op;
struct fv_tuning;

/* Who hears what is worth knowing and no failure. */
typedef struct fv_logger {
    void (*log)(void *user, fv_log_level level, const char *text); /* NULL: nobody */
    void *user;
} fv_logger;

struct fv_context {
    fv_status status;             /* of the last failure */
    char message[FV_MESSAGE_MAX]; /* of the last failure; "" when there was none */
    struct fv_pool *pool;         /* worker threads; never NULL in a context from fv_context_new */
    int precision;                /* of inference: an fv_precision (device/precision.h) */
    int isa;                      /* highest set of instructions for kernels (kern/kern.h) */
    const struct fv_device *device; /* that plans are made for unless they name another */
    const struct fv_op *const
        *ops;                 /* that a program brought (op/added_op.h), NULL-ended; NULL: none */
    struct fv_tuning *tuning; /* which variants are the fastest (device/tuning.h); NULL: unknown */
    fv_allocator allocator;
    fv_logger logger;
};

/* Records a failure and returns `status`. The message is cut at FV_MESSAGE_MAX. */
fv_status fv__fail(fv_context *ctx, fv_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts a prefix before the message already there ("lenet5.net: ") and returns its status. */
fv_status fv__fail_in(fv_context *ctx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "out of memory: N bytes for WHAT were refused", and what needs less; WHAT NULL: whoever asked
   says it later, and the message stays as it is. */
fv_status fv__fail_memory(fv_context *ctx, size_t bytes, const char *what);

/* Tells the log a sentence, cut at FV_MESSAGE_MAX. */
void fv__log(const fv_context *ctx, fv_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Passes a failure on. */
#define FV_TRY(call)                                                                               \
    do {                                                                                           \
        fv_status fv_try_ = (call);                                                                \
        if (fv_try_ != FV_OK) return fv_try_;                                                      \
    } while (0)

/* The same for functions with something to release: goes to `done:` with `status` set. */
#define FV_GO(call)                                                                                \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != FV_OK) goto done;                                                            \
    } while (0)

#endif
