/* SPDX-License-Identifier: MIT */
/*
 * thread.c - the pool.
 *
 * Every thread has a lane: a cache line with what is to be done and a range of jobs. A call puts an
 * equal part of its jobs into each lane, so job i of n goes to the same thread every time and finds
 * what that thread left in its cache. Who is done with his own lane takes jobs from the far ends of
 * the others', so nobody waits for a thread that is late, or asleep, or has been put off the
 * processor.
 *
 * Who has taken a job off a range may read that lane's description, and only he: a job that is
 * taken and not yet counted as done keeps the call, and with it all descriptions, alive. A worker
 * that comes late, or while the next call begins, finds either nothing or a job of that next call,
 * and both are right.
 *
 * A step of a small network takes some 20 microseconds and has many calls. Who has nothing to do
 * therefore looks for a while (SPIN_SECONDS, about what it costs to be woken) before he sleeps: so
 * long and no longer is a processor kept from another pool or program that wants it. Offering it
 * meanwhile (sched_yield) would be worse: on a busy machine it comes back milliseconds later.
 */
#include "base/thread.h"
#include "base/cpu_features.h"
#include "base/denormal.h"
#include "base/memory.h"

#ifdef FV_HAVE_THREADS

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define SPIN_SECONDS 40e-6
#define POOL_MOST    1024
#define RANGE_BITS   24
#define RANGE_MOST   ((INT64_C(1) << RANGE_BITS) - 1) /* jobs of one call; more are several calls */

typedef struct lane {
    /* Jobs nobody has taken, and of which call: from the lowest bit on the next job, the end, the
       call's number. The owner takes from the front, others from the end. The rest of the lane is
       written before it, and read by who took a job. */
    _Alignas(64) atomic_ullong range;
    atomic_int asleep; /* the owner, or about to be */
    fv_job_fn *fn;
    void *arg;
    int64_t first; /* job 0 of the range */
    struct fv_pool *pool;
    pthread_t thread;
} lane;

/* What the caller writes in every call lies apart from what workers read in every call. */
struct fv_pool {
    lane *lanes; /* [size]; the caller's first */
    int size;
    bool spin;                      /* false when there are more threads than processors */
    _Alignas(64) atomic_llong done; /* jobs of this call done by workers */
    atomic_int caller_sleeps;
    _Alignas(64) atomic_int sleepers; /* workers asleep or about to be */
    atomic_int stop;
    _Alignas(64) uint16_t calls; /* as many bits as a range has for it */
    int64_t workers_jobs;        /* of the jobs of this call, once no lane has any */
    pthread_mutex_t lock;
    pthread_cond_t wake, wake_caller;
};

/* Lets the processor's other half, or its clock, have the time. */
static inline void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
    __asm__ volatile("yield" ::: "memory");
#endif
}

/* Waits a little for a condition; whether it came true. */
static bool spin_until(const fv_pool *pool, bool (*ready)(const void *), const void *arg) {
    if (ready(arg)) return true;
    if (!pool->spin) return false;
    const double end = fv__seconds() + SPIN_SECONDS;
    do {
        for (int i = 0; i < 32; i++) {
            pause_briefly();
            if (ready(arg)) return true;
        }
    } while (fv__seconds() < end);
    return false;
}

/* ----------------------------------------------------------------------------------- jobs --- */

static unsigned call_of(unsigned long long range) {
    return (unsigned)(range >> 2 * RANGE_BITS);
}

static unsigned long long make_range(unsigned call, int64_t next, int64_t end) {
    return (unsigned long long)call << 2 * RANGE_BITS | (unsigned long long)end << RANGE_BITS |
           (unsigned long long)next;
}

/* The next job of a lane in that call, from its front or its end. Whoever comes late out of a call
   takes nothing of the next one before he has been called himself. */
static bool take_job(lane *l, unsigned call, bool front, int64_t *job) {
    unsigned long long range = atomic_load_explicit(&l->range, memory_order_relaxed);
    for (;;) {
        const int64_t next = (int64_t)(range & (unsigned long long)RANGE_MOST);
        const int64_t end = (int64_t)(range >> RANGE_BITS & (unsigned long long)RANGE_MOST);
        if (next >= end || call_of(range) != call) return false;
        const unsigned long long less = make_range(call, next + front, end - !front);
        /* Acquire: sees the description put down before the range. */
        if (atomic_compare_exchange_weak_explicit(&l->range, &range, less, memory_order_acquire,
                                                  memory_order_relaxed)) {
            *job = front ? next : end - 1;
            return true;
        }
    }
}

/* Does all jobs it can get of a lane; how many. */
static int64_t empty_lane(fv_pool *pool, int owner, unsigned call, int number) {
    lane *l = &pool->lanes[owner];
    int64_t done = 0, job;
    for (; take_job(l, call, owner == number, &job); done++) l->fn(l->arg, l->first + job, number);
    return done;
}

/* -------------------------------------------------------------------------------- workers --- */

typedef struct watch {
    fv_pool *pool;
    lane *own;
    unsigned seen; /* the call it last took part in */
} watch;

static bool called(const void *arg) {
    const watch *w = arg;
    return call_of(atomic_load_explicit(&w->own->range, memory_order_acquire)) != w->seen ||
           atomic_load_explicit(&w->pool->stop, memory_order_relaxed) != 0;
}

/* Counted as a sleeper first, looked again then; a caller puts down its jobs first and counts the
   sleepers then. Both counts are changes of one number, so one of the two sees the other. */
static void sleep_until_called(const watch *w) {
    pthread_mutex_lock(&w->pool->lock);
    atomic_store(&w->own->asleep, 1);
    atomic_fetch_add(&w->pool->sleepers, 1);
    while (!called(w)) pthread_cond_wait(&w->pool->wake, &w->pool->lock);
    atomic_fetch_sub(&w->pool->sleepers, 1);
    atomic_store(&w->own->asleep, 0);
    pthread_mutex_unlock(&w->pool->lock);
}

/* Counts jobs as done, and wakes the caller, who looks whether they were the last. */
static void count_done(fv_pool *pool, int64_t done) {
    if (done == 0) return;
    atomic_fetch_add(&pool->done, done);
    if (atomic_load(&pool->caller_sleeps) == 0) return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_signal(&pool->wake_caller);
    pthread_mutex_unlock(&pool->lock);
}

/* Its own lane first, which is counted before it looks at others. */
static void do_jobs(fv_pool *pool, unsigned call, int number) {
    for (int i = 0; i < pool->size; i++)
        count_done(pool, empty_lane(pool, (number + i) % pool->size, call, number));
}

static void *work(void *arg) {
    lane *own = arg;
    watch w = {own->pool, own, 0};
    (void)fv__denormals_off(); /* for life: the thread is ours */
    for (;;) {
        if (!spin_until(w.pool, called, &w)) sleep_until_called(&w);
        if (atomic_load(&w.pool->stop) != 0) return NULL;
        w.seen = call_of(atomic_load_explicit(&own->range, memory_order_relaxed));
        do_jobs(w.pool, w.seen, (int)(own - w.pool->lanes));
    }
}

/* Starts workers until `threads` run, or the system gives no more. Signals stay with the threads
   of the program: a worker blocks all of them. A worker reads `size` only when it has been called.
 */
static void start_workers(fv_pool *pool, int threads) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (pool->size < threads) {
        lane *l = &pool->lanes[pool->size];
        l->pool = pool;
        if (pthread_create(&l->thread, NULL, work, l) != 0) break;
        pool->size++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static bool make_locks(fv_pool *pool) {
    if (pthread_mutex_init(&pool->lock, NULL) != 0) return false;
    if (pthread_cond_init(&pool->wake, NULL) == 0) {
        if (pthread_cond_init(&pool->wake_caller, NULL) == 0) return true;
        pthread_cond_destroy(&pool->wake);
    }
    pthread_mutex_destroy(&pool->lock);
    return false;
}

fv_status fv__pool_new(fv_context *ctx, int threads, fv_pool **out) {
    *out = NULL;
    const int cores = fv__cores();
    if (threads <= 0) threads = cores;
    if (threads > POOL_MOST) threads = POOL_MOST;
    fv_pool *pool = fv__alloc(ctx, sizeof *pool, "the threads");
    if (pool == NULL) return FV_EXHAUSTED;
    pool->size = 1;
    pool->spin = threads <= cores;
    pool->lanes = fv__alloc(ctx, (size_t)threads * sizeof(lane), "the threads");
    const bool locks = pool->lanes != NULL && make_locks(pool);
    if (!locks) {
        const bool memory = pool->lanes != NULL;
        fv__free(pool->lanes);
        fv__free(pool);
        return memory ? fv__fail(ctx, FV_EXHAUSTED, "the system gives no lock for the threads")
                      : FV_EXHAUSTED;
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
    for (int i = 1; i < pool->size; i++) pthread_join(pool->lanes[i].thread, NULL);
    pthread_cond_destroy(&pool->wake_caller);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    fv__free(pool->lanes);
    fv__free(pool);
}

/* ----------------------------------------------------------------------------------- calls --- */

/* Wakes the workers that sleep while there are jobs in their lanes. */
static void wake_workers(fv_pool *pool, int lanes) {
    if (atomic_fetch_add(&pool->sleepers, 0) == 0) return;
    for (int i = 1; i < lanes; i++) {
        if (atomic_load(&pool->lanes[i].asleep) == 0) continue;
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
        return;
    }
}

static bool all_done(const void *arg) {
    const fv_pool *pool = arg;
    return atomic_load(&((fv_pool *)(uintptr_t)arg)->done) == pool->workers_jobs;
}

/* On all threads; returns when all jobs, RANGE_MOST at most, are done. */
static void share_out(fv_pool *pool, int64_t first, int64_t jobs, fv_job_fn *fn, void *arg) {
    const int lanes = jobs < pool->size ? (int)jobs : pool->size;
    const unsigned call = ++pool->calls;
    atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
    for (int i = 0; i < lanes; i++) {
        lane *l = &pool->lanes[i];
        l->fn = fn;
        l->arg = arg;
        l->first = first;
        atomic_store_explicit(&l->range, make_range(call, jobs * i / lanes, jobs * (i + 1) / lanes),
                              memory_order_release);
    }
    wake_workers(pool, lanes);
    pool->workers_jobs = jobs;
    for (int i = 0; i < pool->size; i++) pool->workers_jobs -= empty_lane(pool, i, call, 0);
    if (spin_until(pool, all_done, pool)) return;
    atomic_store(&pool->caller_sleeps, 1);
    pthread_mutex_lock(&pool->lock);
    while (!all_done(pool)) pthread_cond_wait(&pool->wake_caller, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    atomic_store(&pool->caller_sleeps, 0);
}

#else /* without threads everything runs in the caller */

struct fv_pool {
    int size;
};

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

#define RANGE_MOST INT64_MAX
static void share_out(fv_pool *pool, int64_t first, int64_t jobs, fv_job_fn *fn, void *arg) {
    (void)pool;
    for (int64_t i = first; i < first + jobs; i++) fn(arg, i, 0);
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
        for (int64_t i = 0; i < jobs; i += RANGE_MOST)
            share_out(pool, i, jobs - i < RANGE_MOST ? jobs - i : RANGE_MOST, fn, arg);
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
