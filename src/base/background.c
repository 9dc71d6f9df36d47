/* SPDX-License-Identifier: MIT */
/*
 * background.c - a lock, and two conditions: there is work, there is none any more.
 */
#include "base/background.h"
#include "base/memory.h"

#ifdef FV_HAVE_THREADS

#include <pthread.h>
#include <signal.h>

struct fv_background {
    void (*fn)(void *arg);
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t begun, ended;
    bool busy, stop;
};

static void *work(void *arg) {
    fv_background *b = arg;
    pthread_mutex_lock(&b->lock);
    for (;;) {
        while (!b->busy && !b->stop) pthread_cond_wait(&b->begun, &b->lock);
        if (!b->busy) break;
        pthread_mutex_unlock(&b->lock);
        b->fn(b->arg);
        pthread_mutex_lock(&b->lock);
        b->busy = false;
        pthread_cond_signal(&b->ended);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

static bool make_locks(fv_background *b) {
    if (pthread_mutex_init(&b->lock, NULL) != 0) return false;
    if (pthread_cond_init(&b->begun, NULL) == 0) {
        if (pthread_cond_init(&b->ended, NULL) == 0) return true;
        pthread_cond_destroy(&b->begun);
    }
    pthread_mutex_destroy(&b->lock);
    return false;
}

static void drop_locks(fv_background *b) {
    pthread_cond_destroy(&b->ended);
    pthread_cond_destroy(&b->begun);
    pthread_mutex_destroy(&b->lock);
}

/* Signals stay with the threads of the program. */
static bool start(fv_background *b) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const bool started = pthread_create(&b->thread, NULL, work, b) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return started;
}

fv_status fv__background_new(fv_context *ctx, void (*fn)(void *arg), void *arg,
                             fv_background **out) {
    *out = NULL;
    fv_background *b = fv__alloc(ctx, sizeof *b, "a thread");
    if (!b) return FV_EXHAUSTED;
    b->fn = fn;
    b->arg = arg;
    if (!make_locks(b)) {
        fv__free(b);
        return fv__fail(ctx, FV_FAILED, "the system gives no lock for a thread");
    }
    if (!start(b)) {
        drop_locks(b);
        fv__free(b);
        return fv__fail(ctx, FV_FAILED, "the system gives no more threads");
    }
    *out = b;
    return FV_OK;
}

void fv__background_free(fv_background *b) {
    if (!b) return;
    pthread_mutex_lock(&b->lock);
    b->stop = true;
    pthread_cond_signal(&b->begun);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    drop_locks(b);
    fv__free(b);
}

void fv__background_begin(fv_background *b) {
    pthread_mutex_lock(&b->lock);
    b->busy = true;
    pthread_cond_signal(&b->begun);
    pthread_mutex_unlock(&b->lock);
}

void fv__background_wait(fv_background *b) {
    pthread_mutex_lock(&b->lock);
    while (b->busy) pthread_cond_wait(&b->ended, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

#else

fv_status fv__background_new(fv_context *ctx, void (*fn)(void *arg), void *arg,
                             fv_background **out) {
    (void)fn;
    (void)arg;
    *out = NULL;
    return fv__fail(ctx, FV_FAILED, "this system has no threads");
}

void fv__background_free(fv_background *b) {
    (void)b;
}

void fv__background_begin(fv_background *b) {
    (void)b;
}

void fv__background_wait(fv_background *b) {
    (void)b;
}

#endif
