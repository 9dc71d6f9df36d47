/* SPDX-License-Identifier: MIT */
/*
 * op_random.c - random options and shapes for every operator: gradients in double, and float
 * against double.
 */
#include "op_cases.h"
#include "op_draw.h"

#include <math.h>

#define PROBLEMS 60 /* per operator */

static int64_t elements(const fv_site *s) {
    int64_t n = 0;
    for (int i = 0; i < s->inputs; i++) n += fv__shape_count(&s->in[i]);
    for (int i = 0; i < s->params; i++) n += fv__shape_count(&s->param[i].shape);
    return n;
}

/* An index that names no place gives NaN, which has no differences. */
static bool has_numbers(const fv_tensor *y) {
    for (int64_t i = 0; i < op_count(y); i++)
        if (isnan(op_get(y, i))) return false;
    return true;
}

/* One random problem: gradients in double, and float against double. */
static bool check_random(op_tally *t, const fv_op *op, op_draw *draw) {
    const op_sizes most = {.batch = 3, .channels = 6, .side = 5};
    char sample[OP_SAMPLE];
    op_problem p, q;
    bool ran = false;
    op_draw_sample(draw, op, &most, sample);
    if (op_read_sample(&p, op, sample) != FV_OK) return false;
    op_copy(&q, &p);
    if (fv__op_shape(&p.ctx, op, &p.site) == FV_OK && elements(&p.site) < 300) {
        ran = op_build(&p, FV_F64, 0) == FV_OK && op_build(&q, FV_F32, 0) == FV_OK;
        if (op_check(t, ran, "%s '%s': %s", op->name, sample, p.ctx.message)) {
            op_forward(&p);
            op_forward(&q);
            double e = op_distance(&p.y[0], &q.y[0]);
            op_check(t, e <= 1e-5, "%s '%s': float y is off by %.2e", op->name, sample, e);
            if (op->backward[1] && has_numbers(&p.y[0])) op_check_gradient(t, &p);
        }
    }
    op_release(&p);
    op_release(&q);
    return ran;
}

void op_cases_random(op_tally *t) {
    op_draw draw = {9, 0};
    for (int i = 0; fv__ops[i] != NULL; i++) {
        int ran = 0;
        for (int tries = 0; ran < PROBLEMS && tries < 20 * PROBLEMS; tries++)
            ran += check_random(t, fv__ops[i], &draw);
        op_check(t, ran >= PROBLEMS / 3, "%s: only %d random problems were possible",
                 fv__ops[i]->name, ran);
    }
}
