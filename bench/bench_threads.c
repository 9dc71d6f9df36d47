/* SPDX-License-Identifier: MIT */
/*
 * bench_threads - what the pool costs: to begin a call on all threads and to end it, and what it
 * burns while nobody calls.
 *
 *     bench_threads [threads=N] [seconds=S]
 *
 * The jobs of a call wait for one another, so that every thread takes part: the time is that from
 * the call to its return with one cache line's trip between them in it. Prints the least and the
 * median of calls right behind one another, and of calls some time apart, between which workers
 * look for work or sleep. `idle` is processor time over time while nothing is called.
 */
#include "base/cpu_features.h"
#include "base/thread.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALLS_MOST 200000

typedef struct meeting {
    _Alignas(64) atomic_int here;
    int all;
} meeting;

static void meet(void *arg, int64_t job, int worker) {
    meeting *m = arg;
    (void)job;
    (void)worker;
    atomic_fetch_add(&m->here, 1);
    while (atomic_load_explicit(&m->here, memory_order_relaxed) % m->all != 0) continue;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void wait_for(double seconds) {
    const double end = fv__seconds() + seconds;
    while (fv__seconds() < end) continue;
}

/* Calls, `apart` seconds after one another, for as long as asked. */
static void time_calls(fv_pool *pool, const char *label, double apart, double seconds,
                       double *times) {
    meeting m = {.all = fv__pool_size(pool)};
    const double end = fv__seconds() + seconds;
    int count = 0;
    do {
        if (apart > 0) wait_for(apart);
        const double start = fv__seconds();
        fv__pool_run(pool, m.all, meet, &m);
        times[count++] = fv__seconds() - start;
    } while (count < CALLS_MOST && fv__seconds() < end);
    qsort(times, (size_t)count, sizeof *times, by_size);
    printf("%-24s least %8.0f ns   median %8.0f ns   of %d calls\n", label, 1e9 * times[0],
           1e9 * times[count / 2], count);
}

static void time_idle(double seconds) {
    const struct timespec pause = {(time_t)seconds,
                                   (long)(1e9 * (seconds - (double)(time_t)seconds))};
    const double start = fv__seconds();
    const clock_t used = clock();
    nanosleep(&pause, NULL);
    printf("%-24s %.2f %% of a processor\n", "idle",
           100.0 * (double)(clock() - used) / CLOCKS_PER_SEC / (fv__seconds() - start));
}

int main(int argc, char **argv) {
    fv_context ctx = {0};
    int threads = 0;
    double seconds = 0.5;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "threads=", 8) == 0)
            threads = atoi(argv[i] + 8);
        else if (strncmp(argv[i], "seconds=", 8) == 0)
            seconds = atof(argv[i] + 8);
        else {
            fprintf(stderr, "usage: bench_threads [threads=N] [seconds=S]\n");
            return 2;
        }
    }
    fv_pool *pool;
    double *times = malloc(CALLS_MOST * sizeof *times);
    if (!times || fv__pool_new(&ctx, threads, &pool) != FV_OK) {
        fprintf(stderr, "no memory\n");
        free(times);
        return 1;
    }
    printf("%d threads, %d processors\n", fv__pool_size(pool), fv__cores());
    time_calls(pool, "one after the other", 0, seconds, times);
    time_calls(pool, "10 microseconds apart", 10e-6, seconds, times);
    time_calls(pool, "1 millisecond apart", 1e-3, seconds, times);
    time_idle(seconds);
    fv__pool_free(pool);
    free(times);
    return 0;
}
