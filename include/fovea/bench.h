/* SPDX-License-Identifier: MIT */
/*
 * bench.h - how fast a network runs here, whole and step by step, and how each step is computed.
 *
 * Work counts two operations per multiply-accumulate of conv and fc, and for training three times
 * as many: forward, gradient of the input, gradient of the weights.
 */
#ifndef FOVEA_BENCH_H
#define FOVEA_BENCH_H

#include "common.h"

FV_BEGIN

/* One step of the plan. */
typedef struct fv_bench_step {
    const char *name;  /* "conv1 + relu1"; "conv1, backward"; "(clear)" for what has no layer */
    const char *layer; /* "conv1"; NULL for what has no layer */
    const char *way;   /* the implementation: "direct" */
    int backward;
    double operations; /* of the batch; 0: not counted */
    double seconds;    /* median; 0 unless steps were timed */
    double bytes;      /* of the batch: what its inputs, weights and outputs take */
    double peak;     /* operations a second in registers, measured beside the step; 0: not timed */
    const char *why; /* of a counted step below FV_BENCH_WELL of that peak: why, with the numbers
                        that say so, "memory: 16.1 of 17.0 GB/s"; otherwise NULL */
} fv_bench_step;

#define FV_BENCH_WELL 0.4

typedef struct fv_bench {
    const char *net, *isa, *precision; /* names: "lenet5", "avx2", "fp32" */
    int64_t batch;
    int threads, training;
    int runs;             /* how many were timed */
    double median, least; /* seconds of a run over the batch */
    double operations;    /* of a run */
    double peak;          /* operations a second that this machine reaches in registers, on as many
                             threads: the median of measurements between the runs; 0: not measured */
    size_t memory;        /* bytes of values and working space */
    size_t parameters;    /* bytes */
    int step_count;
    const fv_bench_step *const *steps;
    const char *trace; /* for each step what was chosen and why faster ways refused; NULL unless
                          asked for */
    double bandwidth;  /* bytes a second that as many threads read from memory; 0 unless steps were
                          timed */
    size_t
        resident; /* bytes of this process in memory after the runs; 0: the system does not say */
} fv_bench;

typedef struct fv_bench_options {
    size_t size;           /* FV_INIT(fv_bench_options) */
    const fv_model *model; /* whose weights are used, of the same network; NULL: fresh ones. Speed
                              may depend on them */
    int64_t batch;         /* samples at a time; 0: 1 */
    int64_t runs;          /* how many are timed; 0: for about two seconds. -1: none, only the steps
                              and the trace are wanted */
    int training;          /* forward, loss and backward instead of forward alone */
    int steps;             /* time every step, too */
    int trace;             /* also the trace */
} fv_bench_options;

/* FV_BAD_INPUT: training a network that cannot be trained. */
FV_MUST_USE FV_API fv_status fv_bench_run(fv_context *ctx, const fv_net *net,
                                          const fv_bench_options *options, fv_bench **out);
FV_API void fv_bench_free(fv_bench *bench); /* NULL is allowed */

FV_END
#endif
