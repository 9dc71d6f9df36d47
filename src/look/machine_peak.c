/* SPDX-License-Identifier: MIT */
/*
 * machine_peak.c - what this machine can do at most: multiply-adds on numbers in registers, on all
 * threads.
 */
#include "base/cpu_features.h"
#include "base/thread.h"
#include "kern/kern.h"
#include "look/benchmark.h"

typedef struct peak_job {
    const fv_kernels *kernels;
    double *done; /* operations, one cache line apart */
    int64_t rounds;
} peak_job;

static void run_peak(void *arg, int64_t job, int worker) {
    const peak_job *p = arg;
    (void)worker;
    p->done[job * 8] = p->kernels->peak(p->rounds);
}

fv_status fv__measure_peak(fv_context *ctx, double *out) {
    const int workers = fv__pool_size(ctx->pool);
    fv_kernels kernels;
    peak_job p = {fv__kernels(ctx->isa, &kernels), NULL, 1000};
    p.done = fv__alloc(ctx, (size_t)workers * 8 * sizeof *p.done, "measuring the peak");
    if (!p.done) return FV_EXHAUSTED;
    *out = 0;
    for (int trial = 0; trial < 8;) { /* trials of 10 ms or more count */
        double operations = 0;
        const double start = fv__seconds();
        fv__pool_run(ctx->pool, workers, run_peak, &p);
        const double taken = fv__seconds() - start;
        for (int i = 0; i < workers; i++) operations += p.done[i * 8];
        if (taken < 0.01 && p.rounds < (int64_t)1 << 40) {
            p.rounds *= 2;
            continue;
        }
        if (taken > 0 && operations / taken > *out) *out = operations / taken;
        trial++;
    }
    fv__free(p.done);
    return FV_OK;
}
