/* SPDX-License-Identifier: MIT */
/*
 * machine_peak.h - what this machine can do at most, and what it has given: multiply-adds, bytes
 * read from memory, memory that a process holds.
 */
#ifndef FV_LOOK_MACHINE_PEAK_H
#define FV_LOOK_MACHINE_PEAK_H

#include "base/thread.h"
#include "kern/kern.h"

/* Multiply-adds on numbers in registers, on all threads of the context: made once, and then
   measured as often as wanted, in about ten milliseconds each time. Clocks change from one second
   to the next, so a share of the peak is worth something only of one that was measured beside it.
 */
typedef struct fv_peak_meter {
    fv_pool *pool;
    fv_kernels kernels;
    double *done;   /* operations of each worker, one cache line apart */
    int64_t rounds; /* of the kernel, for a few milliseconds */
} fv_peak_meter;

FV_MUST_USE fv_status fv__peak_meter_init(fv_context *ctx, fv_peak_meter *meter);
double fv__peak_once(fv_peak_meter *meter); /* operations a second: the best of a few trials */
void fv__peak_meter_free(fv_peak_meter *meter);

/* One measurement with a meter of its own. */
FV_MUST_USE fv_status fv__measure_peak(fv_context *ctx, double *out);

/* Bytes a second that all threads of the context read, each its part of a block that no cache
   holds: the best of a few passes. Takes 128 MB for a moment. */
FV_MUST_USE fv_status fv__measure_bandwidth(fv_context *ctx, double *out);

/* Bytes of this process that lie in memory now; 0: the system does not say. */
size_t fv__resident_bytes(void);

#endif
