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
#include "base/thread.h"

#include <stdatomic.h>
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
        cmocka_unit_test(test_denormals_are_zero),
        cmocka_unit_test(test_every_job_once),
        cmocka_unit_test(test_many_small_calls),
        cmocka_unit_test(test_sleepers_wake),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
