/* SPDX-License-Identifier: MIT */
/*
 * thread.h - a pool of worker threads that share out numbered jobs.
 *
 * A job's result may depend on its number, never on who ran it: that is how any number of threads
 * gives the same bits. Built without threads, everything runs in the caller.
 */
#ifndef FV_BASE_THREAD_H
#define FV_BASE_THREAD_H

#include "base/cores.h"
#include "base/error.h"
#ifdef FV_HAVE_THREADS
#include <pthread.h>
#endif

typedef struct fv_pool fv_pool;

/* job: 0 … jobs-1; worker: 0 … fv__pool_size()-1, for scratch memory of one's own. */
typedef void fv_job_fn(void *arg, int64_t job, int worker);

/* threads <= 0: fv__cores(). Fewer threads than asked for when the system gives no more. */
FV_MUST_USE fv_status fv__pool_new(fv_context *ctx, int threads, fv_pool **out);
void fv__pool_free(fv_pool *pool);
int fv__pool_size(const fv_pool *pool); /* 1 for NULL */

/* Runs fn(arg, 0) … fn(arg, jobs-1) on the pool and returns when all are done. The caller takes
   part as worker 0. Each thread begins with its own part of the jobs, the same one in each call of
   as many jobs. Not re-entrant: a job may not call it on the same pool. Within a job, denormal
   numbers are zero (base/denormal.h), whoever runs it. */
void fv__pool_run(fv_pool *pool, int64_t jobs, fv_job_fn *fn, void *arg);

/* A lock for the little that threads share; nothing where there are no threads. */
#ifdef FV_HAVE_THREADS
typedef pthread_mutex_t fv_mutex;
#else
typedef char fv_mutex;
#endif
void fv__mutex_init(fv_mutex *mutex);
void fv__mutex_destroy(fv_mutex *mutex);
void fv__lock(fv_mutex *mutex);
void fv__unlock(fv_mutex *mutex);

#endif
