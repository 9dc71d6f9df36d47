/* SPDX-License-Identifier: MIT */
/*
 * thread.c - the pool.
 *
 * A call puts down what is to be done and the number of jobs in `waiting`; whoever takes one off
 * that counter has a job, and may read the description only then. A job that is taken and not yet
 * done keeps the call, and with it the description, alive: a worker that comes late, or while the
 * next call begins, finds either nothing or a job of that next call, and both are right. So no
 * call waits for workers that slept through it.
 *
 * A step of a small network takes some 20 microseconds and has many calls. Workers therefore look
 * for work for a while (SPIN_SECONDS, about what it costs to be woken) before they sleep.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "base/thread.h"
#include "base/cpu_features.h"
#include "base/denormal.h"
#include "base/memory.h"

#include <stdlib.h>
#if !defined(__wasi__)
#include <unistd.h>
#endif

#ifdef FV_HAVE_THREADS

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#if defined(__linux__)
#include <sched.h>
#endif

#define SPIN_SECONDS 30e-6
#define POOL_MOST    1024

typedef struct worker {
    struct fv_pool *pool;
    pthread_t thread;
    int number;
} worker;

struct fv_pool {
    /* Written before `waiting`, read only by who took a job. */
    fv_job_fn *fn;
    void *arg;
    int64_t jobs;
    _Alignas(64) atomic_llong waiting; /* jobs nobody has taken; below 1: none */
    _Alignas(64) atomic_llong undone;  /* jobs not finished */
    _Alignas(64) atomic_int sleepers;  /* workers asleep or about to be */
    atomic_int caller_sleeps;
    atomic_int stop;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    bool spin; /* false when there are more threads than processors */
    int size;
    worker *workers; /* [size - 1] */
};

/* Lets the processor's other half, or its clock, have the time. */
static inline void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
    __asm__ volatile("yield" ::: "memory");
#endif
}

/* Waits a little for a condition on the pool; whether it came true. */
static bool spin_until(fv_pool *pool, bool (*ready)(fv_pool *)) {
    if (ready(pool)) return true;
    if (!pool->spin) return false;
    double end = fv__seconds() + SPIN_SECONDS;
    do {
        for (int i = 0; i < 16; i++) {
            pause_briefly();
            if (ready(pool)) return true;
        }
    } while (fv__seconds() < end);
    return false;
}

static bool work_waits(fv_pool *pool) {
    return atomic_load_explicit(&pool->waiting, memory_order_relaxed) > 0 ||
           atomic_load_explicit(&pool->stop, memory_order_relaxed) != 0;
}

static bool all_done(fv_pool *pool) {
    return atomic_load(&pool->undone) == 0;
}

/* Takes jobs until none waits. */
static void take_jobs(fv_pool *pool, int number) {
    while (atomic_load_explicit(&pool->waiting, memory_order_relaxed) > 0) {
        /* Acquire: sees the description put down before the counter. */
        long long rest = atomic_fetch_sub_explicit(&pool->waiting, 1, memory_order_acq_rel);
        if (rest <= 0) return;
        pool->fn(pool->arg, pool->jobs - (int64_t)rest, number);
        if (atomic_fetch_sub(&pool->undone, 1) == 1 && atomic_load(&pool->caller_sleeps) != 0) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

static void *work(void *arg) {
    worker *self = arg;
    fv_pool *pool = self->pool;
    (void)fv__denormals_off(); /* for life: the thread is ours */
    for (;;) {
        if (!spin_until(pool, work_waits)) {
            /* Counted as a sleeper first, looked again then: a caller that sees no sleeper has put
               down its jobs before that look. */
            pthread_mutex_lock(&pool->lock);
            atomic_fetch_add(&pool->sleepers, 1);
            while (atomic_load(&pool->waiting) <= 0 && atomic_load(&pool->stop) == 0) {
                pthread_cond_wait(&pool->wake, &pool->lock);
            }
            atomic_fetch_sub(&pool->sleepers, 1);
            pthread_mutex_unlock(&pool->lock);
        }
        if (atomic_load(&pool->stop) != 0) return NULL;
        take_jobs(pool, self->number);
    }
}

int fv__cores(void) {
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
        return CPU_COUNT(&set);
    }
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > POOL_MOST ? POOL_MOST : (int)n;
}

/* Starts workers until `threads` run, or the system gives no more. Signals stay with the threads
   of the program: a worker blocks all of them. */
static void start_workers(fv_pool *pool, int threads) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (pool->size < threads) {
        worker *w = &pool->workers[pool->size - 1];
        w->pool = pool;
        w->number = pool->size;
        if (pthread_create(&w->thread, NULL, work, w) != 0) break;
        pool->size++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

fv_status fv__pool_new(fv_context *ctx, int threads, fv_pool **out) {
    *out = NULL;
    if (threads <= 0) threads = fv__cores();
    if (threads > POOL_MOST) threads = POOL_MOST;
    fv_pool *pool = fv__alloc(ctx, sizeof *pool, "the threads");
    if (pool == NULL) return FV_EXHAUSTED;
    pool->size = 1;
    pool->spin = threads <= fv__cores();
    if (threads > 1) {
        pool->workers = fv__alloc(ctx, (size_t)(threads - 1) * sizeof(worker), "the threads");
        if (pool->workers == NULL) {
            fv__free(pool);
            return FV_EXHAUSTED;
        }
    }
    bool ok = pthread_mutex_init(&pool->lock, NULL) == 0;
    if (ok && pthread_cond_init(&pool->wake, NULL) != 0) {
        pthread_mutex_destroy(&pool->lock);
        ok = false;
    }
    if (ok && pthread_cond_init(&pool->done, NULL) != 0) {
        pthread_cond_destroy(&pool->wake);
        pthread_mutex_destroy(&pool->lock);
        ok = false;
    }
    if (!ok) {
        fv__free(pool->workers);
        fv__free(pool);
        return fv__fail(ctx, FV_EXHAUSTED, "the system gives no lock for the threads");
    }
    start_workers(pool, threads);
    if (pool->size < threads)
        fv__log(ctx, FV_LOG_WARNING, "the system gives %d threads; %d were asked for", pool->size,
                threads);
    *out = pool;
    return FV_OK;
}

void fv__pool_free(fv_pool *pool) {
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->stop, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->size - 1; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    fv__free(pool->workers);
    fv__free(pool);
}

/* Wakes as many sleepers as there are jobs for them beside the caller's. */
static void wake_workers(fv_pool *pool, int64_t jobs) {
    int sleepers = atomic_load(&pool->sleepers);
    if (sleepers == 0) return;
    pthread_mutex_lock(&pool->lock);
    if (jobs - 1 >= sleepers) {
        pthread_cond_broadcast(&pool->wake);
    } else {
        for (int64_t i = 1; i < jobs; i++) pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->lock);
}

/* On all threads; returns when all jobs are done. */
static void share_out(fv_pool *pool, int64_t jobs, fv_job_fn *fn, void *arg) {
    pool->fn = fn;
    pool->arg = arg;
    pool->jobs = jobs;
    atomic_store_explicit(&pool->undone, jobs, memory_order_relaxed);
    atomic_store(&pool->waiting, jobs);
    wake_workers(pool, jobs);
    take_jobs(pool, 0);
    if (spin_until(pool, all_done)) return;
    atomic_store(&pool->caller_sleeps, 1);
    pthread_mutex_lock(&pool->lock);
    while (atomic_load(&pool->undone) != 0) pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    atomic_store(&pool->caller_sleeps, 0);
}

#else /* without threads everything runs in the caller */

struct fv_pool {
    int size;
};

int fv__cores(void) {
    return 1;
}

fv_status fv__pool_new(fv_context *ctx, int threads, fv_pool **out) {
    (void)threads;
    fv_pool *pool = fv__alloc(ctx, sizeof *pool, "the threads");
    if (pool != NULL) pool->size = 1;
    *out = pool;
    return pool == NULL ? FV_EXHAUSTED : FV_OK;
}

void fv__pool_free(fv_pool *pool) {
    fv__free(pool);
}

static void share_out(fv_pool *pool, int64_t jobs, fv_job_fn *fn, void *arg) {
    (void)pool;
    for (int64_t i = 0; i < jobs; i++) fn(arg, i, 0);
}

#endif

int fv__pool_size(const fv_pool *pool) {
    return pool == NULL ? 1 : pool->size;
}

void fv__pool_run(fv_pool *pool, int64_t jobs, fv_job_fn *fn, void *arg) {
    const fv_denormal_state before = fv__denormals_off();
    if (fv__pool_size(pool) == 1 || jobs <= 1)
        for (int64_t i = 0; i < jobs; i++) fn(arg, i, 0);
    else
        share_out(pool, jobs, fn, arg);
    fv__denormals_restore(before);
}

/* ---------------------------------------------------------------------------------- locks --- */

#ifdef FV_HAVE_THREADS
void fv__mutex_init(fv_mutex *mutex) {
    (void)pthread_mutex_init(mutex, NULL);
}
void fv__mutex_destroy(fv_mutex *mutex) {
    (void)pthread_mutex_destroy(mutex);
}
void fv__lock(fv_mutex *mutex) {
    (void)pthread_mutex_lock(mutex);
}
void fv__unlock(fv_mutex *mutex) {
    (void)pthread_mutex_unlock(mutex);
}
#else
void fv__mutex_init(fv_mutex *mutex) {
    (void)mutex;
}
void fv__mutex_destroy(fv_mutex *mutex) {
    (void)mutex;
}
void fv__lock(fv_mutex *mutex) {
    (void)mutex;
}
void fv__unlock(fv_mutex *mutex) {
    (void)mutex;
}
#endif
