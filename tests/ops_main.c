/* SPDX-License-Identifier: MIT */
/*
 * ops_main.c - the operators' checks as a plain program, for targets without cmocka: aarch64 under
 * qemu-user, wasm32-wasi under Node.
 */
#include "op_cases.h"

#include <stdio.h>

int main(void) {
    op_tally tally = {0};
    int failed = op_cases(&tally);
    printf("%d passed, %d failed\n", tally.passed, tally.failed);
    return failed == 0 ? 0 : 1;
}
