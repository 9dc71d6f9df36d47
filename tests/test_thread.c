/* SPDX-License-Identifier: MIT */
/*
 * test_thread.c - the pool: every job once, by a worker that exists, whatever the timing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/denormal.h"
#include "base/file.h"
#include "base/thread.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct tally {
    int runs[4096]; /* plain on purpose: two threads at one job would be a race */
    int64_t result[4096];
    int busy[64]; /* plain on purpose: two threads with one worker's number would too */
    atomic_int wrong;
    int workers;
    long nanoseconds; /* a job's sleep */
} tally;

static void count(void *arg, int64_t job, int worker) {
    tally *t = arg;
    if (worker < 0 || worker >= t->workers) {
        atomic_fetch_add(&t->wrong, 1);
        return;
    }
    if (t->busy[worker]++ != 0) atomic_fetch_add(&t->wrong, 1);
    if (t->nanoseconds > 0) {
        struct timespec pause = {0, t->nanoseconds};
        nanosleep(&pause, NULL);
    }
    t->runs[job]++;
    t->result[job] = job * job + 1;
    t->busy[worker]--;
}

static void check(tally *t, int64_t jobs) {
    assert_int_equal(atomic_load(&t->wrong), 0);
    for (int64_t i = 0; i < 4096; i++) {
        assert_int_equal(t->runs[i], i < jobs ? 1 : 0);
        if (i < jobs) assert_int_equal(t->result[i], i * i + 1);
    }
    memset(t->runs, 0, sizeof t->runs);
}

/* Results of an addition, a product and a read of denormals: 1 where one is not zero. */
static void use_denormals(void *arg, int64_t job, int worker) {
    tally *t = arg;
    volatile float least = 0x1p-126f, small = 0x1p-140f, one = 1.0f;
    volatile double deep = 0x1p-1060;
    t->result[job] = (least * 0.5f != 0) + (small * one != 0) + (small * 0x1p100f != 0) +
                     (deep * 2.0 != 0) + (least - least * 0.75f != least);
    t->runs[job] = worker;
    struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL); /* so that every worker gets some */
}

/* Within a job denormals are zero, in workers and in the caller; the caller's own state is as
   before, whether he had them on or off. */
static void test_denormals_are_zero(void **state) {
    (void)state;
    if (!FV_DENORMAL_BITS) skip();
    fv_context ctx = {0};
    const uint64_t found = fv__denormal_word();
    tally *t = calloc(1, sizeof *t);
    for (int i = 0; i < 8; i++) {
        fv_pool *pool;
        const int threads = i % 4 + 1;
        const uint64_t mine = i < 4 ? found : found | FV_DENORMAL_BITS;
        fv__denormal_set_word(mine);
        assert_int_equal(fv__pool_new(&ctx, threads, &pool), FV_OK);
        int seen = 0; /* workers, as bits; a busy machine may take some rounds */
        for (int round = 0; round < 5000 && seen != (1 << fv__pool_size(pool)) - 1; round++) {
            const int64_t jobs = round % 2 ? 39 : 1;
            memset(t, 0xff, sizeof *t);
            fv__pool_run(pool, jobs, use_denormals, t);
            for (int64_t j = 0; j < jobs; j++) {
                assert_int_equal(t->result[j], 0);
                seen |= 1 << t->runs[j];
            }
            assert_int_equal(fv__denormal_word() & FV_DENORMAL_BITS, mine & FV_DENORMAL_BITS);
        }
        assert_int_equal(seen, (1 << fv__pool_size(pool)) - 1);
        fv__pool_run(NULL, 3, use_denormals, t);
        for (int64_t j = 0; j < 3; j++) assert_int_equal(t->result[j], 0);
        fv__pool_free(pool);
    }
    fv__denormal_set_word(found);
    use_denormals(t, 0, 0);
    assert_int_equal(t->result[0], 5); /* here they are numbers */
    free(t);
}

static void test_every_job_once(void **state) {
    (void)state;
    static const int64_t jobs[] = {0, 1, 2, 3, 7, 64, 1000, 4096};
    fv_context ctx = {0};
    tally *t = calloc(1, sizeof *t);
    for (int threads = 1; threads <= 9; threads++) {
        fv_pool *pool;
        assert_int_equal(fv__pool_new(&ctx, threads, &pool), FV_OK);
        assert_in_range(fv__pool_size(pool), 1, threads);
        t->workers = fv__pool_size(pool);
        for (int round = 0; round < 20; round++) {
            for (size_t k = 0; k < sizeof jobs / sizeof *jobs; k++) {
                fv__pool_run(pool, jobs[k], count, t);
                check(t, jobs[k]);
            }
        }
        fv__pool_free(pool);
    }
    free(t);
}

/* Thousands of calls right behind one another: late workers of one meet the next. */
static void test_many_small_calls(void **state) {
    (void)state;
    fv_context ctx = {0};
    tally *t = calloc(1, sizeof *t);
    static const int sizes[] = {2, 3, 8};
    for (int s = 0; s < 3; s++) {
        fv_pool *pool;
        assert_int_equal(fv__pool_new(&ctx, sizes[s], &pool), FV_OK);
        t->workers = fv__pool_size(pool);
        for (int i = 0; i < 20000; i++) {
            int64_t jobs = 2 + i % 5;
            fv__pool_run(pool, jobs, count, t);
            for (int64_t k = 0; k < jobs; k++) {
                if (t->runs[k] != 1)
                    fail_msg("job %d of call %d ran %d times", (int)k, i, t->runs[k]);
                t->runs[k] = 0;
            }
        }
        check(t, 0);
        fv__pool_free(pool);
    }
    free(t);
}

/* Jobs and pauses longer than any spinning: workers and caller sleep and are woken. */
static void test_sleepers_wake(void **state) {
    (void)state;
    fv_context ctx = {0};
    tally *t = calloc(1, sizeof *t);
    fv_pool *pool;
    assert_int_equal(fv__pool_new(&ctx, 4, &pool), FV_OK);
    t->workers = fv__pool_size(pool);
    for (int i = 0; i < 60; i++) {
        struct timespec pause = {0, i % 3 * 300000};
        nanosleep(&pause, NULL);
        t->nanoseconds = i % 2 * 200000;
        fv__pool_run(pool, 2 + i % 7, count, t);
        check(t, 2 + i % 7);
    }
    fv__pool_free(pool);
    free(t);
}

/* Jobs that wait until as many threads as there are jobs have one. */
typedef struct meeting {
    atomic_int here;
    int all;
    int worker[16];
} meeting;

static void meet(void *arg, int64_t job, int worker) {
    meeting *m = arg;
    m->worker[job] = worker;
    const int until = (atomic_fetch_add(&m->here, 1) / m->all + 1) * m->all;
    while (atomic_load(&m->here) < until) sched_yield();
}

/* All threads take part in a call, and a job of a given number goes to the same one each time. */
static void test_same_job_same_worker(void **state) {
    (void)state;
    fv_context ctx = {0};
    for (int threads = 2; threads <= 5; threads++) {
        meeting m = {.all = threads};
        fv_pool *pool;
        assert_int_equal(fv__pool_new(&ctx, threads, &pool), FV_OK);
        if (fv__pool_size(pool) == threads) {
            for (int round = 0; round < 50; round++) {
                fv__pool_run(pool, threads, meet, &m);
                for (int i = 0; i < threads; i++) assert_int_equal(m.worker[i], i);
            }
        }
        fv__pool_free(pool);
    }
}

#ifdef FV_HAVE_THREADS
typedef struct caller {
    pthread_t thread;
    tally *tally;
} caller;

static void *call_often(void *arg) {
    const caller *c = arg;
    fv_context ctx = {0};
    fv_pool *pool;
    if (fv__pool_new(&ctx, 0, &pool) != FV_OK) return NULL;
    c->tally->workers = fv__pool_size(pool);
    for (int i = 0; i < 3000; i++) fv__pool_run(pool, 1 + i % 40, count, c->tally);
    fv__pool_free(pool);
    return arg;
}

/* Several pools with threads for all processors at once. */
static void test_pools_side_by_side(void **state) {
    (void)state;
    caller callers[3];
    for (int i = 0; i < 3; i++) {
        callers[i].tally = calloc(1, sizeof(tally));
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        void *came_through = NULL;
        pthread_join(callers[i].thread, &came_through);
        assert_non_null(came_through);
        assert_int_equal(atomic_load(&callers[i].tally->wrong), 0);
        for (int j = 0; j < 40; j++)
            assert_int_equal(callers[i].tally->runs[j], 3000 / 40 * (40 - j));
        free(callers[i].tally);
    }
}

#else
static void test_pools_side_by_side(void **state) {
    (void)state;
    skip();
}
#endif

/* One file of a folder of control groups. */
static void state_limit(const char *folder, const char *name, const char *text) {
    fv_context ctx = {0};
    char path[256];
    snprintf(path, sizeof path, "thread_groups/%s", folder);
    assert_int_equal(fv__folder_make(&ctx, path), FV_OK);
    snprintf(path, sizeof path, "thread_groups/%s/%s", folder, name);
    assert_int_equal(fv__file_write(&ctx, path, text, strlen(text)), FV_OK);
}

static int granted(const char *groups) {
    state_limit("", "groups", groups);
    return fv__cores_granted("thread_groups/groups", "thread_groups");
}

/* What control groups grant, in both of their versions, rounded up; the least on the way counts. */
static void test_cores_granted(void **state) {
    (void)state;
    state_limit("a", "cpu.max", "250000 100000\n");
    state_limit("a/b", "cpu.max", "max 100000\n");
    state_limit("a/b/c", "cpu.max", "600000 100000\n");
    state_limit("tiny", "cpu.max", "1000 100000\n");
    state_limit("bad", "cpu.max", "many 0\n");
    state_limit("zero", "cpu.max", "100000 0\n");
    state_limit("cpu,cpuacct/d", "cpu.cfs_quota_us", "400000\n");
    state_limit("cpu,cpuacct/d", "cpu.cfs_period_us", "100000\n");
    state_limit("cpu,cpuacct/d/e", "cpu.cfs_quota_us", "-1\n");
    state_limit("cpu,cpuacct/d/e", "cpu.cfs_period_us", "100000\n");
    assert_int_equal(granted("0::/a\n"), 3);
    assert_int_equal(granted("0::/a/b\n"), 3);
    assert_int_equal(granted("0::/a/b/c\n"), 3);
    assert_int_equal(granted("0::/tiny\n"), 1);
    assert_int_equal(granted("0::/bad\n"), 0);
    assert_int_equal(granted("0::/zero\n"), 0);
    assert_int_equal(granted("0::/\n"), 0);
    assert_int_equal(granted("0::/a/../a\n"), 0);
    assert_int_equal(granted("3:cpuset:/d\n2:cpu,cpuacct:/d/e\n0::/none\n"), 4);
    assert_int_equal(granted("2:cpu,cpuacct:/d\n0::/a\n"), 3);
    assert_int_equal(granted("nonsense\n::::\n"), 0);
    assert_int_equal(fv__cores_granted("thread_groups/none", "thread_groups"), 0);
}

static void test_edges(void **state) {
    (void)state;
    fv_context ctx = {0};
    tally *t = calloc(1, sizeof *t);
    t->workers = 1;
    assert_int_equal(fv__pool_size(NULL), 1);
    fv__pool_run(NULL, 5, count, t);
    check(t, 5);
    fv__pool_free(NULL);
    assert_true(fv__cores() >= 1);
    fv_pool *pool;
    assert_int_equal(fv__pool_new(&ctx, 0, &pool), FV_OK);
    assert_in_range(fv__pool_size(pool), 1, fv__cores());
    fv__pool_free(pool);           /* never used */
    for (int i = 0; i < 50; i++) { /* freed while the workers are still starting */
        assert_int_equal(fv__pool_new(&ctx, 5, &pool), FV_OK);
        fv__pool_free(pool);
    }
    assert_int_equal(fv__pool_new(&ctx, 100000, &pool), FV_OK); /* more than there can be */
    assert_in_range(fv__pool_size(pool), 1, 1024);
    fv__pool_free(pool);
    free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_denormals_are_zero),   cmocka_unit_test(test_every_job_once),
        cmocka_unit_test(test_many_small_calls),     cmocka_unit_test(test_sleepers_wake),
        cmocka_unit_test(test_same_job_same_worker), cmocka_unit_test(test_pools_side_by_side),
        cmocka_unit_test(test_cores_granted),        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
