/* SPDX-License-Identifier: MIT */
/*
 * ops_main.c - the checks of operators and of their implementations as a plain program, for targets
 * without cmocka: aarch64 under qemu-user, wasm32-wasi under Node.
 */
#include "impl_cases.h"
#include "op_cases.h"

#include <stdio.h>

int main(void) {
    op_tally tally = {0};
    (void)op_cases(&tally);
    impl_mutants(&tally);
    for (int level = 0; level < impl_levels(); level++) impl_cases(&tally, level);
    printf("%d passed, %d failed, %d skipped\n", tally.passed, tally.failed, tally.skipped);
    return tally.failed == 0 ? 0 : 1;
}
