/* SPDX-License-Identifier: MIT */
/*
 * context.h - threads, the last error, and the caller's own functions for memory and notes.
 */
#ifndef FOVEA_CONTEXT_H
#define FOVEA_CONTEXT_H

#include "common.h"

FV_BEGIN

/* Makes a context with a pool of `threads` threads, the caller's own included; 0 takes one per
   processor. Results do not depend on the number: the same bits come out for any.
   On failure *out is a context that carries nothing but the message, or NULL when there was not
   even memory for that; both may be given to fv_context_error() and fv_context_free().
   FV_USAGE: a negative number or more than 1024. */
FV_MUST_USE FV_API fv_status fv_context_new(int threads, fv_context **out);

/* Where memory comes from. `alloc` gives `bytes` bytes at a multiple of `alignment` (a power of
   two, at most 64) or NULL; they need not be zeroed. `free` takes back what alloc gave. Both may be
   called from any thread in which the context, or what was made with it, is used. */
typedef struct fv_allocator {
    void *(*alloc)(void *user, size_t bytes, size_t alignment);
    void (*free)(void *user, void *memory);
    void *user;
} fv_allocator;

/* How much a note matters. */
typedef enum fv_log_level {
    FV_LOG_NOTE,   /* good to know: a smaller batch was taken than the settings say */
    FV_LOG_WARNING /* probably not what was meant: a setting that can have no effect */
} fv_log_level;

/* Receives a note, one sentence, while a function of the library runs, in the thread that called
   it. It must not call the library with the same context. */
typedef void fv_log_fn(void *user, fv_log_level level, const char *text);

typedef struct fv_context_options {
    size_t size;     /* FV_INIT(fv_context_options) */
    int threads;     /* 0: one per processor */
    const char *isa; /* use no instructions above "baseline", "avx2", "avx512" …; NULL: the best
                        that the processor has */
    /* The memory of all that is made with the context; it must live as long as they do.
       alloc NULL: the C library's. The libraries for PNG, JPEG and gzip have memory of their own.
     */
    fv_allocator allocator;
    fv_log_fn *log; /* NULL: notes are dropped */
    void *log_user;
    /* How exactly runs compute products: "fp32", every layer within 1e-5 of the exact one (relative
       error of all its numbers together); "strict", only sums of products as float32 multiply-adds
       give them; "bf16", factors may be rounded to bfloat16 (8 bits) where that is faster, and sums
       are float32. NULL: "fp32", which training always is. Other bits by precision, never by
       threads. */
    const char *precision;
    /* A file of fv_tune()'s, read once, now: plans are cut as was measured on such a machine.
       Results are the same. One that is not there says nothing; one that cannot be used is
       a warning to the log. NULL: the usual ways, and no file is looked at. */
    const char *tuning;
} fv_context_options;

/* The same with all of these. FV_USAGE: an instruction set or precision there is no name for.
   FV_BAD_INPUT: one that this processor does not have. */
FV_MUST_USE FV_API fv_status fv_context_new_with(const fv_context_options *options,
                                                 fv_context **out);

/* Ends the threads. The runs, trainers and trainings made with the context must be gone before;
   nets, models, data sets and blobs need not. NULL is allowed. */
FV_API void fv_context_free(fv_context *ctx);

/* The last failure in words, "" when there was none. It may have several lines, such as the place
   in a network's text. The text belongs to the context and holds until its next failure. NULL is
   allowed: that says what a missing context means. */
FV_API const char *fv_context_error(const fv_context *ctx);

/* Puts a sentence of your own there and returns `status`, for functions that the library calls: a
   data set's, an operator's. */
FV_API fv_status fv_context_fail(fv_context *ctx, fv_status status, const char *sentence);

/* The number of threads the context has; 0 for NULL. */
FV_API int fv_context_threads(const fv_context *ctx);

/* The instruction set that kernels use with it, "avx2"; NULL for NULL. */
FV_API const char *fv_context_isa(const fv_context *ctx);

/* How exactly its runs compute, "fp32"; NULL for NULL. */
FV_API const char *fv_context_precision(const fv_context *ctx);

FV_END
#endif
