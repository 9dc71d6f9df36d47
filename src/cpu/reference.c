/* SPDX-License-Identifier: MIT */
/*
 * The reference: the operator's own loops, as the last of every list.
 */
#include "cpu/cpu.h"

static void forward(const fv_pass *p) {
    const int real = fv__real(p->y.dtype);
    p->op->forward[real](p);
    if (!p->then) return;
    fv_pass then = *p->then;
    then.x = &p->y;
    then.y = p->y;
    then.op->forward[real](&then);
}

static void backward(const fv_pass *p) {
    p->op->backward[fv__real(p->dy.dtype)](p);
}

/* What needs neither parameters nor anything kept: a pure function of each number. */
static bool fuses(const fv_op *activation) {
    return (activation->traits & FV_POINTWISE) && activation->inputs_max == 1;
}

const fv_impl fv__cpu_reference_forward = {
    .name = "reference", .run = forward, .layout = FV_PLAIN, .fuses = fuses};

const fv_impl fv__cpu_reference_backward = {
    .name = "reference", .run = backward, .layout = FV_PLAIN};
