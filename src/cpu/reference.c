/* SPDX-License-Identifier: MIT */
/*
 * reference.c - the operators' own loops, as the last of every list.
 */
#include "cpu/cpu.h"

static void forward(const fv_pass *p) {
    const int real = fv__real(p->y[0].dtype);
    p->op->forward[real](p);
    if (!p->epilogue) return;
    if (p->added) fv__tensor_convert(p->added, &p->y[0], 0, p->y[0].shape.dim[0], true);
    if (!p->epilogue->act) return;
    fv_pass act = {.op = p->epilogue->act,
                   .options = p->epilogue->act_options,
                   .inputs = 1,
                   .outputs = 1,
                   .x = &p->y[0],
                   .y = p->y};
    act.op->forward[real](&act);
}

/* Loops by the real type of what flows back; of a loss that is its y's. */
static void backward(const fv_pass *p) {
    p->op->backward[fv__real(p->dy[0].dtype)](p);
}

const fv_impl fv__cpu_reference_forward = {
    .name = "reference", .which = FV_FORWARD, .run = forward};

const fv_impl fv__cpu_reference_backward = {
    .name = "reference", .which = FV_BACKWARD, .run = backward};
