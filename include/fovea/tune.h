/* SPDX-License-Identifier: MIT */
/*
 * tune.h - finding out which way of cutting a network's work is the fastest on this machine.
 *
 * How a layer is computed follows from its shape and the instruction set. How the work is cut (rows
 * of a band, channels at a time, parts for threads) has a usual answer too, and other answers that
 * give the same bits; which is the fastest depends on the machine and can be measured. Results
 * never depend on it. The library measures and reads files only when it is asked to: by fv_tune()
 * and by fv_context_options.tuning.
 */
#ifndef FOVEA_TUNE_H
#define FOVEA_TUNE_H

#include "common.h"

FV_BEGIN

/* A step of the plan that can be cut in several ways. */
typedef struct fv_tuned_step {
    const char *name;     /* "conv1 + relu1" */
    const char *way;      /* the implementation: "direct" */
    const char *variant;  /* the fastest: "bands twice as high", "as usual" */
    int tried;            /* how many there were beside the usual one */
    double before, after; /* seconds: medians, as usual and as found */
} fv_tuned_step;

typedef struct fv_tuned {
    const char *net;
    const char *machine; /* whose findings these are: version, processor, instructions, threads */
    const char *file;    /* where they were put down; NULL: nowhere */
    int64_t batch;
    int threads;
    double before, after; /* seconds of all steps together: medians, as usual and as found */
    int step_count;
    const fv_tuned_step *const *steps;
} fv_tuned;

typedef struct fv_tune_options {
    size_t size;           /* FV_INIT(fv_tune_options) */
    const fv_model *model; /* whose weights are used, of the same network; NULL: fresh ones */
    int64_t batch;         /* samples at a time; 0: 1 */
    const char *file; /* where the findings are added, those of other machines and networks stay;
                         made if need be. NULL: they are not written */
} fv_tune_options;

/* Times the steps of a run forward over the batch, each in all its variants, and keeps what is more
   than 3 % faster than usual. From then on the context's plans have it, whether it is written or
   not; runs and models that are there stay as they are. Takes some seconds for a large network.
   FV_BAD_INPUT: the file is none of fv_tune()'s, which is seen before anything is timed. FV_FAILED,
   FV_EXHAUSTED: it cannot be written. */
FV_MUST_USE FV_API fv_status fv_tune(fv_context *ctx, const fv_net *net,
                                     const fv_tune_options *options, fv_tuned **out);
FV_API void fv_tuned_free(fv_tuned *tuned); /* NULL is allowed */

/* The file that the command uses: tuning.txt in $FOVEA_CACHE, else in fovea below $XDG_CACHE_HOME,
   else in ~/.cache/fovea. Written to `out` of `size` bytes; returns it, or NULL where none of the
   three is set or it does not fit. */
FV_API const char *fv_tuning_file(char *out, size_t size);

FV_END
#endif
