/* SPDX-License-Identifier: MIT */
/*
 * by_hand.h - problems whose numbers are worked out on paper. Include once, in the test's own file,
 * behind cmocka.
 */
#ifndef BY_HAND_H
#define BY_HAND_H

#include "op_problem.h"

#include <math.h>

static void start(op_problem *p, const char *op, const char *sample) {
    const fv_op *found = fv__op_find(op);
    assert_non_null(found);
    if (op_make(p, found, sample, FV_F64, 0) != FV_OK) fail_msg("%s", p->ctx.message);
}

static void put(const fv_tensor *t, const double *values) {
    for (int64_t i = 0; i < op_count(t); i++) op_set(t, i, values[i]);
}

static void expect(const fv_tensor *t, const double *values, double tolerance) {
    for (int64_t i = 0; i < op_count(t); i++)
        if (!(fabs(op_get(t, i) - values[i]) <= tolerance))
            fail_msg("number %d is %.10g, not %.10g", (int)i, op_get(t, i), values[i]);
}
#define NUMBERS(...) ((const double[]){__VA_ARGS__})

#endif
