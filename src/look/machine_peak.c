/* SPDX-License-Identifier: MIT */
/*
 * machine_peak.c - multiply-adds on numbers in registers, and bytes that stream from memory, on all
 * threads.
 */
#include "look/machine_peak.h"
#include "base/cpu_features.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>

#define PEAK_SECONDS 0.003 /* of one trial: long against waking the threads */
#define PEAK_TRIALS  3     /* what disturbs one only makes it slower: the best counts */

#define STREAM_BYTES  ((size_t)128 << 20) /* several times what caches hold */
#define STREAM_PASSES 4
#define STREAMS       4 /* a worker reads at as many places at once: each wakes a prefetcher */

/* ------------------------------------------------------------------------- multiply-adds --- */

static void run_peak(void *arg, int64_t job, int worker) {
    const fv_peak_meter *m = arg;
    (void)worker;
    m->done[job * 8] = m->kernels.peak(m->rounds);
}

/* Operations of all workers in one go; *seconds receives its time. */
static double one_go(fv_peak_meter *m, double *seconds) {
    const int workers = fv__pool_size(m->pool);
    double operations = 0;
    const double start = fv__seconds();
    fv__pool_run(m->pool, workers, run_peak, m);
    *seconds = fv__seconds() - start;
    for (int i = 0; i < workers; i++) operations += m->done[i * 8];
    return operations;
}

fv_status fv__peak_meter_init(fv_context *ctx, fv_peak_meter *m) {
    double seconds = 0;
    *m = (fv_peak_meter){.pool = ctx->pool, .rounds = 1000};
    fv__kernels(ctx->isa, &m->kernels);
    m->done =
        fv__alloc(ctx, (size_t)fv__pool_size(m->pool) * 8 * sizeof *m->done, "measuring the peak");
    if (!m->done) return FV_EXHAUSTED;
    for (;;) {
        one_go(m, &seconds);
        if (seconds >= PEAK_SECONDS || m->rounds >= (int64_t)1 << 40) return FV_OK;
        m->rounds *= 2;
    }
}

double fv__peak_once(fv_peak_meter *m) {
    double best = 0;
    for (int trial = 0; trial < PEAK_TRIALS; trial++) {
        double seconds;
        const double operations = one_go(m, &seconds);
        if (seconds > 0 && operations / seconds > best) best = operations / seconds;
    }
    return best;
}

void fv__peak_meter_free(fv_peak_meter *m) {
    fv__free(m->done);
    m->done = NULL;
}

fv_status fv__measure_peak(fv_context *ctx, double *out) {
    fv_peak_meter m;
    *out = 0;
    FV_TRY(fv__peak_meter_init(ctx, &m));
    *out = fv__peak_once(&m);
    fv__peak_meter_free(&m);
    return FV_OK;
}

/* --------------------------------------------------------------------------------- bytes --- */

typedef struct stream {
    const uint64_t *words;
    size_t part; /* words of one worker */
    uint64_t *sum;
} stream;

/* Reads a part at STREAMS places at once; the sum is there so that nothing is left out. */
static void run_stream(void *arg, int64_t job, int worker) {
    const stream *s = arg;
    const size_t run = s->part / STREAMS;
    const uint64_t *w = s->words + (size_t)job * s->part;
    uint64_t sum[STREAMS] = {0};
    (void)worker;
    for (size_t i = 0; i + 8 <= run; i += 8)
        for (size_t k = 0; k < STREAMS; k++) {
            const uint64_t *p = w + k * run + i;
            sum[k] += (p[0] + p[1]) + (p[2] + p[3]) + ((p[4] + p[5]) + (p[6] + p[7]));
        }
    s->sum[job * 8] = sum[0] + sum[1] + sum[2] + sum[3];
}

fv_status fv__measure_bandwidth(fv_context *ctx, double *out) {
    const int workers = fv__pool_size(ctx->pool);
    uint64_t *block = fv__alloc(ctx, STREAM_BYTES, "measuring how fast memory is read");
    stream s = {block, STREAM_BYTES / sizeof *block / (size_t)workers,
                fv__alloc(ctx, (size_t)workers * 64, "measuring how fast memory is read")};
    *out = 0;
    if (block && s.sum) {
        memset(block, 1, STREAM_BYTES); /* pages that nobody wrote are all one page */
        for (int pass = 0; pass < STREAM_PASSES; pass++) {
            const double start = fv__seconds();
            fv__pool_run(ctx->pool, workers, run_stream, &s);
            const double taken = fv__seconds() - start;
            const double bytes = (double)(s.part * (size_t)workers * sizeof *block);
            if (taken > 0 && bytes / taken > *out) *out = bytes / taken;
        }
    }
    const fv_status status = block && s.sum ? FV_OK : FV_EXHAUSTED;
    fv__free(s.sum);
    fv__free(block);
    return status;
}

/* -------------------------------------------------------------------------------- memory --- */

size_t fv__resident_bytes(void) {
    char line[256];
    size_t kilobytes = 0;
    FILE *f = fopen("/proc/self/status", "r"); /* Linux */
    if (!f) return 0;
    while (!kilobytes && fgets(line, sizeof line, f)) {
        const char *p = strncmp(line, "VmRSS:", 6) == 0 ? line + 6 : "";
        while (*p == ' ' || *p == '\t') p++;
        for (; *p >= '0' && *p <= '9'; p++) kilobytes = 10 * kilobytes + (size_t)(*p - '0');
    }
    fclose(f);
    return kilobytes << 10;
}
