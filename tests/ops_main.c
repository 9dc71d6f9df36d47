/* SPDX-License-Identifier: MIT */
/*
 * ops_main.c - the checks of operators and of their implementations as a plain program, for targets
 * without cmocka: aarch64 under qemu-user, wasm32-wasi under Node.
 *
 *   ops_main              everything
 *   ops_main OPERATOR...  what concerns these
 */
#include "impl_cases.h"
#include "op_cases.h"

#include <stdio.h>

static void check_one(op_tally *t, const char *name) {
    const fv_op *op = fv__op_find(name);
    if (!op_check(t, op != NULL, "there is no operator %s", name)) return;
    op_check_declaration(t, op);
    op_check_gradients(t, op);
    op_check_precision(t, op);
    op_check_contract(t, op);
    for (int level = 0; level < impl_levels(); level++) impl_cases(t, level, op, 0);
}

int main(int argc, char **argv) {
    op_tally tally = {0};
    for (int i = 1; i < argc; i++) check_one(&tally, argv[i]);
    if (argc < 2) {
        (void)op_cases(&tally);
        impl_mutants(&tally);
        for (int level = 0; level < impl_levels(); level++) impl_cases(&tally, level, NULL, 0);
    }
    printf("%d passed, %d failed, %d skipped\n", tally.passed, tally.failed, tally.skipped);
    return tally.failed == 0 ? 0 : 1;
}
