/* SPDX-License-Identifier: MIT */
/*
 * benchmark_job.h - what is timed: shared by benchmark.c, a network as a whole, and
 * benchmark_steps.c, each of its steps.
 */
#ifndef FV_LOOK_BENCHMARK_JOB_H
#define FV_LOOK_BENCHMARK_JOB_H

#include "look/benchmark.h"
#include "plan/plan.h"

#define FV_PEAK_AGE 0.25 /* seconds: a measured peak that is older is measured anew */

typedef struct fv_bench_job {
    fv_context *ctx;
    fv_bench *told;
    fv_arena *arena;
    const fv_bench_options *options;
    const fv_graph *net; /* with its losses when training */
    fv_plan *plan;
    fv_exec *exec;
    fv_site_room room;
    float *weights, *gradients;
    double *times;
    fv_bench_step **steps;
    fv_peak_meter meter;
    double peak, peak_time; /* the last measured, and when */
} fv_bench_job;

double fv__bench_median(double *values, int n); /* sorts them */
/* Multiply-accumulates of a layer for one sample. */
FV_MUST_USE fv_status fv__bench_macs(fv_bench_job *b, const fv_node *node, int64_t *macs);
/* One execution, as a run or a training step does it; in training weights are packed anew. */
void fv__bench_once(fv_bench_job *b, const fv_walk *walk);
/* Measures the peak where the last measurement is too old; whether it did. */
bool fv__bench_peak(fv_bench_job *b);

FV_MUST_USE fv_status fv__bench_list_steps(fv_bench_job *b);
FV_MUST_USE fv_status fv__bench_time_steps(fv_bench_job *b);

#endif
