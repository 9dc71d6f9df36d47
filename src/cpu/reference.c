/* SPDX-License-Identifier: MIT */
/*
 * reference.c - the operators' own loops, as the last of every list.
 */
#include "cpu/cpu.h"

/* Which loops: those of the reals among what comes and goes, beside which there may be integers and
   truth values. */
static int loops_of(const fv_pass *p, const fv_tensor *in, const fv_tensor *out) {
    int real = 0;
    for (int i = 0; i < p->inputs; i++) real |= fv__real(in[i].dtype);
    for (int o = 0; o < p->outputs; o++) real |= fv__real(out[o].dtype);
    return real;
}

static void forward(const fv_pass *p) {
    const int real = loops_of(p, p->x, p->y);
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

static void backward(const fv_pass *p) {
    p->op->backward[loops_of(p, p->dx, p->dy)](p);
}

const fv_impl fv__cpu_reference_forward = {
    .name = "reference", .which = FV_FORWARD, .run = forward};

const fv_impl fv__cpu_reference_backward = {
    .name = "reference", .which = FV_BACKWARD, .run = backward};
