/* SPDX-License-Identifier: MIT */
/*
 * Every implementation of every operator against the operator's own loops in double, for every
 * instruction set this machine has, and with 1, 2 and 3 threads to the same bits: see
 * impl_cases.h.
 *
 *   test_cpu            everything
 *   test_cpu PART OF    of as many parts the one of that number, from 0
 *   test_cpu PART OF N  there one in N of the drawn problems on each level, on the next level
 * others
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "impl_cases.h"

#define LEVELS_MOST 32

static int share; /* one in so many drawn problems; 0: all */

static void test_level(void **state) {
    const int level = *(const int *)*state;
    op_tally t = {0};
    if (!impl_level_here(level)) skip();
    impl_cases(&t, level, NULL, share);
    print_message("%d of %d drawn problems, %d checks\n", t.tried, t.drawn, t.passed);
    assert_int_equal(t.failed, 0);
    assert_true(t.passed > 0);
}

/* The checks themselves. */
static void test_mutants(void **state) {
    op_tally t = {0};
    (void)state;
    impl_mutants(&t);
    assert_int_equal(t.failed, 0);
}

int main(int argc, char **argv) {
    static int levels[LEVELS_MOST];
    struct CMUnitTest tests[LEVELS_MOST + 1] = {{0}};
    const int count = impl_levels(), part = argc > 2 ? atoi(argv[1]) : 0;
    const int of = argc > 2 ? atoi(argv[2]) : 1;
    size_t mine = 0;
    share = argc > 3 ? atoi(argv[3]) : 0;
    for (int i = 0; i < count; i++) {
        levels[i] = i;
        if (i % of != part) continue;
        tests[mine++] = (struct CMUnitTest){
            .name = impl_level_name(i), .test_func = test_level, .initial_state = &levels[i]};
    }
    if (count % of == part) tests[mine++] = (struct CMUnitTest)cmocka_unit_test(test_mutants);
    return _cmocka_run_group_tests("implementations", tests, mine, NULL, NULL);
}
